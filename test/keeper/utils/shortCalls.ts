import { DAY, keelFixture, seriesId, USDC, WAD } from "../../contracts/utils/keel.ts";

/** A vault of 5,000,000 USDC that has sold 100 calls of that strike, in USDC per ETH, capped at 6,000, for a week. */
export async function shortCalls(strike: number, options: { readonly chainId?: number } = {}) {
  const keel = await keelFixture(options);
  await keel.deposit(keel.alice, 5_000_000n * USDC);
  const expiry = (await keel.networkHelpers.time.latest()) + 7 * DAY;
  const series = seriesId({ isPut: false, strike, cap: 6_000, expiry });
  await keel.buy(keel.taker, series, 100n * WAD);
  return { keel, series };
}
