import { expect } from "chai";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
/** Node's own options, as `npm run keeper` has them. */
const START = "--experimental-strip-types --disable-warning=ExperimentalWarning keeper/main.ts";

/** What a source imports, types apart: those are gone when it runs. */
function importsOf(source: string): string[] {
  const imports = source.matchAll(
    /^(?:import|export)(?! type)[^;]*?from "([^"]+)";|\bimport\("([^"]+)"\)|^import "([^"]+)";/gm,
  );
  return [...imports].map(([, one, other, third]) => (one ?? other ?? third)!);
}

describe("what runs the keeper on a server", () => {
  const sources = globSync("keeper/**/*.ts", { cwd: ROOT });
  const { dependencies, scripts } = JSON.parse(read("package.json")) as Record<
    string,
    Record<string, string>
  >;

  it("starts it as npm does", () => {
    expect(scripts!["keeper"]).to.equal(`node ${START}`);
    expect(read("deploy/keel-keeper.service")).to.match(
      new RegExp(`^ExecStart=/usr/bin/node ${START} run --config `, "m"),
    );
    const entry = /^ENTRYPOINT (.*)$/m.exec(read("deploy/Dockerfile"))![1]!;
    expect(JSON.parse(entry)).to.deep.equal(["node", ...START.split(" ")]);
  });

  it("finds every package it needs among those of production", () => {
    expect(sources.length).to.be.greaterThan(100);
    const packages = sources.flatMap((path) =>
      importsOf(read(path))
        .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
        .map((name) =>
          name
            .split("/")
            .slice(0, name.startsWith("@") ? 2 : 1)
            .join("/"),
        ),
    );
    // The compiled contracts are asked for by `greeks --onchain` alone, of a development chain.
    const needed = new Set(packages.filter((name) => name !== "hardhat"));
    expect(needed.size).to.be.greaterThan(10);
    expect(Object.keys(dependencies!)).to.include.members([...needed]);
  });

  it("has every file it needs in the container", () => {
    const outside = sources.flatMap((path) =>
      importsOf(read(path))
        .filter((name) => name.startsWith("."))
        .map((name) => relative(ROOT, resolve(ROOT, path, "..", name)))
        .filter((file) => !file.startsWith("keeper/")),
    );
    expect(outside).to.deep.equal([]);
    const copied = [...read("deploy/Dockerfile").matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
      ([, files]) => files!.split(" "),
    );
    const ignore = read(".dockerignore").split("\n");
    expect(copied).to.include.members(["keeper", "deployments", "package.json", "package-lock.json"]);
    for (const file of copied) {
      expect(existsSync(join(ROOT, file)), file).to.equal(true);
      expect(ignore).to.include(`!${file}`);
    }
    expect(ignore).to.include("*");
  });

  it("is no root in the container, is asked for its health there, and keeps its store", () => {
    const file = read("deploy/Dockerfile");
    const last = file.slice(file.lastIndexOf("\nFROM "));
    expect([...last.matchAll(/^USER (.*)$/gm)].map(([, user]) => user)).to.deep.equal(["node"]);
    expect(last).to.match(/HEALTHCHECK [^]*\/health`/);
    const store = /KEEL_STORE_DIR=(\S+)/.exec(last)![1]!;
    expect(last).to.match(new RegExp(`^VOLUME ${store}$`, "m"));
    expect(last).to.contain(`chown node:node ${store}`);
  });

  it("is started again by systemd whatever happens, but for bad settings, and shut in", () => {
    const unit = read("deploy/keel-keeper.service");
    const settings = new Map(
      [...unit.matchAll(/^([A-Z]\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!] as const),
    );
    for (const [key, value] of Object.entries({
      Restart: "always",
      StartLimitIntervalSec: "0",
      RestartPreventExitStatus: "2",
      StateDirectory: "keel",
      NoNewPrivileges: "true",
      ProtectSystem: "strict",
      CapabilityBoundingSet: "",
      LimitCORE: "0",
    }))
      expect(settings.get(key), key).to.equal(value);
    expect(settings.get("EnvironmentFile")).to.match(/^\/etc\/keel\//);
    expect(unit).to.contain(`KEEL_STORE_DIR=/var/lib/${settings.get("StateDirectory")!}`);
    // V8 makes code while it runs, and so does the embedded database.
    expect(settings.has("MemoryDenyWriteExecute")).to.equal(false);
  });
});
