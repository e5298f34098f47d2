import { html } from "hono/html";

import type { Html } from "./html.ts";

/** Steps of a colour scale; the style sheet has a class for each. */
const STEPS = 10;

export interface HeatCell {
  readonly value: number;
  /** As it is shown. */
  readonly text: string;
  /** What else there is to say of it. */
  readonly hint?: string;
}

export interface HeatMap {
  readonly caption: string;
  /** What the colours mean. */
  readonly legend: string;
  /** Heading of the row names. */
  readonly corner: string;
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    /** Class of the strategy's colour, when the row is a strategy. */
    readonly mark?: Html | "";
    /** Null where there is nothing. */
    readonly cells: readonly (HeatCell | null)[];
    /** A row that is no part of the scale. */
    readonly isPlain?: true;
  }[];
  /** `linear` and `log`: the more, the stronger. `signed`: two colours, zero between them. */
  readonly scale: "linear" | "log" | "signed";
  /** Ends of the scale; by default the least and the most there is. */
  readonly range?: readonly [number, number];
}

/** A table whose cells are coloured by their value: it reads as a table without the colours. */
export function heatMap({ caption, legend, corner, columns, rows, scale, range }: HeatMap): Html {
  const values = rows
    .filter(({ isPlain }) => isPlain !== true)
    .flatMap(({ cells }) => cells.flatMap((cell) => (cell === null ? [] : [cell.value])))
    .filter(Number.isFinite);
  const classOf = shader(scale, range ?? [Math.min(...values), Math.max(...values)]);
  return html`<figure class="heat">
    <figcaption>${caption} <span class="note">${legend}</span></figcaption>
    <div class="scroll" tabindex="0" role="region" aria-label="${caption}">
      <table>
        <thead>
          <tr>
            <th scope="col">${corner}</th>
            ${columns.map((column) => html`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ name, mark, cells, isPlain }) =>
              html`<tr>
                <th scope="row">${mark ?? ""}${name}</th>
                ${cells.map((cell) =>
                  cell === null
                    ? html`<td class="none">–</td>`
                    : html`<td
                        class="${isPlain === true ? "plain" : classOf(cell.value)}"
                        data-v="${cell.value}"
                        title="${cell.hint ?? ""}"
                      >
                        ${cell.text}
                      </td>`,
                )}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </figure>`;
}

function shader(scale: HeatMap["scale"], [low, high]: readonly [number, number]): (value: number) => string {
  if (scale === "signed") {
    const most = Math.max(Math.abs(low), Math.abs(high));
    return (value) => {
      if (!Number.isFinite(value)) return "none";
      const step = most === 0 ? 0 : Math.round((Math.abs(value) / most) * (STEPS - 1));
      return step === 0 ? "q0" : `${value < 0 ? "n" : "p"}${String(step)}`;
    };
  }
  const place = scale === "log" ? Math.log : (value: number) => value;
  const from = place(low);
  const width = place(high) - from;
  return (value) => {
    if (Number.isNaN(value)) return "none";
    const clamped = Math.min(high, Math.max(low, value));
    const step = width > 0 ? Math.round(((place(clamped) - from) / width) * (STEPS - 1)) : 0;
    return `q${String(step)}`;
  };
}
