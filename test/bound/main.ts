import { expect } from "chai";

import { DEFAULT_SUBJECT } from "../../scripts/bound/parameters.ts";
import { boundReport } from "../../scripts/bound/report.ts";
import { useKeel } from "../contracts/utils/useKeel.ts";
import { Command } from "../e2e/support/command.ts";
import { subjectOf } from "../invariants/support/chain.ts";

const MAIN = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning", "scripts/bound/main.ts"];
const bound = (...flags: string[]) => new Command(process.execPath, [...MAIN, ...flags]).ended();

describe("npm run bound", () => {
  const keel = useKeel();

  it("assumes what is deployed", async () => {
    const { parameters, pillars } = await subjectOf(keel());
    expect(parameters.anchor).to.deep.equal(DEFAULT_SUBJECT.parameters.anchor);
    expect(parameters.priceBox).to.equal(DEFAULT_SUBJECT.parameters.priceBox);
    expect(parameters.budgets).to.deep.equal(DEFAULT_SUBJECT.parameters.budgets);
    expect(pillars).to.deep.equal(DEFAULT_SUBJECT.pillars);
    for (const [name, value] of Object.entries(DEFAULT_SUBJECT.parameters.limits)) {
      if (name === "cooldown") continue;
      expect(parameters.limits, name).to.have.property(name, value);
    }
  });

  it("prints JSON of the defaults", async function () {
    this.timeout(30_000);
    const { code, stdout } = await bound("--json");
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal(boundReport(DEFAULT_SUBJECT));
  });

  it("has help with an example, and refuses in one line", async function () {
    this.timeout(30_000);
    expect((await bound("--help")).stdout).to.contain("npm run bound -- --deployment");
    const { code, stderr } = await bound("--rpc", "nonsense");
    expect(code).to.equal(2);
    expect(stderr.trim().split("\n")).to.have.length(1);
    const missing = await bound("--deployment", "nowhere.json");
    expect(missing.code).to.equal(1);
    expect(missing.stderr).to.contain("nowhere.json");
  });
});
