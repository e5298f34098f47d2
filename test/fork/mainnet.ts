import { expect } from "chai";
import type { Contract, InterfaceAbi } from "ethers";
import type { Address } from "viem";

import { deployKeel, flatSurface, MAINNET_GROUND, type KeelContracts } from "../../scripts/deployKeel.ts";
import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { DAY, seriesId, USDC, WAD } from "../contracts/utils/keel.ts";
import { QUOTE_TYPES } from "../../scripts/demo/abis.ts";
import { forkMainnet, type Fork } from "./forkMainnet.ts";

const SPOT = 0;
const SHORT = 1;
const FOREVER = 2n ** 40n;
const NO_LIMIT = 2n ** 200n;
const DEPOSITS = [3_000_000n * USDC, 2_000_000n * USDC] as const;

type Signer = Awaited<ReturnType<Fork["connection"]["ethers"]["getSigners"]>>[number];

describe("On a fork of mainnet", function () {
  this.timeout(process.env["MAINNET_RPC_URL"] === undefined ? 60_000 : 600_000);

  let fork: Fork;
  let contracts: KeelContracts;
  let people: { admin: Signer; keeper: Signer; quoter: Signer; guardian: Signer; poster: Signer };
  let alice: Signer, bob: Signer, taker: Signer;
  let vault: Contract, book: Contract, usdc: Contract, spot: Contract, short: Contract;
  let start: number;
  let call: bigint, put: bigint, expiry: number;
  const sold = { call: 300n * WAD, put: 900n * WAD };

  const as = (contract: Contract, signer: Signer) => contract.connect(signer) as Contract;
  const drift = async () => (await vault.drift!()) as bigint;
  const size = (x: bigint) => (x < 0n ? -x : x);

  before(async () => {
    fork = await forkMainnet();
    const { ethers } = fork.connection;
    const [, admin, keeper, quoter, guardian, poster, ...others] = await ethers.getSigners();
    people = { admin: admin!, keeper: keeper!, quoter: quoter!, guardian: guardian!, poster: poster! };
    [alice, bob, taker] = others as [Signer, Signer, Signer];
    const address = (signer: Signer) => signer.address as Address;
    contracts = await deployKeel(fork.connection, {
      ground: MAINNET_GROUND,
      roles: {
        admin: address(people.admin),
        keeper: address(people.keeper),
        quoter: address(people.quoter),
        guardian: address(people.guardian),
        surfacePoster: address(people.poster),
      },
      surface: flatSurface(0.6),
      adminDelay: 0,
    });
    vault = await ethers.getContractAt("Vault", contracts.Vault);
    book = await ethers.getContractAt("OptionBook", contracts.OptionBook);
    spot = await ethers.getContractAt("SpotUniswapV3", contracts.SpotUniswapV3);
    short = await ethers.getContractAt("ShortAaveV3", contracts.ShortAaveV3);
    usdc = new ethers.Contract(MAINNET.usdc, ABIS.erc20 as unknown as InterfaceAbi, taker);
    const oracle = await ethers.getContractAt("PriceOracle", contracts.PriceOracle);
    start = Number((await oracle.read!()).price / 10n ** 12n) / 1e6;
  });

  after(async () => {
    await (fork as Fork | undefined)?.close();
  });

  it("takes deposits of impersonated whales' USDC", async () => {
    for (const [i, depositor] of [alice, bob].entries()) {
      await fork.fund(depositor.address as Address, DEPOSITS[i]!);
      await as(usdc, depositor).approve!(contracts.Vault, DEPOSITS[i]!);
      await as(vault, depositor).deposit!(DEPOSITS[i]!, depositor.address);
    }
    expect(await vault.nav!()).to.equal(DEPOSITS[0] + DEPOSITS[1]);
  });

  it("writes a call and hedges it on spot", async () => {
    expiry = (await fork.connection.networkHelpers.time.latest()) + 7 * DAY;
    call = series(false, start, start * 1.25);
    await sell(call, sold.call);
    expect(await drift()).to.be.lessThan(-sold.call / 3n);
    await hedge();
    expect(await spot.delta!()).to.be.greaterThan(sold.call / 3n);
    expect(await short.delta!()).to.equal(0n);
  });

  it("writes a put and turns the hedge to the lending short", async () => {
    put = series(true, start, start * 0.7);
    await sell(put, sold.put);
    const [before, held] = [await drift(), (await spot.delta!()) as bigint];
    expect(before).to.be.greaterThan(held);
    await hedge([
      { venue: SPOT, dDelta: -held },
      { venue: SHORT, dDelta: held - before },
    ]);
    expect(await spot.delta!()).to.equal(0n);
    expect(await short.delta!()).to.be.lessThan(-100n * WAD);
    expect(await short.healthFactor!()).to.be.closeTo((16n * WAD) / 10n, WAD / 1_000n);
  });

  it("hedges again when the price falls, while entry waits for the pool's average", async () => {
    await fork.movePrice(start * 0.95);
    expect(await vault.maxDeposit!(alice.address)).to.equal(0n);
    expect(await vault.needsRebalance!()).to.deep.equal([true, 1n]);
    await hedge();
    expect(await short.delta!()).to.be.lessThan(-300n * WAD);
  });

  it("tops up the short's margin when the price jumps, and unwinds it", async () => {
    await fork.movePrice(start * 1.2);
    expect(await vault.needsRebalance!()).to.deep.equal([true, 2n]);
    const owed = -((await short.delta!()) as bigint);
    const lacking = -(await drift());
    expect(lacking).to.be.greaterThan(owed);
    const legs = [
      { venue: SHORT, dDelta: owed + WAD },
      { venue: SPOT, dDelta: lacking - owed },
    ];
    // Until the pool's last minute agrees with the oracle it is a rescue, whose turnover is the smaller one; and the hedges
    // above have used up most of a day's.
    await rebalance(legs);
    expect(await vault.needsRebalance!()).to.deep.equal([true, 1n]);
    await fork.connection.networkHelpers.time.increase(DAY);
    await fork.submit(start * 1.2);
    await hedge(legs);
    expect(await short.delta!()).to.equal(0n);
    expect(await spot.delta!()).to.be.greaterThan(100n * WAD);
  });

  it("settles at the first round after expiry and pays every holder", async () => {
    const price = Math.round(start * 1.1 * 100) / 100;
    await fork.movePrice(price);
    const { time } = fork.connection.networkHelpers;
    await time.setNextBlockTimestamp(expiry - 1);
    await fork.submit(price);
    expect(await vault.maxRedeem!(alice.address)).to.equal(0n);

    const { roundId, lastRounds } = await fork.rounds();
    await as(book, bob).settle!(expiry, roundId, lastRounds);
    const settled = (await book.settlementPrice!(expiry)) as bigint;
    expect(settled).to.equal(BigInt(Math.round(price * 1e8)));
    for (const id of [call, put]) await as(vault, bob).settle!(id);
    expect(await vault.legs!()).to.deep.equal([]);

    const before = (await usdc.balanceOf!(taker.address)) as bigint;
    for (const id of [call, put]) await as(book, taker).claim!(id, taker.address);
    const owed = (sold.call * (settled - BigInt(Math.round(start * 1e8)))) / 10n ** 20n;
    expect(((await usdc.balanceOf!(taker.address)) as bigint) - before).to.equal(owed);
  });

  it("closes the hedge and returns everything to the depositors", async () => {
    await hedge();
    expect(await spot.delta!()).to.equal(0n);
    expect(await vault.nav!()).to.equal(await vault.cash!());
    const nav = (await vault.nav!()) as bigint;

    const oracle = await fork.connection.ethers.getContractAt("VolatilityOracle", contracts.VolatilityOracle);
    await as(oracle, people.poster).post!(flatSurface(0.6));
    for (const depositor of [alice, bob]) {
      const shares = (await vault.balanceOf!(depositor.address)) as bigint;
      expect(await vault.maxRedeem!(depositor.address)).to.equal(shares);
      await as(vault, depositor).redeem!(shares, depositor.address, depositor.address);
    }
    const returned = await Promise.all(
      [alice, bob].map(async (d) => (await usdc.balanceOf!(d.address)) as bigint),
    );
    expect(returned[0]! + returned[1]!).to.be.within(nav - 2n, nav);
    expect(returned[0]! * 2n).to.be.closeTo(returned[1]! * 3n, 10n);
    expect(await usdc.balanceOf!(contracts.OptionBook)).to.equal(0n);
  });

  function series(isPut: boolean, strike: number, cap: number): bigint {
    return seriesId({ isPut, strike, cap: Math.round(cap), expiry });
  }

  /** The taker buys from the vault at mark and 1 %, on a signed quote. */
  async function sell(id: bigint, quantity: bigint): Promise<void> {
    const { ethers, networkHelpers } = fork.connection;
    const engine = await ethers.getContractAt("RiskEngine", contracts.RiskEngine);
    const oracle = await ethers.getContractAt("PriceOracle", contracts.PriceOracle);
    const volatility = await ethers.getContractAt("VolatilityOracle", contracts.VolatilityOracle);
    const value = await engine.value!(
      id,
      (await oracle.read!()).price,
      await networkHelpers.time.latest(),
      (await volatility.surface!()).toObject(true),
    );
    const premium = ((value.price as bigint) * 101n) / 10n ** 14n;
    const quote = {
      maker: contracts.Vault,
      taker: taker.address,
      makerSells: true,
      seriesId: id,
      quantity,
      premium,
      nonce: id,
      deadline: FOREVER,
    };
    const domain = {
      name: "Keel OptionBook",
      version: "1",
      chainId: fork.chainId,
      verifyingContract: contracts.OptionBook,
    };
    const signature = await people.quoter.signTypedData(domain, { Quote: [...QUOTE_TYPES.Quote] }, quote);
    const cost = (premium * quantity) / WAD + 1n;
    await fork.fund(taker.address as Address, cost);
    await as(usdc, taker).approve!(contracts.OptionBook, cost);
    await as(book, taker).fill!(quote, signature, quantity);
  }

  /** Sends `legs`, by the keeper. */
  async function rebalance(legs: readonly { venue: number; dDelta: bigint }[]): Promise<void> {
    await as(vault, people.keeper).rebalance!(
      legs.map((leg) => ({ ...leg, limitPrice: leg.dDelta > 0n ? NO_LIMIT : 0n })),
      await vault.rebalanceNonce!(),
      FOREVER,
      NO_LIMIT,
    );
  }

  /** A rebalance by the keeper: all of drift, on whichever venue may take it, unless told. */
  async function hedge(legs?: readonly { venue: number; dDelta: bigint }[]): Promise<void> {
    const before = await drift();
    const dDelta = -before;
    const holdsSpot = ((await spot.delta!()) as bigint) > 0n;
    const owes = ((await short.delta!()) as bigint) < 0n;
    const chosen = legs ?? [
      { venue: dDelta > 0n ? (owes ? SHORT : SPOT) : holdsSpot ? SPOT : SHORT, dDelta },
    ];
    await rebalance(chosen);
    expect(size(await drift())).to.be.lessThan(size(before) / 10n + WAD / 10n);
  }
});
