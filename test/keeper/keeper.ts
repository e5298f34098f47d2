import { expect } from "chai";
import { numberToHex, type Hex, type LocalAccount } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { createChainClient } from "../../keeper/chain/client.ts";
import { readHead } from "../../keeper/chain/head.ts";
import { packLeg, type BookLeg } from "../../keeper/chain/legs.ts";
import { createKeeper, type KeeperOptions } from "../../keeper/keeper.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { decisionInput } from "../../keeper/market/decisionInput.ts";
import { openDatabase, type Database } from "../../keeper/store/database.ts";
import { Journal } from "../../keeper/store/journal.ts";
import type { ExecutionTable } from "../../keeper/store/schema.ts";
import { bookRisk } from "../../keeper/strategy/bookRisk.ts";
import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import type { Decision, Strategy } from "../../keeper/strategy/types.ts";
import { DAY, keelFixture, seriesId, USDC, WAD } from "../contracts/utils/keel.ts";
import { FaultyProvider, lost, unanswered, type Provider } from "./utils/faultyProvider.ts";

/** Hardhat's third account, which the fixture gives the KEEPER role. */
const ACCOUNT: LocalAccount = mnemonicToAccount(
  "test test test test test test test test test test test junk",
  { addressIndex: 2 },
);
const KEEPER_ROLE = 1n;
const SPOT = 0;
const SHORT = 1;

/** Hedges to zero from the vault's own trigger on. */
const toZero = fixedBand({ fraction: 1e-9 });

/** Asks for one trade at every block, whatever the state. */
function always(trade: number): Strategy {
  const decision: Decision = {
    action: "rebalance",
    reason: "rule",
    drift: -trade,
    trade,
    band: null,
    gain: null,
    cost: null,
  };
  return { name: "always", decide: () => decision };
}

type Keel = Awaited<ReturnType<typeof keelFixture>>;

describe("keeper", () => {
  let keel: Keel;
  let expiry: number;
  let clean: Hex;
  let provider: FaultyProvider;
  let database: Database;
  let journal: Journal;

  before(async () => {
    database = await openDatabase();
    keel = await keelFixture();
    await keel.deposit(keel.alice, 5_000_000n * USDC);
    expiry = (await keel.networkHelpers.time.latest()) + 7 * DAY;
    // Deep in the money: short 100 ETH of delta, and hardly any gamma.
    await buy({ isPut: false, strike: 2_000, cap: 6_000 }, 100n);
    clean = await rpc<Hex>("evm_snapshot");
  });

  beforeEach(async () => {
    await rpc("evm_revert", [clean]);
    clean = await rpc<Hex>("evm_snapshot");
    provider = new FaultyProvider(keel.provider as Provider);
    await database.db.deleteFrom("executions").execute();
    await database.db.deleteFrom("decisions").execute();
    journal = new Journal(database, 256, 0n);
  });

  afterEach(() => rpc("evm_setAutomine", [true]));
  after(() => database.close());

  function rpc<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    return keel.provider.request({ method, params: [...params] }) as Promise<T>;
  }
  function buy(terms: { isPut: boolean; strike: number; cap: number }, quantity: bigint) {
    return keel.buy(keel.taker, seriesId({ ...terms, expiry }), quantity * WAD);
  }
  async function start(strategy: Strategy, changes: Partial<KeeperOptions> = {}) {
    const client = createChainClient({ provider: provider as never });
    const keeper = await createKeeper({
      client,
      account: ACCOUNT,
      deployment: { chainId: 31337, block: 0, contracts: keel.contracts },
      strategy,
      journal,
      log: silentLog,
      deltaLimit: 1000,
      fees: { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: null },
      checkInterval: 12,
      ...changes,
    });
    return { step: async () => keeper.onBlock(await readHead(client)) };
  }
  const mine = () => rpc("evm_mine");
  const drift = async () => Number((await keel.vault.getFunction("drift")()) as bigint) / 1e18;
  const nonceOf = async (tag = "latest") =>
    Number(await rpc<Hex>("eth_getTransactionCount", [ACCOUNT.address, tag]));
  const rebalances = async () => Number((await keel.vault.getFunction("rebalanceNonce")()) as bigint);
  const executions = async (): Promise<ExecutionTable[]> =>
    (await journal.executions({ limit: 100 })).toReversed();
  const statuses = async () => (await executions()).map(({ status }) => status);
  const legsOf = (events: unknown) =>
    (events as { name: string; args: { venue: number; filled: bigint } }[])
      .filter(({ name }) => name === "LegExecuted")
      .map(({ args }) => [args.venue, Math.round(Number(args.filled) / 1e18)]);

  describe("hedging", () => {
    it("simulates, sends, and sees the confirmation at a later block", async () => {
      const { step } = await start(toZero);
      const first = await step();
      expect(first.sent).to.match(/^0x/);
      expect(first.input!.gasUsd).to.be.above(0);
      expect(Math.abs(await drift())).to.be.below(0.01);

      const second = await step();
      expect(second.settled?.outcome.status).to.equal("confirmed");
      expect(second.decision).to.include({ action: "hold" });
      const [execution] = await executions();
      const receipt = await rpc<{ gasUsed: Hex; effectiveGasPrice: Hex }>("eth_getTransactionReceipt", [
        first.sent,
      ]);
      expect(execution).to.include({
        status: "confirmed",
        hash: first.sent,
        rebalance_nonce: 0n,
        gas_used: BigInt(receipt.gasUsed),
        fee: BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice),
      });
      expect(legsOf(execution!.events)).to.deep.equal([[SPOT, 100]]);
      expect(await journal.summary(keel.contracts.Vault)).to.deep.include({
        decisions: 2,
        holds: 1,
        rebalances: 1,
      });
    });

    it("records what it decided on, so that the same decision can be made again", async () => {
      const strategy = optimalImpulse({ riskAversion: 1e-5 });
      const { step } = await start(strategy);
      await step();
      await step();
      const recorded = await journal.decisions({ limit: 10 });
      expect(recorded).to.have.length(2);
      for (const { input, decision } of recorded) expect(strategy.decide(input)).to.deep.equal(decision);
      expect(recorded.map(({ decision }) => decision.action)).to.deep.equal(["hold", "rebalance"]);
    });

    it("turns the hedge around: sells spot, then opens the short", async () => {
      const { step } = await start(toZero);
      await step();
      // Deep in the money puts: the book's delta turns to +50.
      await buy({ isPut: true, strike: 5_000, cap: 500 }, 150n);
      const before = await drift();
      expect(before).to.be.above(100);
      await step();
      await step();
      const [, turned] = await executions();
      expect(turned!.status).to.equal("confirmed");
      expect(legsOf(turned!.events)).to.deep.equal([
        [SPOT, -100],
        [SHORT, Math.round(-(before - 100))],
      ]);
      expect(Math.abs(await drift())).to.be.below(0.01);
    });

    it("sees the delta that the vault sees, on a surface with skew and term structure", async () => {
      const { step } = await start(toZero);
      const { snapshot } = await step();
      const pillars = [
        {
          tenor: 2 * DAY,
          atmVol: 700_000_000,
          skew: -120_000_000,
          curvature: 90_000_000,
          forwardRatio: 999_000_000,
        },
        {
          tenor: 30 * DAY,
          atmVol: 550_000_000,
          skew: -60_000_000,
          curvature: 40_000_000,
          forwardRatio: 1_004_000_000,
        },
      ];
      const usd = (price: number) => BigInt(price) * 10n ** 8n;
      const legs: BookLeg[] = [
        [false, 3200, 4000, -100, 9],
        [false, 2900, 3100, 40, 1],
        [true, 2800, 2200, -250, 20],
        [true, 3300, 0, 30, 45],
      ].map(([isPut, strike, cap, quantity, days]) => ({
        isPut: isPut as boolean,
        strike: usd(strike as number),
        cap: usd(cap as number),
        quantity: BigInt(quantity as number) * WAD,
        expiry: snapshot.timestamp + BigInt((days as number) * DAY),
      }));
      const greeks = (await keel.engine.getFunction("book")(
        legs.map(packLeg),
        snapshot.price,
        snapshot.timestamp,
        {
          pillars,
        },
      )) as { delta: bigint; gamma: bigint };
      const facts = { gasUsd: 1, checkInterval: 12, deltaLimit: 1 };
      const input = decisionInput({ ...snapshot, legs, pillars }, facts);
      const risk = bookRisk(input.legs, input.spot, input.timestamp);
      expect(Math.abs(risk.delta - Number(greeks.delta) / 1e18)).to.be.below(1e-9);
      expect(Math.abs(risk.gamma - Number(greeks.gamma) / 1e18)).to.be.below(1e-9);
      expect(Math.abs(risk.delta)).to.be.above(1);
    });

    it("asks once for each thing it needs, and for nothing while it holds", async () => {
      const { step } = await start(toZero);
      await step();
      await step();
      provider.asked.length = 0;
      await step();
      expect(provider.asked).to.deep.equal(["eth_getBlockByNumber", "eth_call"]);
      await buy({ isPut: false, strike: 2_000, cap: 6_000 }, 10n);
      provider.asked.length = 0;
      await step();
      expect(provider.asked).to.deep.equal([
        "eth_getBlockByNumber",
        "eth_call",
        "eth_estimateGas",
        "eth_getTransactionCount",
        "eth_sendRawTransaction",
      ]);
    });

    it("records why the vault would refuse, and sends nothing", async () => {
      const { step } = await start(always(-1));
      const { blocked, sent } = await step();
      expect(sent).to.equal(null);
      expect(blocked).to.match(/^DriftNotReduced\(-\d+, -\d+\)$/);
      expect(await nonceOf("pending")).to.equal(0);
      expect(await executions()).to.have.length(1);
      expect((await executions())[0]).to.include({ status: "blocked", error: blocked, hash: null });
    });

    it("waits for a cheaper base fee, but not with a limit breached", async () => {
      const fees = { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: 1n };
      const patient = await start(toZero, { fees });
      expect((await patient.step()).blocked).to.match(/^The base fee \d+ is above the cap 1\.$/);
      const urgent = await start(optimalImpulse({ riskAversion: 1e-12 }), { fees, deltaLimit: 50 });
      expect((await urgent.step()).decision?.reason).to.equal("delta-limit");
      expect(await rebalances()).to.equal(1);
    });
  });

  describe("exactly once", () => {
    beforeEach(() => rpc("evm_setAutomine", [false]));

    it("sends nothing more while a transaction is pending", async () => {
      const { step } = await start(toZero);
      const { sent } = await step();
      for (let i = 0; i < 3; i += 1) expect((await step()).decision).to.equal(null);
      expect(await nonceOf("pending")).to.equal(1);
      await mine();
      const { settled } = await step();
      expect(settled?.attempt.hash).to.equal(sent);
      expect(await rebalances()).to.equal(1);
      expect(await statuses()).to.deep.equal(["confirmed"]);
    });

    it("sends the same bytes again when the node has forgotten them", async () => {
      const { step } = await start(toZero);
      const { sent } = await step();
      await rpc("hardhat_dropTransaction", [sent]);
      await mine();
      await step();
      await mine();
      expect((await step()).settled?.attempt.hash).to.equal(sent);
      expect(await rebalances()).to.equal(1);
    });

    for (const [what, fault] of [
      ["was lost on its way", lost],
      ["was heard, but not answered", unanswered],
    ] as const) {
      it(`neither doubles nor loses a broadcast that ${what}, when its process died`, async () => {
        provider.faults.set("eth_sendRawTransaction", fault);
        const { sent } = await (await start(toZero)).step();
        expect(await statuses()).to.deep.equal(["signed"]);
        provider.faults.clear();

        const { step } = await start(toZero);
        await step();
        await mine();
        const { settled } = await step();
        expect([settled?.attempt.hash, settled?.outcome.status]).to.deep.equal([sent, "confirmed"]);
        await mine();
        await step();
        expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
      });
    }

    it("has the signed bytes in the journal before a node sees them", async () => {
      const seen: [string, string | null][][] = [];
      provider.faults.set("eth_sendRawTransaction", async (forward) => {
        seen.push((await executions()).map(({ status, hash }) => [status, hash]));
        return forward();
      });
      const { sent } = await (await start(toZero)).step();
      expect(seen).to.deep.equal([[["signed", sent]]]);
      expect(await journal.decisions({ limit: 9 })).to.have.length(1);
    });

    it("sends nothing when the journal cannot be written", async () => {
      const { step } = await start(toZero);
      journal.recordSigned = () => Promise.reject(new Error("disk full"));
      await step().then(
        () => expect.fail("It did not fail."),
        (error: unknown) => expect((error as Error).message).to.equal("disk full"),
      );
      expect(await nonceOf("pending")).to.equal(0);
      Reflect.deleteProperty(journal, "recordSigned");
      expect((await step()).sent).to.match(/^0x/);
    });

    it("records a transaction that the chain reverts, and decides again", async () => {
      const { step } = await start(toZero);
      const { sent } = await step();
      await rpc("hardhat_dropTransaction", [sent]);
      await rpc("evm_setAutomine", [true]);
      const setRole = (name: string, ...more: unknown[]) =>
        keel.manager.connect(keel.admin).getFunction(name)(KEEPER_ROLE, ACCOUNT.address, ...more);
      await setRole("revokeRole");
      // Sent again, mined and reverted.
      await step();
      const { settled, blocked } = await step();
      expect([settled?.attempt.hash, settled?.outcome.status]).to.deep.equal([sent, "reverted"]);
      expect(blocked).to.match(/^AccessManagedUnauthorized\(0x/);
      await setRole("grantRole", 0);
      await step();
      await step();
      expect(await statuses()).to.deep.equal(["reverted", "blocked", "confirmed"]);
      expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 2]);
    });

    it("gives up a nonce that another transaction took, but not at the first sign", async () => {
      const { step } = await start(toZero);
      const { sent } = await step();
      await rpc("hardhat_dropTransaction", [sent]);
      await rpc("evm_setAutomine", [true]);
      await keel.keeper.sendTransaction({ to: ACCOUNT.address });
      expect((await step()).settled).to.equal(null);
      expect((await step()).settled).to.equal(null);
      const { settled, sent: next } = await step();
      expect(settled?.outcome.status).to.equal("superseded");
      expect(next).to.match(/^0x/).and.not.equal(sent);
      expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 2]);
    });

    it("replaces what was not mined by its deadline, at the same nonce and with fees a node accepts", async () => {
      const { step } = await start(toZero);
      const { sent: first } = await step();
      // Blocks too full for it, until its deadline has passed.
      await rpc("hardhat_dropTransaction", [first]);
      await rpc("evm_increaseTime", [601]);
      await mine();
      const { sent: second } = await step();
      expect(second).to.match(/^0x/).and.not.equal(first);
      await mine();
      expect((await step()).settled?.attempt.hash).to.equal(second);
      const [old, replacement] = await executions();
      expect([old!.status, replacement!.status]).to.deep.equal(["replaced", "confirmed"]);
      expect(replacement!.tx_nonce).to.equal(old!.tx_nonce);
      for (const field of ["max_fee_per_gas", "max_priority_fee_per_gas"] as const) {
        expect(replacement![field]! * 8n >= old![field]! * 9n, field).to.equal(true);
      }
    });

    it("frees the nonce of what a node refuses", async () => {
      const balance = await rpc<Hex>("eth_getBalance", [ACCOUNT.address, "latest"]);
      await rpc("hardhat_setBalance", [ACCOUNT.address, numberToHex(1000n)]);
      const { step } = await start(toZero);
      expect((await step()).sent).to.equal(null);
      expect(await statuses()).to.deep.equal(["rejected"]);
      await rpc("hardhat_setBalance", [ACCOUNT.address, balance]);
      expect((await step()).sent).to.match(/^0x/);
      await mine();
      await step();
      expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
    });
  });
});
