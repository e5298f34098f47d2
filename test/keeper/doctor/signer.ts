import { expect } from "chai";
import { parseTransaction, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { Secret } from "../../../keeper/config/secret.ts";
import type { Check } from "../../../keeper/doctor/check.ts";
import { signTest } from "../../../keeper/doctor/signer.ts";
import { writeKeystore } from "../../../keeper/signer/keystore.ts";
import { startAnvil, type Anvil } from "../utils/anvil.ts";
import { doctorHarness, one } from "../utils/doctorHarness.ts";
import { startJsonServer } from "../utils/jsonServer.ts";
import { KEEPER_KEY, OTHER_KEY } from "../utils/keys.ts";

const KEEPER = privateKeyToAccount(KEEPER_KEY);

describe("keeper doctor, of signers", function () {
  this.timeout(60_000);
  const harness = doctorHarness();
  const signer = (checks: readonly Check[]) => one(checks, "vault weekly: signer");

  it("tells that there is no key, and looks at the vault all the same", async () => {
    // The harness gives one; an empty configuration of the environment takes it away.
    const checks = await harness.examine({ env: { KEEL_PRIVATE_KEY: undefined as never } });
    expect(signer(checks)).to.include({ ok: false, detail: "no key is given" });
    expect(one(checks, "vault weekly: decision").ok).to.not.equal(false);
    expect(checks.filter(({ name }) => /role|balance|activation/.test(name))).to.deep.equal([]);
  });

  it("opens a keystore, and tells one with another password or none", async () => {
    const path = `${harness.directory}/keeper.keystore.json`;
    const privateKey = new Secret(KEEPER_KEY);
    await writeKeystore({ path, password: new Secret("a password"), privateKey, scryptN: 2 });
    const withPassword = async (password: string, keystore = path) =>
      signer(
        await harness.examine({
          config: { keystore },
          env: { KEEL_PRIVATE_KEY: undefined as never, KEEL_KEYSTORE_PASSWORD: password },
        }),
      );
    expect(await withPassword("a password")).to.include({
      ok: true,
      detail: `a keystore signs for ${KEEPER.address}`,
    });
    const wrong = await withPassword("another password");
    expect(wrong.ok).to.equal(false);
    expect(wrong.detail)
      .to.match(/ has another password\.$/)
      .and.not.contain("another password\n");
    expect((await withPassword("a password", "/none.json")).detail).to.match(/cannot be read \(ENOENT\)/);
  });

  describe("with a remote signer", () => {
    const remote = async (url: string, address: string = KEEPER.address) =>
      harness.examine({
        config: { remoteSigner: { url, address } },
        env: { KEEL_PRIVATE_KEY: undefined as never },
      });

    it("has a real one sign what can never be mined, and sends it nowhere", async function () {
      const started: Anvil | null = await startAnvil();
      if (started === null) this.skip();
      try {
        const checks = await remote(started.url);
        expect(signer(checks)).to.include({
          ok: true,
          detail: `a remote signer signs for ${KEEPER.address}`,
        });
        expect(await started.request("eth_getTransactionCount", [KEEPER.address, "pending"])).to.equal("0x0");
        expect(await started.request("txpool_status")).to.deep.equal({ pending: "0x0", queued: "0x0" });
      } finally {
        await started.stop();
      }
    });

    it("tells one that is not reached", async () => {
      const check = signer(await remote("http://127.0.0.1:9/token-of-the-operator"));
      expect(check.ok).to.equal(false);
      expect(check.detail).to.match(/^The remote signer cannot be reached/);
      expect(check.mend).to.contain("remote signer runs");
    });

    it("tells one that signs something else", async () => {
      const server = await startJsonServer(async (body) => {
        const { id, method, params } = body as { id: number; method: string; params: [Record<string, Hex>] };
        if (method !== "eth_signTransaction")
          return { json: { jsonrpc: "2.0", id, result: [KEEPER.address] } };
        const { gas, maxFeePerGas, maxPriorityFeePerGas, nonce, chainId } = params[0];
        const result = await KEEPER.signTransaction({
          ...{ type: "eip1559", to: `0x${"ab".repeat(20)}`, value: 10n ** 18n },
          ...{ gas: BigInt(gas!), nonce: Number(nonce), chainId: Number(chainId) },
          ...{ maxFeePerGas: BigInt(maxFeePerGas!), maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas!) },
        });
        return { json: { jsonrpc: "2.0", id, result } };
      });
      const check = signer(await remote(server.url));
      await server.close();
      expect(check).to.include({ ok: false, detail: "The remote signer signed another recipient." });
    });
  });

  describe("and of what it has them sign", () => {
    it("is a transfer of nothing to itself that no chain can ever mine", async () => {
      const seen: Hex[] = [];
      const wrong = await signTest(
        {
          address: KEEPER.address,
          async signTransaction(transaction) {
            const raw = await KEEPER.signTransaction({ ...transaction, type: "eip1559" });
            seen.push(raw);
            return raw;
          },
        },
        31337,
      );
      expect(wrong).to.equal(null);
      const { nonce, to, value = 0n, data = "0x", maxFeePerGas } = parseTransaction(seen[0]!);
      expect(nonce).to.equal(Number.MAX_SAFE_INTEGER);
      expect([to?.toLowerCase(), value, data, maxFeePerGas]).to.deep.equal([
        KEEPER.address.toLowerCase(),
        0n,
        "0x",
        1n,
      ]);
    });

    it("is checked for its signature and each field", async () => {
      const other = privateKeyToAccount(OTHER_KEY);
      const signing = (account: typeof KEEPER, change: object) =>
        signTest(
          {
            address: KEEPER.address,
            signTransaction: (transaction) =>
              account.signTransaction({ ...transaction, type: "eip1559", ...change }),
          },
          31337,
        );
      expect(await signing(other, {})).to.equal(`signs as ${other.address}`);
      for (const change of [
        { nonce: 0 },
        { value: 1n },
        { chainId: 1 },
        { maxFeePerGas: 9n },
        { data: "0x00" },
      ])
        expect(await signing(KEEPER, change)).to.equal("signs another transaction than asked");
    });
  });
});
