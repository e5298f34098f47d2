import { expect } from "chai";
import { createHash } from "node:crypto";

import { report } from "../../../keeper/report/report.ts";
import { dataOf } from "../utils/reportPage.ts";
import { backtestFile } from "../utils/resultFiles.ts";

const EVIL = `</script><img src=x onerror="pwned=1"><!--"'&`;

describe("A report's safety", () => {
  it("takes whatever the JSON says for text", () => {
    const file = backtestFile({ labels: [EVIL, "time"], trades: 3 });
    const page = report(
      "evil.json",
      JSON.stringify({
        ...file,
        made: { ...file.made, source: EVIL, book: EVIL, costs: { ...file.made.costs, gas: EVIL } },
        runs: file.runs.map((run) => ({
          ...run,
          strategy: { name: EVIL, params: { [EVIL]: run.path } },
          trades: run.trades.map((trade) => ({ ...trade, reason: EVIL })),
        })),
      }),
    );
    expect(page).to.not.match(/<img/i);
    expect(page).to.not.include("<!--");
    expect(page.match(/<script/g)).to.have.length(4);
    expect(page.match(/<\/script>/g)).to.have.length(4);
    expect(page).to.include(`data-label="&lt;/script&gt;&lt;img src=x onerror=&quot;pwned=1&quot;&gt;`);
    expect(dataOf(page).strategies).to.deep.equal([EVIL, "time"]);
  });

  it("loads nothing, and lets no script run but its own", () => {
    const page = report("result.json", JSON.stringify(backtestFile({ labels: ["time"] })));
    const markup = page.replaceAll(/<script>[\s\S]*?<\/script>/g, "");
    expect(markup).to.not.match(/\s(src|href|style|on\w+)=|url\(|@import|https?:/i);
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page)!;
    const hashes = (tag: string) =>
      [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))].map(
        ([, text]) => `'sha256-${createHash("sha256").update(text!).digest("base64")}'`,
      );
    expect(policy).to.equal(
      `default-src 'none'; script-src ${hashes("script").join(" ")}; style-src ${hashes("style").join(" ")}; ` +
        "base-uri 'none'; form-action 'none'",
    );
    expect(page).to.include("The MIT License (MIT)");
  });
});
