import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import {
  concat,
  fromRlp,
  keccak256,
  parseTransaction,
  serializeTransaction,
  toHex,
  toRlp,
  type Hex,
  type TransactionSerializable,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { Secret } from "../../keeper/config/secret.ts";
import { openRemoteSigner, RemoteSignerError, type RemoteSignerFailure } from "../../keeper/signer/remote.ts";
import type { Eip1559Request } from "../../keeper/signer/signer.ts";
import { startAnvil, type Anvil } from "./utils/anvil.ts";
import { startJsonServer, type Answer, type JsonServer } from "./utils/jsonServer.ts";

const ACCOUNT = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const OTHER = privateKeyToAccount(`0x${"11".repeat(32)}`);
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const TOKEN = "token-of-the-operator";

const ASKED: Eip1559Request = {
  chainId: 31337,
  nonce: 0,
  to: OTHER.address,
  value: 0n,
  data: "0x1234ABcd",
  gas: 640_000n,
  maxFeePerGas: 2_000_000_000n,
  maxPriorityFeePerGas: 0n,
};
type Fields = Omit<Eip1559Request, "to"> & {
  to?: Hex;
  accessList?: readonly { address: Hex; storageKeys: Hex[] }[];
};

const sign = (fields: Partial<Fields>, account = ACCOUNT) =>
  account.signTransaction({ ...ASKED, type: "eip1559", ...fields } as Parameters<
    typeof ACCOUNT.signTransaction
  >[0]);

async function failure(promise: Promise<unknown>): Promise<RemoteSignerError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(RemoteSignerError);
    return error as RemoteSignerError;
  }
  throw new Error("It did not fail.");
}

/** The answer once there is one: a block is mined after its transaction was taken. */
async function eventually(ask: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await ask();
    if (answer !== null) return answer;
    await sleep(20);
  }
  return null;
}

describe("a remote signer", () => {
  describe("that is a real process", () => {
    let anvil: Anvil | undefined;
    before(async function () {
      this.timeout(60_000);
      const started = await startAnvil();
      if (started === null) {
        console.log("      anvil is not installed: no real signer is asked.");
        this.skip();
      }
      anvil = started;
    });
    after(async () => {
      await anvil?.stop();
    });

    it("signs what is asked, and the chain takes it", async () => {
      const { url, request } = anvil!;
      const signer = await openRemoteSigner({ url: new Secret(url), address: ACCOUNT.address });
      for (const [nonce, value] of [0n, 7n].entries()) {
        const raw = await signer.signTransaction({
          ...ASKED,
          nonce,
          value,
          maxPriorityFeePerGas: 1_000_000_000n,
        });
        expect(await request("eth_sendRawTransaction", [raw])).to.equal(keccak256(raw));
        const receipt = await eventually(() => request("eth_getTransactionReceipt", [keccak256(raw)]));
        expect(receipt).to.include({ status: "0x1", from: ACCOUNT.address.toLowerCase() });
      }
    });

    it("is refused at start where it has not the account", async () => {
      const url = new Secret(anvil!.url);
      const error = await failure(openRemoteSigner({ url, address: OTHER.address }));
      expect(error).to.include({ kind: "wrong", isRetryable: false });
      expect(error.message).to.equal(`The remote signer does not sign for ${OTHER.address}.`);
    });

    it("can be tried again once it is gone", async () => {
      const signer = await openRemoteSigner({ url: new Secret(anvil!.url), address: ACCOUNT.address });
      await anvil!.stop();
      const error = await failure(signer.signTransaction(ASKED));
      expect(error).to.include({ kind: "unreachable", isRetryable: true });
    });
  });

  describe("that misbehaves", () => {
    let server: JsonServer;
    let answerTo: (id: unknown, params: readonly Record<string, unknown>[]) => Promise<Answer> | Answer;
    let accounts: (id: unknown) => Answer;
    let headers: (string | undefined)[];
    const result = (id: unknown, value: unknown): Answer => ({ json: { jsonrpc: "2.0", id, result: value } });
    const refuse = (id: unknown, code: number, message: string): Answer => ({
      json: { jsonrpc: "2.0", id, error: { code, message } },
    });

    before(async () => {
      server = await startJsonServer((body, request) => {
        const { id, method, params } = body as {
          id: unknown;
          method: string;
          params: readonly Record<string, unknown>[];
        };
        headers.push(request.headers.authorization);
        return method === "eth_accounts" ? accounts(id) : answerTo(id, params);
      });
    });
    beforeEach(() => {
      headers = [];
      accounts = (id) => result(id, [ACCOUNT.address.toLowerCase()]);
      answerTo = async (id) => result(id, await sign({}));
    });
    after(async () => {
      await server.close();
    });

    const open = (timeout = 5_000) =>
      openRemoteSigner({ url: new Secret(`${server.url}/${TOKEN}`), address: ACCOUNT.address, timeout });
    async function fails(answer: typeof answerTo, kind: RemoteSignerFailure, message: RegExp): Promise<void> {
      answerTo = answer;
      const error = await failure((await open()).signTransaction(ASKED));
      expect(error.message).to.match(message);
      expect(error).to.include({ kind, isRetryable: kind !== "wrong" });
    }
    const answering = (raw: Hex | Promise<Hex>) => async (id: unknown) => result(id, await raw);

    it("may answer in either shape, and is given every field", async () => {
      const asked: unknown[] = [];
      const signer = await open();
      answerTo = async (id, params) => {
        asked.push(...params);
        return result(id, { raw: await sign({}), tx: {} });
      };
      expect(await signer.signTransaction(ASKED)).to.equal(await sign({}));
      expect(asked).to.deep.equal([
        {
          from: ACCOUNT.address,
          to: OTHER.address,
          gas: "0x9c400",
          maxFeePerGas: "0x77359400",
          maxPriorityFeePerGas: "0x0",
          value: "0x0",
          nonce: "0x0",
          data: "0x1234ABcd",
          chainId: "0x7a69",
          type: "0x2",
          accessList: [],
        },
      ]);
    });

    const other: Record<string, Partial<Fields>> = {
      chain: { chainId: 1 },
      nonce: { nonce: 1 },
      recipient: { to: ACCOUNT.address },
      value: { value: 1n },
      data: { data: "0x1234" },
      "gas limit": { gas: 640_001n },
      "maximum fee": { maxFeePerGas: 2_000_000_001n },
      "priority fee": { maxPriorityFeePerGas: 1n },
      "access list": { accessList: [{ address: OTHER.address, storageKeys: [] }] },
    };
    for (const [field, fields] of Object.entries(other)) {
      it(`is caught signing another ${field}`, async () => {
        await fails(answering(sign(fields)), "wrong", new RegExp(`signed another ${field}\\.$`));
      });
    }

    it("is caught signing a creation, an older type, or nothing", async () => {
      const { chainId, nonce, data, gas, maxFeePerGas } = ASKED;
      const creation = { chainId, nonce, data, gas, maxFeePerGas } as const;
      const created = ACCOUNT.signTransaction({ ...creation, type: "eip1559" });
      await fails(answering(created), "wrong", /another recipient\.$/);
      const legacy = { chainId, nonce, data, gas, to: ASKED.to, gasPrice: maxFeePerGas } as const;
      const old = ACCOUNT.signTransaction({ ...legacy, type: "legacy" });
      await fails(answering(old), "wrong", /another type\.$/);
      await fails(
        answering(serializeTransaction({ ...ASKED, type: "eip1559" })),
        "wrong",
        /no valid signature/,
      );
    });

    it("is caught signing with another account", async () => {
      await fails(answering(sign({}, OTHER)), "wrong", /another account/);
    });

    it("is caught giving a signature that nodes refuse", async () => {
      const { r, s, yParity, ...fields } = parseTransaction(await sign({})) as TransactionSerializable & {
        r: Hex;
        s: Hex;
        yParity: number;
      };
      expect(BigInt(s) <= HALF_ORDER).to.equal(true);
      const twin = { r, s: toHex(ORDER - BigInt(s), { size: 32 }), yParity: 1 - yParity };
      await fails(answering(serializeTransaction(fields, twin)), "wrong", /no valid signature/);
      const none = { r: `0x${"ff".repeat(32)}`, s: `0x${"01".repeat(32)}`, yParity: 0 } as const;
      await fails(answering(serializeTransaction(fields, none)), "wrong", /another account/);
    });

    it("is caught writing it in another way", async () => {
      const raw = await sign({});
      await fails(answering(`${raw}00`), "wrong", /^The remote signer/);
      // The same fields, but the nonce 0 as a byte where the rules want none: it decodes alike and hashes differently.
      const [chainId, , ...rest] = fromRlp(`0x${raw.slice(4)}`, "hex") as Hex[];
      const padded = concat(["0x02", toRlp([chainId!, "0x00", ...rest])]);
      await fails(answering(padded), "wrong", /not written as the rules ask/);
    });

    it("is caught answering nonsense", async () => {
      for (const nonsense of [null, 5, "", "0x", "yes", {}, { raw: 5 }, "0x02c0", "0x02deadbeef", ["0x02"]]) {
        await fails((id) => result(id, nonsense), "wrong", /^The remote signer/);
      }
      await fails(() => ({ text: "<html>" }), "wrong", /did not answer in JSON/);
      await fails(() => ({ json: [] }), "wrong", /another question/);
      await fails(async () => result(99, await sign({})), "wrong", /another question/);
    });

    it("can be tried again when it refuses, is slow, busy or gone", async () => {
      await fails((id) => refuse(id, -32000, "Request denied"), "refused", /refused: Request denied$/);
      await fails(() => ({ status: 401, text: "who?" }), "refused", /HTTP 401/);
      await fails(() => ({ status: 503, text: "later" }), "unreachable", /HTTP 503/);
      await fails(() => "hang up", "unreachable", /cannot be reached/);
      const signer = await open(50);
      answerTo = () => new Promise(() => undefined);
      const error = await failure(signer.signTransaction(ASKED));
      expect(error).to.include({ kind: "slow", message: "The remote signer gave no answer in 50 ms." });
    });

    it("need not list its accounts, but must list this one if it does", async () => {
      accounts = (id) => refuse(id, -32601, "the method eth_accounts does not exist/is not available");
      expect(await (await open()).signTransaction(ASKED)).to.equal(await sign({}));
      for (const [listed, message] of [
        [[], /does not sign for/],
        [[OTHER.address], /does not sign for/],
        ["0x", /not a list/],
      ] as const) {
        accounts = (id) => result(id, listed);
        const error = await failure(open());
        expect(error.kind).to.equal("wrong");
        expect(error.message).to.match(message);
      }
      accounts = (id) => refuse(id, -32000, "locked");
      expect((await failure(open())).kind).to.equal("refused");
    });

    it("is shown who asks, by the credentials of its URL", async () => {
      const at = (credentials: string) =>
        openRemoteSigner({
          url: new Secret(server.url.replace("//", `//${credentials}@`)),
          address: ACCOUNT.address,
        });
      await at("keeper:pass%20word");
      await at("bearer:abc.def");
      await open();
      const basic = `Basic ${Buffer.from("keeper:pass word").toString("base64")}`;
      expect(headers).to.deep.equal([basic, "Bearer abc.def", undefined]);
      // What it repeats of them goes no further.
      for (const [credentials, plain, encoded] of [
        ["keeper:pass%20word", "pass word", basic.slice("Basic ".length)],
        ["bearer:abc.def", "abc.def", "abc.def"],
      ] as const) {
        accounts = (id) => refuse(id, -32000, `bad token ${headers.at(-1)!}, or password ${plain}`);
        const { message } = await failure(at(credentials));
        expect(message).to.not.include(plain).and.not.include(encoded);
      }
      accounts = (id) => refuse(id, -32000, `no such path: /${TOKEN}`);
      expect((await failure(open())).message).to.not.include(TOKEN);
    });
  });
});
