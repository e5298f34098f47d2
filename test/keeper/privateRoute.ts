import { expect } from "chai";
import { network } from "hardhat";
import { keccak256, type Hash, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { createChainClient } from "../../keeper/chain/client.ts";
import { Secret } from "../../keeper/config/secret.ts";
import { broadcast } from "../../keeper/execution/broadcast.ts";
import {
  createPrivateRoute,
  type PrivateMethod,
  type PrivateRouteOptions,
} from "../../keeper/execution/privateRoute.ts";
import { silentLog, type Log } from "../../keeper/log/logger.ts";
import { startJsonServer, type Answer, type JsonServer } from "./utils/jsonServer.ts";

const ACCOUNT = privateKeyToAccount(`0x${"11".repeat(32)}`);
const TOKEN = "token-of-the-operator";

/** A relay with builders behind it, told by each test how to behave. */
class Relay {
  readonly asked: { method: string; params: readonly unknown[] }[] = [];
  readonly statuses = new Map<string, string>();
  /** Instead of taking what it is sent. */
  instead: ((id: unknown) => Promise<Answer> | Answer) | null = null;
  statusInstead: ((hash: string) => Promise<Answer> | Answer) | null = null;
  /** Whether what it took is lost. */
  loses = false;

  answer(body: unknown, path: string): Promise<Answer> | Answer {
    if (body === null) return this.#status(path.split("/").at(-1)!);
    const { id, method, params } = body as { id: unknown; method: string; params: readonly unknown[] };
    this.asked.push({ method, params });
    if (this.instead !== null) return this.instead(id);
    const [first] = params as [Hex | { tx: Hex }];
    const hash = keccak256(typeof first === "string" ? first : first.tx);
    if (!this.loses) this.statuses.set(hash, "PENDING");
    return { json: { jsonrpc: "2.0", id, result: hash } };
  }

  #status(hash: string): Promise<Answer> | Answer {
    if (this.statusInstead !== null) return this.statusInstead(hash);
    return { json: { status: this.statuses.get(hash) ?? "UNKNOWN", hash, maxBlockNumber: 5 } };
  }
}

describe("a private route", () => {
  let relay: Relay;
  let server: JsonServer;
  let raw: Hex;
  let hash: Hash;

  before(async () => {
    raw = await ACCOUNT.signTransaction({
      ...({ type: "eip1559", chainId: 1, nonce: 0, to: ACCOUNT.address } as const),
      ...{ gas: 21_000n, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n },
    });
    hash = keccak256(raw);
  });
  beforeEach(async () => {
    relay = new Relay();
    server = await startJsonServer((body, request) => relay.answer(body, request.url ?? ""));
  });
  afterEach(async () => {
    await server.close();
  });

  const open = (method: PrivateMethod = "eth_sendRawTransaction", more: Partial<PrivateRouteOptions> = {}) =>
    createPrivateRoute({
      ...{
        url: new Secret(`${server.url}/${TOKEN}`),
        method,
        publicAfter: 25,
        log: silentLog,
        timeout: 2_000,
      },
      statusUrl: new Secret(`${server.url}/${TOKEN}/tx/{hash}`),
      ...more,
    });

  for (const [method, params] of [
    ["eth_sendRawTransaction", (bytes: Hex) => [bytes]],
    ["eth_sendPrivateRawTransaction", (bytes: Hex) => [bytes]],
    ["eth_sendPrivateTransaction", (bytes: Hex) => [{ tx: bytes, maxBlockNumber: "0x10" }]],
  ] as const) {
    it(`hands over the bytes as ${method} takes them`, async () => {
      const route = open(method);
      expect(await route.send(raw, 16n)).to.deep.equal({ kind: "known", text: "accepted" });
      expect(relay.asked).to.deep.equal([{ method, params: params(raw) }]);
      expect(route.publicAfter).to.equal(25);
    });
  }

  it("names no last block where none is wanted", async () => {
    await open("eth_sendPrivateTransaction").send(raw);
    expect(relay.asked[0]?.params).to.deep.equal([{ tx: raw }]);
  });

  it("follows what it took: pending, and included at last", async () => {
    const route = open();
    expect(await route.status(hash)).to.equal("unknown");
    await route.send(raw);
    expect(await route.status(hash)).to.equal("pending");
    relay.statuses.set(hash, "INCLUDED");
    expect(await route.status(hash)).to.equal("included");
  });

  it("tells when the relay has given up", async () => {
    for (const word of ["FAILED", "CANCELLED"]) {
      relay.statuses.set(hash, word);
      expect(await open().status(hash)).to.equal("failed");
    }
  });

  it("does not know of what the relay took and lost", async () => {
    relay.loses = true;
    const route = open();
    expect((await route.send(raw)).kind).to.equal("known");
    expect(await route.status(hash)).to.equal("unknown");
  });

  it("mines once what the relay includes late, after the same bytes went public", async () => {
    const { provider } = await network.create("localMainnet");
    const client = createChainClient({ provider: provider as never });
    await provider.request({ method: "hardhat_setBalance", params: [ACCOUNT.address, "0xde0b6b3a7640000"] });
    const fees = { gas: 21_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n };
    const bytes = await ACCOUNT.signTransaction({
      ...({ type: "eip1559", chainId: 31337, nonce: 0, to: ACCOUNT.address } as const),
      ...fees,
    });
    const route = open();
    expect((await route.send(bytes)).kind).to.equal("known");
    expect(await route.status(keccak256(bytes))).to.equal("pending");
    expect((await broadcast(client, bytes)).kind).to.equal("known");
    // The relay's builder comes too late with the same bytes.
    expect((await broadcast(client, bytes)).kind).to.equal("nonce");
    relay.statuses.set(keccak256(bytes), "INCLUDED");
    expect(await route.status(keccak256(bytes))).to.equal("included");
    expect(await client.getTransactionCount({ address: ACCOUNT.address })).to.equal(1);
    expect((await client.getTransactionReceipt({ hash: keccak256(bytes) })).status).to.equal("success");
  });

  it("reads a refusal as a node's", async () => {
    for (const [message, kind] of [
      ["already known", "known"],
      ["nonce too low", "nonce"],
      ["insufficient funds for gas * price + value", "funds"],
      ["transaction underpriced", "underpriced"],
      ["invalid sender", "permanent"],
      ["tx fee too low to be profitable", "unknown"],
      ["rate limit exceeded", "unknown"],
    ] as const) {
      relay.instead = (id) => ({ json: { jsonrpc: "2.0", id, error: { code: -32000, message } } });
      expect(await open().send(raw)).to.deep.equal({ kind, text: message });
    }
  });

  it("takes nothing certain from nonsense, from silence, or from nobody", async () => {
    const nonsense: readonly ((id: unknown) => Answer)[] = [
      ...[null, true, "0x", keccak256("0x02"), { hash }].map((result) => (id: unknown) => ({
        json: { jsonrpc: "2.0", id, result },
      })),
      () => ({ json: { jsonrpc: "2.0", id: "another", result: hash } }),
      () => ({ json: "already known" }),
      () => ({ json: { error: "already known" } }),
      () => ({ text: "already known" }),
      () => ({ status: 502, text: "<html>nonce too low</html>" }),
      () => "hang up",
    ];
    for (const answer of nonsense) {
      relay.instead = answer;
      expect((await open().send(raw)).kind).to.equal("unknown");
    }
    relay.instead = () => new Promise(() => undefined);
    const late = await open("eth_sendRawTransaction", { timeout: 50 }).send(raw);
    expect(late).to.deep.equal({ kind: "unknown", text: "The relay gave no answer in 50 ms." });
    await server.close();
    expect((await open().send(raw)).text).to.equal("The relay cannot be reached (ECONNREFUSED).");
    expect(await open().status(hash)).to.equal("unknown");
  });

  it("takes no status from nonsense, nor another transaction's for this one's", async () => {
    const other = keccak256("0x02");
    for (const answer of [
      { json: { status: "FAILED", hash: other } },
      { json: { status: "failed" } },
      { json: { status: 5 } },
      { json: null },
      { json: "FAILED" },
      { text: "FAILED" },
      { status: 404, json: { status: "FAILED" } },
      { status: 500, text: "" },
      "hang up",
    ] satisfies Answer[]) {
      relay.statusInstead = () => answer;
      expect(await open().status(hash)).to.equal("unknown");
    }
    relay.statusInstead = () => ({ json: { status: "FAILED" } });
    expect(await open().status(hash)).to.equal("failed");
    relay.statusInstead = () => new Promise(() => undefined);
    expect(await open("eth_sendRawTransaction", { timeout: 50 }).status(hash)).to.equal("unknown");
  });

  it("knows no status where the relay has no page for it, and does not ask", async () => {
    let asked = 0;
    relay.statusInstead = () => {
      asked += 1;
      return { json: { status: "FAILED" } };
    };
    const method = "eth_sendRawTransaction";
    const without = { url: new Secret(server.url), method, publicAfter: 5, log: silentLog } as const;
    expect(await createPrivateRoute(without).status(hash)).to.equal("unknown");
    expect(asked).to.equal(0);
  });

  it("logs a refusal without the relay's secrets", async () => {
    const lines: string[] = [];
    const write = (fields: unknown, message?: string) => lines.push(JSON.stringify([fields, message]));
    const log = { debug: write, info: write, warn: write, error: write } as unknown as Log;
    relay.instead = (id) => ({
      json: { jsonrpc: "2.0", id, error: { code: -32000, message: `Cannot POST /${TOKEN}` } },
    });
    const { text } = await open("eth_sendRawTransaction", { log }).send(raw);
    expect(text).to.not.include(TOKEN);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include(hash).and.to.include("did not take").and.to.not.include(TOKEN);
  });
});
