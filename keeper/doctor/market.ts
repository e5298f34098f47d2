import type { Snapshot } from "../chain/snapshot.ts";
import { failed, passed, seconds, warned, type Check } from "./check.ts";

/** Whether the oracle is fit for a hedge. @param now Unix seconds of the chain. */
export function checkOracle(subject: string, snapshot: Snapshot, now: number): Check {
  const name = `${subject}: oracle`;
  const { price, poolLiquidity, fresh, open, priceUpdatedAt, surfacePostedAt } = snapshot;
  const wait = "nothing can be hedged meanwhile; see the feed of ETH/USD (data.chain.link), and the pool";
  if (price === 0n) return failed(name, "it has no price", wait);
  if (poolLiquidity === 0n) return failed(name, "the pool the venues trade in has no liquidity", wait);
  const ages = `price ${seconds(now - Number(priceUpdatedAt))} old, surface ${seconds(now - Number(surfacePostedAt))} old`;
  if (!fresh) return failed(name, `its price is stale: ${ages}`, wait);
  if (!open) {
    return warned(
      name,
      `fit only for less drift or debt: ${ages}`,
      "see whether the surface was posted in time, pool and feed agree, and USDC holds its peg",
    );
  }
  return passed(name, `fresh and open; ${ages}`);
}

/** Whether the vault does all its business. A keeper goes on hedging one that does not. */
export function checkBusiness(subject: string, { paused }: Snapshot, isShutDown: boolean): Check {
  const name = `${subject}: business`;
  if (isShutDown) {
    return warned(
      name,
      "shut down for good: it only winds down",
      "let the keeper run until no option is left; then take the vault out of the settings",
    );
  }
  if (paused) {
    return warned(
      name,
      "paused by the guardian: no entry, no writing; it is hedged all the same",
      "ask the guardian why; the admin unpauses, after its delay",
    );
  }
  return passed(name, "open: neither paused nor shut down");
}
