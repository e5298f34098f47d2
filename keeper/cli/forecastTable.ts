import type { Race } from "../forecast/race.ts";
import type { Skill } from "../forecast/skill.ts";
import { plainTable } from "./plainTable.ts";

/** One kind of forecast: what is printed of it, and what is written as JSON. */
export interface ForecastSection {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What stands in a race's table beside the skill. */
export interface RaceTable<Value> {
  readonly title: string;
  readonly races: readonly Race<Value>[];
  /** Head of the column with each entrant's forecast from the last moment on. */
  readonly nextHead: string;
  showNext(value: Value): string;
}

/** One block of rows for each horizon: the naive forecast, every entrant, and what picking from the past came to. */
export function renderRaces<Value>({ title, races, nextHead, showNext }: RaceTable<Value>): string {
  const table = plainTable(["", "n", "loss", "rmse", "R²", "t", nextHead, ""], {
    aligns: ["left", ...Array<"right">(6).fill("right"), "left"],
  });
  for (const { horizon, naive, skills, challenges, picking, pick, next } of races) {
    const [any] = skills;
    const shown = (name: string): string => {
      const value = next[name];
      return value === undefined ? "-" : showNext(value);
    };
    const mark = (name: string): string => {
      const challenge = challenges.find(({ model }) => model === name);
      const against = challenge && `t ${challenge.t.toFixed(1)} against ${challenge.naive}`;
      return [...(name === pick ? ["used"] : []), ...(against === undefined ? [] : [against])].join(", ");
    };
    table.push(
      [`${horizon} ahead`, "", "", "", "", "", "", ""],
      [
        ...[
          `  ${naive} (naive)`,
          count(any!),
          any!.naiveLoss.toFixed(4),
          any!.naiveRmse.toFixed(3),
          "0",
          "-",
        ],
        ...[shown(naive), mark(naive)],
      ],
      ...skills.map((skill) => [...cells(skill), shown(skill.model), mark(skill.model)]),
    );
    if (picking !== undefined) table.push([...cells(picking), "", `naive: ${picking.naiveLoss.toFixed(4)}`]);
  }
  return `${title}\n${table.toString()}`;
}

function cells(skill: Skill): string[] {
  return [
    `  ${skill.model}`,
    count(skill),
    skill.loss.toFixed(4),
    skill.rmse.toFixed(3),
    skill.r2.toFixed(3),
    skill.t.toFixed(1),
  ];
}

function count({ count: n }: Skill): string {
  return n.toLocaleString("en-US");
}
