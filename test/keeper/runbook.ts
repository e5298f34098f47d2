import { expect } from "chai";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { SEVERITY } from "../../keeper/alerts/rules.ts";
import { vaultAbi } from "../../keeper/chain/abi.ts";
import { chainSchema, processSchema, strategySchema, vaultSchema } from "../../keeper/config/schema.ts";
import { LIFETIME } from "../../keeper/execution/rebalanceCall.ts";
import { ASSUMED_GAS } from "../../keeper/market/rebalanceCost.ts";
import { createMetrics } from "../../keeper/server/metrics.ts";
import { FAILED_CYCLES, LONGEST_STALL, MISSED_HEADS } from "../../keeper/server/health.ts";
import { ROLES } from "../../deployments/modules/Keel.ts";
import { fleet } from "./utils/fleetStatus.ts";
import { runCli } from "./utils/runCli.ts";
import { settingsOf, type Setting } from "./utils/settingsOf.ts";

const ROOT = join(import.meta.dirname, "../..");
const text = readFileSync(join(ROOT, "docs/runbook.md"), "utf8");
const flat = text.replaceAll(/\s+/g, " ");

/** What is between a heading and the next of its level or above. */
function section(heading: string): string {
  const level = /^#+/.exec(heading)![0].length;
  const start = text.indexOf(`\n${heading}\n`);
  expect(start, heading).to.be.greaterThan(0);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${String(level)}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The rows of a section's first table, without their first cell's back quotes. */
function rows(heading: string): string[][] {
  return section(heading)
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map(([, name, ...cells]) => [name!.replaceAll("`", ""), ...cells]);
}

describe("the runbook", function () {
  this.timeout(30_000);

  it("has one section for each alert, with its severity and something to read", () => {
    const headings = [...section("## Alerts").matchAll(/^### `([a-z-]+)` \((\w+)\)$/gm)];
    expect(Object.fromEntries(headings.map(([, name, severity]) => [name, severity]))).to.deep.equal(
      SEVERITY,
    );
    expect(headings).to.have.length(Object.keys(SEVERITY).length);
    for (const [heading] of headings) expect(section(heading).trim().length, heading).to.be.greaterThan(80);
  });

  it("says of each metric what it is for", async () => {
    const shown = await createMetrics({ status: () => fleet }).text();
    const names = [...shown.matchAll(/^# HELP (keel_\w+)/gm)].map(([, name]) => name!);
    expect(names.length).to.be.greaterThan(40);
    expect(rows("## Metrics").map(([name]) => name)).to.have.members(names);
    for (const [name, purpose] of rows("## Metrics")) expect(purpose, name).to.match(/\w{3}/);
  });

  for (const [heading, schema] of [
    ["### Of a chain", chainSchema],
    ["### Of a vault", vaultSchema],
    ["### Of the process", processSchema],
  ] as const) {
    it(`lists each setting ${heading.slice(4).toLowerCase()} with its default`, () => {
      const described = ({ key, value }: Setting) =>
        `${key}: ${value === null ? "required" : value === undefined ? "none" : `\`${value}\``}`;
      const listed = rows(heading).map(([key, , value]) => `${key!}: ${value!}`);
      expect(listed).to.have.members(settingsOf(schema).map(described));
      for (const [key, , , meaning] of rows(heading)) expect(meaning, key).to.match(/\w{3}/);
    });
  }

  it("names each strategy with its parameters", () => {
    const described = new Map(rows("### Strategies").map(([name, params]) => [name!, params!]));
    expect([...described.keys()]).to.have.members(
      strategySchema.options.map(({ shape }) => shape.name.value),
    );
    for (const { shape } of strategySchema.options) {
      const inner = "unwrap" in shape.params ? shape.params.unwrap() : shape.params;
      for (const param of Object.keys(inner.shape))
        expect(described.get(shape.name.value)).to.contain(`params.${param}`);
    }
  });

  it("lists each environment variable that the settings know", () => {
    const source = readFileSync(join(ROOT, "keeper/config/load.ts"), "utf8");
    const known = [...source.matchAll(/"(KEEL_\w+[A-Z])"/g)].map(([, name]) => name!);
    expect(rows("## Environment").map(([name]) => name)).to.have.members([...new Set(known), "DATABASE_URL"]);
  });

  it("takes its numbers from the code", () => {
    expect(flat).to.contain(`else at ${String(ASSUMED_GAS)} gas`);
    expect(flat).to.contain(`or ${String(LIFETIME)} s, after which the vault refuses what was signed`);
    expect(flat).to.contain(`without a head for ${String(MISSED_HEADS)} times its interval`);
    expect(flat).to.contain(`failed its last ${String(FAILED_CYCLES)} cycles`);
    expect(flat).to.contain(`have all failed, ${String(FAILED_CYCLES)} or more`);
    expect(flat).to.contain(`stood still for more than ${String(LONGEST_STALL)} s`);
    expect(flat).to.contain(`the role KEEPER (${String(ROLES.KEEPER)})`);
  });

  it("quotes only errors and log lines that there are", () => {
    const errors = new Set(
      vaultAbi.filter(({ type }) => type === "error").map((item) => (item as { name: string }).name),
    );
    const quoted = [...section("### `missed-rebalance` (critical)").matchAll(/`([A-Z][A-Za-z]+)`/g)];
    expect(quoted.length).to.be.greaterThan(5);
    for (const [, name] of quoted) expect(errors, name).to.include(name);
    const sources = globSync("keeper/**/*.ts", { cwd: ROOT }).map((path) =>
      readFileSync(join(ROOT, path), "utf8"),
    );
    for (const [, sentence] of flat.matchAll(/`([A-Z][a-z]*(?: [a-z]+)+)(?: …|\.|`)/g))
      expect(
        sources.some((source) => source.includes(sentence!)),
        sentence,
      ).to.equal(true);
  });

  it("gives only commands and flags that there are", async () => {
    const given = [
      ...text.matchAll(/(?:npm run (?:--silent )?keeper --|keeper\/main\.ts) ([a-z]+)([^`\n#]*)/g),
    ];
    expect(given.length).to.be.greaterThan(20);
    for (const command of new Set(given.map(([, name]) => name!))) {
      const { code, stdout } = await runCli([command, "--help"]);
      expect(code, command).to.equal(0);
      // `keystore import FILE`: the help of the command names what is under it.
      const flags = given
        .filter(([, name]) => name === command)
        .flatMap(([, , rest]) => rest!.match(/--[a-z-]+/g) ?? []);
      for (const flag of new Set(flags)) expect(stdout, `${command} ${flag}`).to.contain(flag);
    }
  });

  it("links only to what is there", () => {
    const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-"),
    );
    const links = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor!);
    expect(links.length).to.be.greaterThan(10);
    expect(anchors).to.include.members(links);
    for (const [, path] of flat.matchAll(/`((?:docs|deploy)\/[\w./-]+)`/g))
      expect(existsSync(join(ROOT, path!)), path).to.equal(true);
  });
});
