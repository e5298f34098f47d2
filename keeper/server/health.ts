import type { FleetStatus } from "../fleet/status.ts";

/** Heads a chain may miss before it counts as stalled. */
export const MISSED_HEADS = 3;
/** Cycles in a row that may throw before a vault counts as failing. */
export const FAILED_CYCLES = 5;
/** Seconds for which the event loop may stand still: no chain's answer is worth waiting so long for. */
export const LONGEST_STALL = 5;

/** Whether a chain's head is overdue. Ages are of this machine's clock, so a chain whose own clock is off is not stalled. */
export function isStalled({ headAge, headInterval }: FleetStatus["chains"][number]): boolean {
  return headAge > MISSED_HEADS * headInterval;
}

/**
 * Why the process should be looked after, one sentence each; none while it is healthy.
 * @param loopDelay Seconds: the longest standstill of the event loop of late.
 */
export function unhealthy(status: FleetStatus, loopDelay: number): string[] {
  const { chains, vaults, database } = status;
  return [
    ...chains
      .filter(isStalled)
      .map(
        ({ chainId, headAge, headInterval }) =>
          `Chain ${String(chainId)} has shown no new head for ${seconds(headAge)}, where one is due every ${seconds(headInterval)}.`,
      ),
    ...vaults
      .filter(({ failures }) => failures >= FAILED_CYCLES)
      .map(({ name, failures }) => `The vault ${name} has failed its last ${String(failures)} cycles.`),
    ...(database.reachable ? [] : ["The database cannot be reached."]),
    ...(loopDelay > LONGEST_STALL ? [`The event loop stood still for ${seconds(loopDelay)}.`] : []),
  ];
}

/** What still has to happen before the process does its work, one sentence each; a standby is ready to take over. */
export function notReady({ vaults, lanes, chains }: FleetStatus): string[] {
  return [
    ...(vaults.length === 0 ? ["No vault has started."] : []),
    ...chains
      .filter(({ head }) => head === null)
      .map(({ chainId }) => `Chain ${String(chainId)} has not shown a head yet.`),
    ...lanes
      .filter(({ lease, reconciled }) => lease === "held" && !reconciled)
      .map(
        ({ chainId, account }) => `The account ${account} on chain ${String(chainId)} is not reconciled yet.`,
      ),
  ];
}

/** To the tenth, and below a second to two digits: heads of a fast chain are due every few hundredths. */
function seconds(value: number): string {
  return `${String(value < 1 ? Number(value.toPrecision(2)) : Math.round(value * 10) / 10)} s`;
}
