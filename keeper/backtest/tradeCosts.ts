import { poolCost } from "../market/poolCost.ts";
import type { Costs } from "./scenario.ts";

const ETH_PER_GWEI = 1e-9;
const FEE_UNIT = 1e6;

/** What a rebalance costs at a moment: its gas, USD; the fee, USD per ETH; the impact, USD per ETH². */
export interface RebalanceCosts {
  readonly gasUsd: number;
  readonly feePerEth: number;
  readonly kappa: number;
}

/** @param gwei Price of gas. @param price USD per ETH. */
export function rebalanceCosts(costs: Costs, gwei: number, price: number): RebalanceCosts {
  const { gasUnits, feeRate, kappa, liquidity } = costs;
  const ofPool = () => poolCost({ price, liquidity: liquidity!, fee: feeRate * FEE_UNIT }).kappa;
  return {
    gasUsd: gasUnits * gwei * ETH_PER_GWEI * price,
    feePerEth: feeRate * price,
    kappa: kappa ?? (liquidity === null ? 0 : ofPool()),
  };
}
