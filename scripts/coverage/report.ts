import { stripVTControlCharacters } from "node:util";

/** What a run reached of one file, or of all; percentages. */
export interface Coverage {
  readonly name: string;
  readonly lines: number;
  readonly statements: number;
}

export interface CoverageReport {
  readonly files: readonly Coverage[];
  readonly total: Coverage;
}

const ROW = /^║\s*(\S+)\s*│\s*([\d.]+)\s*│\s*([\d.]+)\s*│/;

/**
 * Reads the table Hardhat prints: its tracefile has no statements.
 * @throws Error when the output has none.
 */
export function parseReport(output: string): CoverageReport {
  const rows = stripVTControlCharacters(output)
    .split("\n")
    .map((line) => ROW.exec(line))
    .filter((row) => row !== null)
    .map(([, name, lines, statements]) => ({
      name: name!,
      lines: Number(lines),
      statements: Number(statements),
    }));
  const total = rows.find(({ name }) => name === "Total");
  if (total === undefined) throw new Error("Hardhat printed no coverage report");
  return { files: rows.filter((row) => row !== total), total };
}

/** `file:line` of each line that no test reached, from the tracefile: one `SF` a file, one `DA:line,count` a line. */
export function uncoveredLines(tracefile: string): string[] {
  return tracefile.split("end_of_record").flatMap((section) => {
    const file = /^SF:(.*)$/m.exec(section)?.[1];
    if (file === undefined) return [];
    return [...section.matchAll(/^DA:(\d+),0$/gm)]
      .map(([, line]) => Number(line))
      .sort((a, b) => a - b)
      .map((line) => `${file}:${String(line)}`);
  });
}
