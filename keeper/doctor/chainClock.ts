import type { Head } from "../chain/head.ts";
import { passed, seconds, warned, type Check } from "./check.ts";

/** Seconds that two clocks may be apart. */
export const CLOCK_SLACK = 2;

/** Whether the chain's clock is ahead of this machine's: a block cannot come from the future. @param now Unix seconds, when the head was read. */
export function checkChainClock(head: Head, chain: string, now: number): Check {
  const name = `${chain}: clock`;
  const ahead = Number(head.timestamp) - now;
  if (ahead <= CLOCK_SLACK) return passed(name, `the newest block is ${seconds(Math.max(0, -ahead))} old`);
  return warned(
    name,
    `the newest block is ${seconds(ahead)} in this machine's future`,
    "set this machine's clock (chrony, systemd-timesyncd): alerts measure ages with it",
  );
}
