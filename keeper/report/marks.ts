import { html } from "hono/html";

import type { Html } from "./html.ts";

/** Colours there are; further strategies have them again with another shape and dash. */
const COLOURS = 8;

/** Shapes about the origin, some 10 across, so that colour is not all that tells strategies apart. */
const SHAPES = [
  "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z",
  "M-4.5-4.5h9v9h-9Z",
  "M0-6L5.5 4.5h-11Z",
  "M0-6L6 0L0 6L-6 0Z",
  "M0 6L-5.5-4.5h11Z",
  "M-1.8-5.5h3.6v3.7h3.7v3.6h-3.7v3.7h-3.6v-3.7h-3.7v-3.6h3.7Z",
  "M-5.5-2h11v4h-11Z",
  "M-2-5.5h4v11h-4Z",
] as const;

/** Class of a strategy's colour. */
export function colourClass(index: number): string {
  return `c${String(index % COLOURS)}`;
}

/** Outline of a strategy's mark, about the origin. */
export function shapeOf(index: number): string {
  return SHAPES[(index + Math.floor(index / COLOURS)) % SHAPES.length]!;
}

/** A strategy's mark before its name. */
export function mark(index: number): Html {
  return html`<svg class="mark ${colourClass(index)}" viewBox="-7 -7 14 14" aria-hidden="true">
    <path d="${shapeOf(index)}" />
  </svg>`;
}
