import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC } from "../../contracts/utils/keel.ts";
import { vaultAs } from "../../contracts/utils/vault.ts";
import { now } from "../support/chain.ts";
import type { Action, Life } from "../support/life.ts";

type Method = "deposit" | "mint" | "redeem" | "withdraw";
const OFFSET = 10n ** 6n;

/** Depositors come, go at once, join the line and claim; each time previews are exact and rounding favours the vault. */
export function depositors(life: Life): readonly Action[] {
  const { keel, dice } = life;
  const { vault, usdc, mainnet, contracts } = keel;

  const enter = async (method: "deposit" | "mint") => {
    const user = dice.pick(life.depositors);
    const amount = dice.amount(500_000n * (method === "mint" ? 10n ** 12n : USDC)) + 1n;
    await mainnet.mintUsdc(user.address as `0x${string}`, 2_000_000n * USDC);
    await (usdc.connect(user) as Contract).approve!(contracts.Vault, 2n ** 255n);
    const isOpen = ((await vault.maxDeposit!(user.address)) as bigint) !== 0n;
    const refusals = isOpen ? [] : ["ERC4626ExceededMaxDeposit", "ERC4626ExceededMaxMint"];
    await life.attempt(method, refusals, () => exactly(method, user, amount, [user.address]));
  };

  const leave = async (method: "redeem" | "withdraw") => {
    const user = dice.pick(life.depositors);
    const most = (await vault.getFunction(method === "redeem" ? "maxRedeem" : "maxWithdraw")(
      user.address,
    )) as bigint;
    const amount = dice.chance(0.2) ? most : dice.amount(most);
    if (amount === 0n) return;
    // A second later the bid may be a little lower, and the most with it.
    const refusals = ["ERC4626ExceededMaxRedeem", "ERC4626ExceededMaxWithdraw"];
    const done = await life.attempt(method, refusals, () =>
      exactly(method, user, amount, [user.address, user.address]),
    );
    if (done) await expectReserveHeld();
  };

  /** Sends the call at a time of its own, so that what was previewed for that time is what must come of it. */
  const exactly = async (
    method: Method,
    user: Life["depositors"][number],
    amount: bigint,
    rest: string[],
  ) => {
    await keel.networkHelpers.time.setNextBlockTimestamp((await now(keel)) + 2);
    const then = { blockTag: "pending" };
    const preview = `preview${method[0]!.toUpperCase()}${method.slice(1)}`;
    const [promised, value, supply] = (await Promise.all([
      vault.getFunction(preview)(amount, then),
      vault.value!(then),
      vault.totalSupply!(then),
    ])) as [bigint, { bid: bigint; ask: bigint }, bigint];
    const sent = await vaultAs(keel, user).getFunction(method)(amount, ...rest);
    const receipt = await sent.wait();
    const moved = receipt.logs
      .map((log: never) => vault.interface.parseLog(log))
      .find((log: { name: string } | null) => log?.name === "Deposit" || log?.name === "Withdraw");
    const { assets, shares } = moved.args as { assets: bigint; shares: bigint };
    expect(method === "deposit" || method === "redeem" ? amount : promised, `${method} preview`).to.equal(
      method === "deposit" || method === "withdraw"
        ? method === "deposit"
          ? assets
          : shares
        : method === "mint"
          ? assets
          : shares,
    );
    expect(method === "deposit" || method === "withdraw" ? shares : assets, `${method} preview`).to.equal(
      promised,
    );
    const all = supply + OFFSET;
    // Who enters gets no more than the ask buys, who leaves no more than the bid pays: less than a unit less.
    const [given, worth] =
      method === "deposit" || method === "mint"
        ? [shares * (floored(value.ask) + 1n), assets * all]
        : [assets * all, shares * (floored(value.bid) + 1n)];
    expect(given <= worth, `${method} rounds to the caller`).to.equal(true);
  };

  const request = async () => {
    const user = dice.pick(life.depositors);
    const held = (await vault.balanceOf!(user.address)) as bigint;
    const shares = dice.chance(0.2) ? 1n : dice.amount(held / 2n);
    if (shares === 0n || shares > held) return;
    await vaultAs(keel, user).requestRedeem!(shares, user.address, user.address);
    const start = life.requests.at(-1)?.end ?? 0n;
    const id = BigInt(life.requests.length);
    life.requests.push({ id, receiver: user.address, start, end: start + shares });
    life.tell(`request ${String(shares)}`);
  };

  const expectReserveHeld = async () => {
    const [marks] = (await vault.status!()) as [{ venueEquity: bigint }];
    const outside = ((await vault.cash!()) as bigint) + marks.venueEquity;
    expect(outside >= ((await vault.hedgeReserve!()) as bigint), "reserve after an instant exit").to.equal(
      true,
    );
  };

  return [
    [4, () => enter("deposit")],
    [2, () => enter("mint")],
    [2, () => leave("redeem")],
    [1, () => leave("withdraw")],
    [2, request],
  ];
}

function floored(value: bigint): bigint {
  return value > 0n ? value : 0n;
}
