import { expect } from "chai";

import type { Greeks } from "../../keeper/math/blackScholes.ts";
import { runCli } from "./utils/runCli.ts";
import { scratch } from "./utils/scratch.ts";

interface Refusal {
  readonly error: { readonly path: string; readonly message: string };
}

const greeks = (args: readonly string[], stdin = "", env: Record<string, string> = {}) =>
  runCli(["greeks", ...args], stdin, env);

const call = { type: "call", S: 3000, strike: 3200, sigma: 0.65, tau: 0.08 };
const put = { type: "put", S: 3000, strike: 3200, sigma: 0.65, tau: 0.08, forward: 3010 };

describe("greeks command", function () {
  this.timeout(20_000);
  const { at, write } = scratch();

  it("answers one object with one object", async () => {
    const { code, stdout, stderr } = await greeks(["--json", "-"], JSON.stringify(call));
    expect([code, stderr]).to.deep.equal([0, ""]);
    const answer = JSON.parse(stdout) as Greeks;
    expect(Object.keys(answer)).to.deep.equal(["price", "delta", "gamma", "vega", "theta"]);
    expect(Math.abs(answer.price - 140.85149737079159) < 1e-10).to.equal(true);
    expect(Math.abs(answer.theta + 1329.8106325410674) < 1e-9).to.equal(true);
  });

  it("answers an array of a file in order, bad entries at their places", async () => {
    const bad: readonly (readonly [unknown, string])[] = [
      [{ ...call, type: "straddle" }, "type"],
      [{ ...call, S: 0 }, "S"],
      [{ ...call, S: "3000" }, "S"],
      [{ ...call, strike: -1 }, "strike"],
      [{ ...call, sigma: -0.1 }, "sigma"],
      [{ ...call, tau: null }, "tau"],
      [{ ...call, forward: 0 }, "forward"],
      [{ ...call, cap: 3200 }, "cap"],
      [{ ...put, cap: 3201 }, "cap"],
      [{ ...put, floor: 3000 }, "floor"],
      [{ type: "call", S: 3000, strike: 3200, tau: 0.08 }, "sigma"],
      [7, ""],
    ];
    const file = write("options.json", [call, ...bad.map(([entry]) => entry), { ...put, cap: 0 }]);
    const { code, stdout, stderr } = await greeks(["--json", file]);
    expect([code, stderr]).to.deep.equal([2, ""]);
    const answers = JSON.parse(stdout) as (Greeks | Refusal)[];
    expect(answers).to.have.length(bad.length + 2);
    expect((answers.at(0) as Greeks).price).to.be.greaterThan(140);
    expect((answers.at(-1) as Greeks).price).to.be.greaterThan(334);
    bad.forEach(([entry, path], i) => {
      const { error } = answers[i + 1] as Refusal;
      expect(error.path, JSON.stringify(entry)).to.equal(path);
      expect(error.message).to.be.a("string").that.is.not.empty;
    });
  });

  it("refuses numbers no double holds, in and out", async () => {
    const entries = `[{"type":"call","S":1e999,"strike":1,"sigma":1,"tau":1},
      {"type":"call","S":1e-300,"strike":1e-300,"sigma":1e-200,"tau":1e-100}]`;
    const { code, stdout } = await greeks(["--json", "-"], entries);
    expect(code).to.equal(2);
    expect((JSON.parse(stdout) as Refusal[]).map(({ error }) => error.path)).to.deep.equal(["S", ""]);
  });

  it("says in one line what is wrong with a file", async () => {
    const missing = await greeks(["--json", at("none.json")]);
    expect(missing).to.deep.equal({
      code: 2,
      stdout: "",
      stderr: `${at("none.json")}: no such file\n`,
    });
    for (const text of ["", "{", "[1,\n2"]) {
      const { code, stdout, stderr } = await greeks(["--json", "-"], text);
      expect([code, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(/^standard input: not JSON: [^\n]+\n$/);
    }
  });

  it("answers an empty array with one", async () => {
    const { code, stdout } = await greeks(["--json", "-"], "[]");
    expect([code, JSON.parse(stdout)]).to.deep.equal([0, []]);
  });

  it("reads a file that begins with a byte order mark, as it does standard input", async () => {
    const file = write("marked.json", `\ufeff${JSON.stringify(call)}`);
    const [named, piped] = await Promise.all([
      greeks(["--json", file]),
      greeks(["--json", "-"], `\ufeff${JSON.stringify(call)}`),
    ]);
    expect(named).to.deep.equal(piped);
    expect(named.code).to.equal(0);
  });

  it("does not repeat an endpoint that is no URL: it may hold a token", async () => {
    const env = { KEEL_RPC_URL: "rpc.example/v2/token-of-the-operator" };
    const { code, stderr } = await greeks(["--json", "-", "--onchain"], JSON.stringify(call), env);
    expect(code).to.equal(1);
    expect(stderr)
      .to.match(/^greeks --onchain: [^\n]+\n$/)
      .and.not.include("token-of-the-operator");
  });

  it("fails in one line when there is no chain to ask", async () => {
    const input = JSON.stringify(call);
    const { code, stdout, stderr } = await greeks(
      ["--json", "-", "--onchain", "--rpc", "http://127.0.0.1:9"],
      input,
    );
    expect([code, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.match(/^greeks --onchain: [^\n]+\n$/);
  });
});
