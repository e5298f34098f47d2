import type { DutyFields } from "../config/schema.ts";
import { BreachDuty } from "./breach.ts";
import { Duties, type DutiesOptions } from "./duties.ts";
import { QueueDuty } from "./queue.ts";
import { SettleDuty } from "./settle.ts";

/** The duties that the settings ask for; null where they ask for none. */
export function createDuties(
  settings: DutyFields,
  options: Omit<DutiesOptions, "duties" | "gasUsd">,
): Duties | null {
  const { client, vault } = options;
  const { settle, queue, breach, gasUsd, minQueueUsd } = settings;
  const duties = [
    ...(breach ? [new BreachDuty(client, vault)] : []),
    ...(settle ? [new SettleDuty(client, vault)] : []),
    ...(queue ? [new QueueDuty(client, vault, minQueueUsd)] : []),
  ];
  return duties.length === 0 ? null : new Duties({ ...options, duties, gasUsd });
}
