import { expect } from "chai";

import { report } from "../../../keeper/report/report.ts";
import { Browser } from "../../support/browser.ts";
import { backtestFile } from "../utils/resultFiles.ts";
import { scratch } from "../utils/scratch.ts";

const EVIL = `</script><img src=x onerror="pwned=1">`;
const LABELS = [
  "optimal-impulse",
  EVIL,
  ...Array.from({ length: 9 }, (_, index) => `time:seconds=${String(index)}`),
];

/** Colours of a chart's pixels, how many there are of each drawn on top of nothing. */
const PAINTED = `[...document.querySelectorAll("canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let index = 3; index < data.length; index += 4) if (data[index] > 0) painted += 1;
  return painted;
})`;

describe("A report in a browser", function () {
  this.timeout(60_000);
  const files = scratch();
  let browser: Browser | null = null;
  before(async function () {
    browser = await Browser.start(this);
  });
  after(async () => {
    await browser?.close();
  });
  const pageOf = (file: unknown) => files.write("page.html", report("result.json", JSON.stringify(file)));

  it("draws its charts without a complaint or a request, on a phone and on a wide screen, light and dark", async () => {
    const page = pageOf(backtestFile({ labels: LABELS, paths: 3, detailed: 2 }));
    for (const isPhone of [true, false])
      for (const isDark of [true, false]) {
        await browser!.open(page, { width: isPhone ? 360 : 1400, height: 800, isDark, isPhone });
        expect([browser!.complaints, browser!.requests]).to.deep.equal([[], []]);
        const painted = (await browser!.evaluate(PAINTED)) as number[];
        expect(painted).to.have.length(5);
        for (const pixels of painted) expect(pixels).to.be.greaterThan(2000);
        const [content, view] = (await browser!.evaluate(
          "[document.documentElement.scrollWidth, innerWidth]",
        )) as [number, number];
        expect(content).to.be.at.most(view);
        const paper = await browser!.evaluate("getComputedStyle(document.body).backgroundColor");
        expect(paper).to.equal(isDark ? "rgb(18, 22, 28)" : "rgb(255, 255, 255)");
      }
  });

  it("runs nothing that came from the JSON or that was put in later", async () => {
    await browser!.open(pageOf(backtestFile({ labels: [EVIL] })), { width: 800, height: 600 });
    expect(await browser!.evaluate("[typeof pwned, document.images.length]")).to.deep.equal(["undefined", 0]);
    expect(
      await browser!.evaluate(
        `document.querySelector(".u-legend").textContent.includes(${JSON.stringify(EVIL)})`,
      ),
    ).to.equal(true);
    await browser!.evaluate(`(() => {
      const script = document.createElement("script");
      script.textContent = "pwned = 1";
      document.body.append(script);
    })()`);
    expect(await browser!.evaluate("typeof pwned")).to.equal("undefined");
  });

  it("sorts tables, hides strategies, changes path and reads values off with the keyboard", async () => {
    const file = backtestFile({ labels: ["optimal-impulse", "time", "leland"], paths: 2, detailed: 2 });
    await browser!.open(pageOf(file), { width: 1000, height: 800 });
    const sorted = (await browser!.evaluate(`(() => {
      document.querySelectorAll("#totals thead button")[2].click();
      return [...document.querySelectorAll("#totals tbody tr")].map((row) => Number(row.cells[2].dataset.v));
    })()`)) as number[];
    expect(sorted).to.deep.equal(sorted.toSorted((a, b) => a - b));
    expect(await browser!.evaluate(`document.querySelector("#totals [aria-sort]").ariaSort`)).to.equal(
      "ascending",
    );

    await browser!.evaluate(`document.getElementById("equity").focus()`);
    await browser!.press("End");
    const legend = `document.querySelector("#equity .u-legend").textContent`;
    const lastOf = (which: number) =>
      file.runs.find(({ label, path }) => label === "time" && path === which)!.series.equity.at(-1)!;
    expect(lastOf(1)).to.not.equal(lastOf(0));
    const shown = (value: number) =>
      Number(value.toPrecision(5))
        .toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) >= 1000 ? 0 : 2 })
        .replace("-", "−");
    expect(await browser!.evaluate(legend)).to.include(`time${shown(lastOf(0))}`);

    const [before, after] = (await browser!.evaluate(`(() => {
      const equity = () => ${PAINTED}[0];
      const first = equity();
      document.querySelector("input[data-strategy]").click();
      return [first, equity()];
    })()`)) as [number, number];
    expect(before).to.not.equal(after);

    await browser!.evaluate(`(() => {
      const path = document.getElementById("path");
      path.value = "1";
      path.dispatchEvent(new Event("change"));
      document.getElementById("equity").focus();
    })()`);
    await browser!.press("End");
    expect(await browser!.evaluate(legend)).to.include(`time${shown(lastOf(1))}`);
    expect(browser!.complaints).to.deep.equal([]);
  });
});
