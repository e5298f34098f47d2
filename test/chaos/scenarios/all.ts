import type { Scenario, Series } from "../scenario.ts";
import { chain, reorgs } from "./chain.ts";
import { clock } from "./clock.ts";
import { database } from "./database.ts";
import { fleet } from "./fleet.ts";
import { interruptions, steps } from "./interruptions.ts";
import { relay } from "./relay.ts";
import { rpc } from "./rpc.ts";

export const scenarios: readonly Scenario[] = [
  ...steps,
  ...rpc,
  ...chain,
  ...reorgs,
  ...database,
  ...fleet,
  ...clock,
  ...relay,
];

export const series: readonly Series[] = interruptions;
