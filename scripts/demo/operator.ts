import { createPublicClient, custom } from "viem";

import { createSnapshotReader } from "../../keeper/chain/snapshot.ts";
import type { Calibration } from "../../keeper/config/schema.ts";
import { poolCost } from "../../keeper/market/poolCost.ts";
import { calibrateRiskAversion } from "../../keeper/math/calibration.ts";
import { fromWad } from "../../keeper/math/units.ts";
import type { Stage } from "./stage.ts";

/** P&L standard deviation the operator is willing to carry, as a share of net assets per root year. */
const RISK_TARGET = 0.01;
/** Gas of a rebalance at the reference conditions; the keeper itself estimates every one. */
const REFERENCE_GAS = 800_000;
/** |drift| at which the operator wants action whatever it costs, as a share of one series. */
const DELTA_LIMIT = 0.8;

/** What the one who runs the keeper decides, in the terms of its configuration. */
export interface OperatorSettings {
  /** Absolute risk aversion, 1/USD. */
  readonly riskAversion: number;
  /** The conditions it was calibrated at. */
  readonly calibration: Calibration;
  /** ETH. */
  readonly limits: { readonly delta: number };
}

/**
 * Risk aversion from the operator's target, once, at the conditions of the stage as it stands.
 * @param market volatility annualised as a fraction, base fee in wei.
 */
export async function chooseSettings(
  stage: Stage,
  market: { readonly volatility: number; readonly baseFee: bigint },
): Promise<OperatorSettings> {
  const client = createPublicClient({ transport: custom(stage.connection.provider) });
  const { hash } = await client.getBlock();
  const snapshot = await createSnapshotReader(client, stage.contracts.Lens, stage.contracts.Vault)(hash);
  const spot = fromWad(snapshot.price);
  const { feeRate, kappa } = poolCost({
    price: fromWad(snapshot.poolPrice),
    liquidity: Number(snapshot.poolLiquidity),
    fee: snapshot.poolFee,
  });
  const calibration = {
    pnlDeviation: (RISK_TARGET * Number(snapshot.nav)) / 1e6,
    spot,
    sigma: market.volatility,
    gamma: Math.abs(fromWad(snapshot.book.gamma)),
    gasUsd: (REFERENCE_GAS * Number(market.baseFee) * spot) / 1e18,
    feeRate,
    kappa,
  };
  const { pnlDeviation: targetStd, gamma: gammaCap, ...rest } = calibration;
  return {
    riskAversion: calibrateRiskAversion({ targetStd, gammaCap, ...rest }),
    calibration,
    limits: { delta: (DELTA_LIMIT * Number(stage.quantity)) / 1e18 },
  };
}
