import { expect } from "chai";

import { parseReport, uncoveredLines } from "../../scripts/coverage/report.ts";

const TABLE = `
║ File Path              │ Line % │ Statement % │ Uncovered Lines ║
╟────────────────────────┼────────┼─────────────┼─────────────────╢
║ contracts/Vault.sol    │ 97.50  │ 98.25       │ 12, 40-41       ║
║ contracts/types/A.sol  │ 100.00 │ 100.00      │ -               ║
║ \u001b[33mTotal\u001b[39m                  │ 98.00  │ 99.00       │                 ║
`;

const TRACEFILE = `TN:
SF:contracts/Vault.sol
DA:13,1
DA:40,0
DA:12,0
LH:1
LF:3
end_of_record
SF:contracts/types/A.sol
DA:1,10
end_of_record
`;

describe("coverage", () => {
  it("reads the figures of Hardhat's table", () => {
    expect(parseReport(TABLE)).to.deep.equal({
      files: [
        { name: "contracts/Vault.sol", lines: 97.5, statements: 98.25 },
        { name: "contracts/types/A.sol", lines: 100, statements: 100 },
      ],
      total: { name: "Total", lines: 98, statements: 99 },
    });
    expect(() => parseReport("No tests found")).to.throw("no coverage report");
  });

  it("names the lines no test reached", () => {
    expect(uncoveredLines(TRACEFILE)).to.deep.equal(["contracts/Vault.sol:12", "contracts/Vault.sol:40"]);
  });
});
