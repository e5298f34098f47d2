import { expect } from "chai";
import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from "node:fs";

import { checkWritable } from "../../keeper/cli/checkWritable.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { runCli } from "./utils/runCli.ts";
import { scratch } from "./utils/scratch.ts";

describe("files for what comes of the work", () => {
  const files = scratch();

  it("are looked at before it, and left as they were", () => {
    const kept = files.write("kept.json", "kept");
    for (const file of [kept, files.at("new.json"), "-", undefined]) checkWritable("--json", file);
    expect(readFileSync(kept, "utf8")).to.equal("kept");
    expect(readdirSync(files.directory)).to.deep.equal(["kept.json"]);
    expect(() => {
      checkWritable("--json", files.at("no/new.json"));
    }).to.throw(InputError, /^--json \S+ cannot be written: ENOENT$/);
  });

  it("may be where a link leads that leads nowhere yet: the link stays, and nothing is made of it", () => {
    mkdirSync(files.at("there"));
    const [near, far] = [files.at("near"), files.at("far")];
    symlinkSync("far", near);
    symlinkSync("there/new.json", far);
    checkWritable("--json", near);
    for (const link of [near, far]) expect(lstatSync(link).isSymbolicLink()).to.equal(true);
    expect(readdirSync(files.at("there"))).to.deep.equal([]);
  });

  it("are no two in one: that is refused in a line, before the work", async function () {
    this.timeout(60_000);
    const x = files.at("x");
    mkdirSync(files.at("csv"));
    const long = ["backtest", "--model", "gbm", "--days", "3650", "--paths", "1000", "--strategy", "time"];
    const totals = files.at("csv/totals.csv");
    const cases = [
      [[...long, "--json", x, "--report", `${files.directory}/./x`], "backtest: --json and --report"],
      [[...long, "--json", x, "--csv", x], "backtest: --json and --csv"],
      [[...long, "--report", `${x}.csv`, "--csv", `${x}.csv`], "backtest: --report and --csv"],
      [[...long, "--json", totals, "--csv", files.at("csv")], "backtest: --json and --csv"],
      [["benchmark", "--json", x, "--report", x], "benchmark: --json and --report"],
    ] as const;
    const answers = await Promise.all(cases.map(([args]) => runCli(args, "", { DATABASE_URL: "" })));
    for (const [index, { code, stdout, stderr }] of answers.entries()) {
      const [, said] = cases[index]!;
      expect({ code, stdout }, said).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr).to.match(new RegExp(`^${said} are both \\S+\n$`));
    }
    expect(readdirSync(files.directory)).to.deep.equal(["csv"]);
    expect(readdirSync(files.at("csv"))).to.deep.equal([]);
  });
});
