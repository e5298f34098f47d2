import { expect } from "chai";
import hre from "hardhat";
import { getAbiItem, toFunctionSelector, type Abi, type AbiParameter } from "viem";

import { accessManagerAbi, lensAbi, vaultAbi } from "../../keeper/chain/abi.ts";
import { optionBookAbi, vaultDutyAbi } from "../../keeper/duties/abi.ts";
import { ALLOWED } from "../../deployments/modules/Keel.ts";
import { OPTION_BOOK, RISK_ENGINE, VAULT, VOLATILITY_ORACLE } from "../../scripts/demo/abis.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { passTime } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import { breakFeed, callOf, driftOf, putOf, rebalance, SHORT, vaultAs } from "./utils/vault.ts";

describe("Lens", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.buy(k.taker, await callOf(k, 7), 3n * WAD);
    await k.buy(k.taker, await putOf(k, 14), 40n * WAD);
    await rebalance(k, [{ venue: SHORT, dDelta: -(await driftOf(k)) }]);
    await k.buy(k.taker, await putOf(k, 14), 10n * WAD);
  });

  /** What the snapshot must be, from one read for each thing. */
  async function expected(): Promise<Record<string, unknown>> {
    const { vault, lens, priceOracle, volatilityOracle, engine, spot, short, ethers } = keel();
    const [block, reading, limits, legs, surface, [due, trigger]] = await Promise.all([
      ethers.provider.getBlock("latest"),
      priceOracle.read!(),
      vault.limits!(),
      vault.legs!(),
      volatilityOracle.surface!(),
      vault.needsRebalance!(),
    ]);
    const pool = new ethers.Contract(
      (await lens.pool!()) as string,
      ["function liquidity() view returns (uint128)", "function fee() view returns (uint24)"],
      ethers.provider,
    );
    const pillars = (surface as { toObject(deep: boolean): { pillars: unknown[] } }).toObject(true).pillars;
    const nav = (await vault.nav!()) as bigint;
    const loss = (await vault.budget!(reading.agreed ? 0 : 2)) as {
      capacity: bigint;
      perDay: bigint;
      used: bigint;
      updatedAt: bigint;
    };
    const refilled = (loss.perDay * (BigInt(block!.timestamp) - loss.updatedAt)) / 86_400n;
    const lossLeft = loss.capacity - (loss.used > refilled ? loss.used - refilled : 0n);
    const venues = [spot, short].map(async (venue) => ({
      venue: await venue.getAddress(),
      delta: await venue.delta!(),
      equity: await venue.equity!(reading.price),
      liquidationDistance: await venue.liquidationDistance!(),
      marginTrigger: await venue.marginTrigger!(),
    }));
    const book = await engine.book!([...legs], reading.ethUsd, block!.timestamp, { pillars });
    return {
      blockNumber: BigInt(block!.number),
      timestamp: BigInt(block!.timestamp),
      price: reading.price,
      ethUsd: reading.ethUsd,
      priceUpdatedAt: reading.updatedAt,
      fresh: reading.fresh,
      open: reading.open && (await volatilityOracle.isOpen!()),
      paused: await vault.paused!(),
      poolLiquidity: await pool.liquidity!(),
      poolFee: await pool.fee!(),
      rebalanceNonce: await vault.rebalanceNonce!(),
      lastRebalanceAt: await vault.lastRebalanceAt!(),
      due,
      trigger,
      minDrift: limits.minDrift,
      maxAge: limits.maxAge,
      maxSlippage: limits.maxSlippage,
      maxLoss: (nav * lossLeft) / WAD,
      nav,
      totalSupply: await vault.totalSupply!(),
      cash: await vault.cash!(),
      reserve: await vault.hedgeReserve!(),
      book: (book as { toObject(): unknown }).toObject(),
      legs: [...legs],
      pillars,
      surfacePostedAt: await volatilityOracle.postedAt!(),
      venues: await Promise.all(venues),
    };
  }

  async function snapshot(): Promise<Record<string, unknown>> {
    const s = (await keel().lens.snapshot!(keel().vault)) as {
      toObject(deep: boolean): Record<string, unknown>;
    };
    return s.toObject(true);
  }

  const expectSame = async () => {
    const { poolPrice, ...rest } = await snapshot();
    expect(rest).to.deep.equal(await expected());
    expect(Math.abs(Number(poolPrice) / 1e18 / (await keel().mainnet.poolPrice()) - 1) < 1e-9).to.equal(true);
    return rest;
  };

  it("shows what the contracts say one by one", async () => {
    const seen = await expectSame();
    expect(seen).to.include({ due: true, trigger: 1n, open: true, paused: false });
    expect(seen.legs).to.have.length(3);
  });

  it("does so while paused, stale, without a price and with expired series", async () => {
    await vaultAs(keel(), keel().guardian).pause!();
    expect(await expectSame()).to.include({ paused: true });
    await keel().networkHelpers.time.increase(2 * 3_600);
    expect(await expectSame()).to.include({ fresh: false, due: false });
    await passTime(keel(), 8 * 86_400, 2_950);
    expect(await expectSame()).to.include({ fresh: true, open: false, due: true });
    await breakFeed(keel(), 0n);
    expect(await expectSame()).to.include({ price: 0n, fresh: false, due: false });
  });
});

describe("Interfaces written by hand", () => {
  /** An item as a decoder sees it: types all through, names where they are read by name. */
  const shape = (item: Abi[number]) => {
    const parameter = (p: AbiParameter, keepName: boolean): unknown => ({
      type: p.type,
      ...(keepName ? { name: p.name ?? "" } : {}),
      ...("indexed" in p && p.indexed === true ? { indexed: true } : {}),
      ...("components" in p ? { components: p.components.map((c) => parameter(c, true)) } : {}),
    });
    return {
      type: item.type,
      name: "name" in item ? item.name : "",
      inputs: "inputs" in item ? item.inputs?.map((p) => parameter(p, item.type !== "function")) : [],
      outputs: "outputs" in item ? item.outputs.map((p) => parameter(p, false)) : [],
      ...("stateMutability" in item ? { stateMutability: item.stateMutability } : {}),
    };
  };

  async function expectCompiled(abi: Abi, contracts: readonly string[]): Promise<void> {
    const compiled: Abi[number][] = [];
    for (const name of contracts) compiled.push(...((await hre.artifacts.readArtifact(name)).abi as Abi));
    for (const item of abi) {
      if (!("name" in item)) continue;
      const candidates = compiled.filter((c) => "name" in c && c.name === item.name && c.type === item.type);
      expect(candidates.map(shape), `${item.type} ${item.name}`).to.deep.include(shape(item));
    }
  }

  it("of the keeper are those of the contracts", async () => {
    await expectCompiled(lensAbi, ["Lens"]);
    await expectCompiled(accessManagerAbi, ["AccessManager"]);
    const parts = ["Vault", "HedgeGate", "OptionLedger", "ExitQueue", "ShortAaveV3", "OptionBook"];
    await expectCompiled(vaultAbi, parts);
    await expectCompiled(vaultDutyAbi, ["Vault"]);
    await expectCompiled(optionBookAbi, ["OptionBook"]);
  });

  it("of the demo are those of the contracts", async () => {
    await expectCompiled(VAULT, ["Vault", "HedgeGate"]);
    await expectCompiled(OPTION_BOOK, ["OptionBook"]);
    await expectCompiled(RISK_ENGINE, ["RiskEngine"]);
    await expectCompiled(VOLATILITY_ORACLE, ["VolatilityOracle"]);
  });

  it("name the functions the deployment gives to roles", async () => {
    for (const [target, roles] of Object.entries(ALLOWED)) {
      const contract = { vault: "Vault", volatilityOracle: "VolatilityOracle", revoker: "HotKeyRevoker" }[
        target
      ];
      const abi = (await hre.artifacts.readArtifact(contract!)).abi as Abi;
      for (const signature of Object.values(roles).flat()) {
        const item = getAbiItem({ abi, name: signature.slice(0, signature.indexOf("(")) });
        expect(item?.type === "function" && toFunctionSelector(item), signature).to.equal(
          toFunctionSelector(signature),
        );
      }
    }
  });
});
