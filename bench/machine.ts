import { cpus } from "node:os";

/** What figures were measured on: they mean little without. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** One-minute loads, before and after. */
  readonly load: readonly [number, number];
}

export function thisMachine(load: Machine["load"]): Machine {
  return { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version, load };
}

/** In a line, above the figures. */
export function describeMachine({ cpu, cores, node, load }: Machine): string {
  const loads = load.map((value) => value.toFixed(1)).join(" to ");
  return `${cpu}, ${String(cores)} cores, Node ${node}, load ${loads}`;
}
