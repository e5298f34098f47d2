import Table from "cli-table3";

const NO_LINES = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
    ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid"],
  ].map((place) => [place, ""]),
);

export interface PlainTableOptions {
  /** Of each column; those that are not named are aligned to the right. */
  readonly aligns: readonly ("left" | "right")[];
  /** What the line under the head is drawn with; default none. */
  readonly rule?: string;
}

/** A table without lines but, if one is wanted, that under its head. */
export function plainTable(head: string[], { aligns, rule = "" }: PlainTableOptions): Table.Table {
  return new Table({
    head,
    colAligns: head.map((_, column) => aligns[column] ?? "right"),
    chars: { ...NO_LINES, mid: rule, "mid-mid": rule, middle: " " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1, compact: true },
  });
}
