/** When a feed's oracles write a new round. */
export interface RoundRule {
  /** Relative move from the last answer. */
  readonly deviation: number;
  /** Seconds after the last round. */
  readonly heartbeat: number;
}

/** The published parameters of the two feeds on mainnet. */
export const ETH_USD_RULE: RoundRule = { deviation: 0.005, heartbeat: 3600 };
export const USDC_USD_RULE: RoundRule = { deviation: 0.0025, heartbeat: 86_400 };

export interface Round {
  /** USD. */
  readonly answer: number;
  /** Unix seconds. */
  readonly updatedAt: number;
}

/** Whether a round is due in a block at `timestamp` (unix seconds) while the market is at `price` (USD). */
export function isRoundDue(rule: RoundRule, last: Round, price: number, timestamp: number): boolean {
  const isMoved = Math.abs(price - last.answer) >= rule.deviation * last.answer;
  return isMoved || timestamp - last.updatedAt >= rule.heartbeat;
}
