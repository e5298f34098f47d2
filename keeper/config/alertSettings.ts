import { z } from "zod";

const seconds = z.number().positive();

/** When the operator is told. The webhook itself is a secret, and comes from KEEL_ALERT_WEBHOOK. */
export const alertsSchema = z.strictObject({
  /** Seconds for which drift may be past its limit: the rebalance that ends it needs a block or two. */
  driftAfter: z.number().nonnegative().default(60),
  /** Seconds after which a wish to trade that nothing has answered is a missed rebalance. */
  missedAfter: seconds.default(300),
  /** Seconds after which a pending transaction is stuck. */
  stuckAfter: seconds.default(300),
  /** Rebalances at the current gas price that a balance should pay for. */
  balanceRebalances: z.number().positive().default(10),
  /** Seconds for which something that happened once stays an open alert. */
  recent: seconds.default(600),
  /** Seconds for which a trouble must be gone before it counts as over, so that one that comes and goes is told once. */
  clearAfter: z.number().nonnegative().default(60),
  /** Seconds after which an alert that is still open is told again. */
  repeatAfter: seconds.default(14_400),
});

export type AlertSettings = z.infer<typeof alertsSchema>;
