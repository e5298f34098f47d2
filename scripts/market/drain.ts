import { encodeFunctionData, type Hex } from "viem";

import { ABIS } from "../localMainnet/abis.ts";
import type { LocalMainnet } from "../localMainnet/bootLocalMainnet.ts";

/** The share of the pool's liquidity that leaves, as a fraction of 10. */
const DRAINED_TENTHS = 9n;
const NO_DEADLINE = 2n ** 40n;

/** Calls to the position manager, by the liquidity provider, that take 90 % of the pool's liquidity away. */
export function drainCalls({ positions }: LocalMainnet): Hex[] {
  return positions.map(({ tokenId, liquidity }) =>
    encodeFunctionData({
      abi: ABIS.positionManager,
      functionName: "decreaseLiquidity",
      args: [
        {
          tokenId,
          liquidity: (liquidity * DRAINED_TENTHS) / 10n,
          amount0Min: 0n,
          amount1Min: 0n,
          deadline: NO_DEADLINE,
        },
      ],
    }),
  );
}
