import { expect } from "chai";
import type { Hash } from "viem";

import { Secret } from "../../../keeper/config/secret.ts";
import type { FleetStatus } from "../../../keeper/fleet/status.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { createMetrics } from "../../../keeper/server/metrics.ts";
import type { RecordQuery } from "../../../keeper/server/query.ts";
import { startServer, type RunningServer, type ServerOptions } from "../../../keeper/server/server.ts";
import type { StoredDecision } from "../../../keeper/store/journal.ts";
import type { ExecutionTable } from "../../../keeper/store/schema.ts";
import { fleet, vault, withChain, withLane, withVault } from "../utils/fleetStatus.ts";

const HASH: Hash = `0x${"ab".repeat(32)}`;
const TOKEN = "token-of-the-operator";

const decision = {
  id: 9_007_199_254_740_993n,
  decision: { action: "hold", band: { b: Infinity } },
} as unknown as StoredDecision;
const execution = { id: 1n, status: "sent", hash: HASH, raw: "0x02f8" } as unknown as ExecutionTable;

describe("status server", () => {
  let status: FleetStatus;
  let asked: RecordQuery[];
  let server: RunningServer | undefined;

  beforeEach(() => {
    status = fleet;
    asked = [];
  });
  afterEach(() => server?.close());

  async function start(changes: Partial<ServerOptions> = {}): Promise<RunningServer> {
    const options = {
      port: 0,
      status: () => status,
      decisions: (query: RecordQuery) => (asked.push(query), Promise.resolve([decision])),
      executions: (query: RecordQuery) => (asked.push(query), Promise.resolve([execution])),
      metrics: createMetrics({ status: () => status }),
      log: silentLog,
      loopDelay: () => 0,
    };
    return (server = await startServer({ ...options, ...changes }));
  }
  async function get(path: string, init?: RequestInit) {
    const response = await fetch(`${server!.url}${path}`, init);
    const text = await response.text();
    return { code: response.status, text, headers: response.headers };
  }
  const reasons = async (path: string) => {
    const { code, text } = await get(path);
    return { code, reasons: (JSON.parse(text) as { reasons: string[] }).reasons };
  };

  it("is healthy and ready while nothing is wrong, and listens on this machine only", async () => {
    const { url } = await start();
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await reasons("/health")).to.deep.equal({ code: 200, reasons: [] });
    expect(await reasons("/ready")).to.deep.equal({ code: 200, reasons: [] });
  });

  const ills: [string, FleetStatus, RegExp][] = [
    ["a chain shows no head for three intervals", withChain({ headAge: 36.1 }), /^Chain 1 .* 36\.1 s/],
    [
      "a fast chain shows no head for three intervals",
      withChain({ headAge: 1, headInterval: 0.04 }),
      /^Chain 1 .* 1 s, where one is due every 0\.04 s\.$/,
    ],
    ["a vault fails five cycles in a row", withVault({ failures: 5 }), /^The vault eth-weekly .* 5 cycles/],
    [
      "the database is gone",
      { ...fleet, database: { reachable: false, lastError: null } },
      /^The database cannot/,
    ],
  ];
  for (const [what, ill, reason] of ills) {
    it(`is unhealthy where ${what}`, async () => {
      await start();
      status = ill;
      const answer = await reasons("/health");
      expect(answer.code).to.equal(503);
      expect(answer.reasons).to.have.length(1);
      expect(answer.reasons[0]).to.match(reason);
    });
  }

  it("is not unhealthy one step before", async () => {
    await start();
    status = { ...withVault({ failures: 4 }), chains: withChain({ headAge: 36 }).chains };
    expect((await reasons("/health")).code).to.equal(200);
  });

  it("is unhealthy while the event loop stands still", async () => {
    let delay = 4;
    await start({ loopDelay: () => delay });
    expect((await reasons("/health")).code).to.equal(200);
    delay = 6;
    expect((await reasons("/health")).reasons).to.deep.equal(["The event loop stood still for 6 s."]);
  });

  it("is ready when reconciled, or on standby, and not before a vault has started or a head was seen", async () => {
    await start();
    status = withLane({ reconciled: false });
    expect(await reasons("/ready")).to.have.property("code", 503);
    status = withLane({ reconciled: false, lease: "standby" });
    expect(await reasons("/ready")).to.have.property("code", 200);
    status = { ...fleet, vaults: [] };
    expect((await reasons("/ready")).reasons).to.deep.equal(["No vault has started."]);
    status = withChain({ head: null });
    expect((await reasons("/ready")).code).to.equal(503);
  });

  it("shows the status with bigints as decimal strings", async () => {
    await start();
    const shown = JSON.parse((await get("/status")).text) as typeof fleet;
    expect(shown.lanes[0]!.balance).to.equal("2000000000000000000");
    expect(shown.vaults[0]!.lastDecision!.block).to.equal("19000000");
    expect(shown.vaults[0]!.gains).to.deep.equal(vault.gains);
  });

  it("shows no secret, whoever repeats it", async () => {
    await start({ secrets: [new Secret(TOKEN)], status: () => withVault({ lastError: `403 at /${TOKEN}` }) });
    const { text } = await get("/status");
    expect(text).to.include("403 at /[secret]").and.not.include(TOKEN);
  });

  it("passes on which records are wanted", async () => {
    await start();
    const { text } = await get("/decisions");
    expect(text).to.include('"id":"9007199254740993"').and.include('"b":"Infinity"');
    await get("/decisions?vault=eth-weekly&limit=2");
    await get(`/executions?vault=${vault.vault.toLowerCase()}`);
    expect(asked).to.deep.equal([
      { limit: 50 },
      { limit: 2, vault: vault.vault, chainId: 1 },
      { limit: 50, vault: vault.vault },
    ]);
  });

  it("keeps the bytes of transactions to itself", async () => {
    await start();
    const { text } = await get("/executions");
    expect(text).to.include(HASH).and.not.include("0x02f8").and.not.include("raw");
  });

  for (const [query, problem] of [
    ["limit=0", "limit: must be a whole number from 1 to 1000"],
    ["limit=1001", "limit: must be a whole number from 1 to 1000"],
    ["limit=1e2", "limit: must be a whole number from 1 to 1000"],
    ["vault=nobody", "vault: is neither an address nor a vault of this fleet"],
    ["limt=1", "limt: unknown; vault and limit are known"],
    ["limit=1&limit=2", "limit: given more than once"],
  ] as const) {
    it(`refuses ?${query} in one line`, async () => {
      await start();
      for (const path of ["decisions", "executions"]) {
        const { code, text } = await get(`/${path}?${query}`);
        expect({ code, body: JSON.parse(text) as unknown }).to.deep.equal({
          code: 400,
          body: { error: problem },
        });
      }
      expect(asked).to.deep.equal([]);
    });
  }

  it("answers in JSON what it does not have, what it does not do, and what went wrong", async () => {
    await start({ decisions: () => Promise.reject(new Error(`no answer from db://${TOKEN}`)) });
    expect(await get("/stop")).to.deep.include({ code: 404, text: '{"error":"There is no such page."}' });
    expect(await get("/status", { method: "POST" })).to.deep.include({ code: 405 });
    const { code, text } = await get("/decisions");
    expect({ code, text }).to.deep.equal({
      code: 500,
      text: '{"error":"It could not be answered; the log says why."}',
    });
  });

  it("lets pages of any origin read, and no more", async () => {
    await start();
    const { headers } = await get("/status", { method: "OPTIONS", headers: { origin: "http://board" } });
    expect(headers.get("access-control-allow-origin")).to.equal("*");
    expect(headers.get("access-control-allow-methods")).to.equal("GET");
  });

  it("says why it cannot listen", async () => {
    const { url } = await start();
    const first = server;
    const taken = await start({ port: Number(new URL(url).port) }).catch((error: unknown) => error);
    server = first;
    expect(taken).to.be.an("error").with.property("code", "EADDRINUSE");
  });

  it("gives its port back when closed, a request without an answer notwithstanding", async () => {
    let arrived: () => void;
    const waits = new Promise<void>((resolve) => (arrived = resolve));
    const { url, close } = await start({ decisions: () => (arrived(), new Promise(() => undefined)) });
    const dropped = get("/decisions").catch(() => "dropped");
    await waits;
    await close();
    expect(await dropped).to.equal("dropped");
    server = undefined;
    const refused = await fetch(url).then(
      () => false,
      () => true,
    );
    expect(refused).to.equal(true);
  });

  it("measures the event loop by itself", async () => {
    await start({ loopDelay: undefined as never });
    expect((await reasons("/health")).code).to.equal(200);
  });
});
