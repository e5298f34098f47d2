import { writeFileSync } from "node:fs";

import { LEARNED } from "../forecast/learner.ts";
import { InputError } from "../history/inputError.ts";
import { checkWritable } from "./checkWritable.ts";
import type { ForecastFlags } from "./forecast.ts";
import { baseFeeSections } from "./forecastBaseFee.ts";
import { depthSections } from "./forecastDepth.ts";
import type { ForecastSection } from "./forecastTable.ts";
import { volatilitySections } from "./forecastVolatility.ts";

export interface ForecastStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

const EXIT = { done: 0, badInput: 2 } as const;

/** Forecasts what the flags have files for. @returns The exit code; what cannot be used is one line on `stderr`. */
export function runForecast(flags: ForecastFlags, { stdout, stderr }: ForecastStreams): number {
  const { prices, dvol, gas, pool, learned = false, json } = flags;
  try {
    if (dvol !== undefined && prices === undefined) throw new InputError("--dvol needs --prices");
    checkWritable("--json", json);
    const sections: ForecastSection[] = [];
    if (prices !== undefined) sections.push(...volatilitySections(prices, dvol, learned));
    if (gas !== undefined) sections.push(...baseFeeSections(gas, learned));
    if (pool !== undefined) sections.push(...depthSections(pool, learned));
    if (sections.length === 0) throw new InputError("give at least one of --prices, --gas and --pool");
    const made = { version: 1, ...(learned ? { learned: LEARNED } : {}) };
    const whole = Object.assign(made, ...sections.map((section) => section.json)) as object;
    const asJson = `${JSON.stringify(whole, null, 2)}\n`;
    if (json !== undefined && json !== "-") writeFileSync(json, asJson);
    stdout.write(json === "-" ? asJson : `${sections.map(({ text }) => text).join("\n\n")}\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    stderr.write(`forecast: ${error.message}\n`);
    return EXIT.badInput;
  }
}
