import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);

/** A node of solc's tree, or of the Yul tree in an assembly block. */
export interface AstNode {
  readonly nodeType: string;
  readonly src: string;
  readonly id?: number;
  readonly [key: string]: unknown;
}

/** A byte range of a source. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface ParsedSource {
  readonly file: string;
  readonly text: Buffer;
  readonly ast: AstNode;
}

export interface ParsedProject {
  /** Those asked for, in order. */
  readonly sources: readonly ParsedSource[];
  /** Functions by id, of imported packages too. */
  readonly functions: ReadonlyMap<number, AstNode>;
  /** The functions beside a function, itself included: those of its contract or library. */
  readonly siblings: ReadonlyMap<number, readonly AstNode[]>;
}

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly sources: Readonly<Record<string, { readonly ast: AstNode }>>;
}

/** Parses and analyses Solidity files and all they import; nothing is compiled. @throws Error on a source solc refuses. */
export function parseProject(root: string, files: readonly string[]): ParsedProject {
  const solc = require("solc") as {
    compile(
      input: string,
      callbacks: { import(path: string): { contents?: string; error?: string } },
    ): string;
  };
  const read = (path: string): Buffer => {
    for (const base of [root, join(root, "node_modules")]) {
      try {
        return readFileSync(join(base, path));
      } catch {
        // Perhaps a package's.
      }
    }
    throw new Error(`no ${path}`);
  };
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(files.map((file) => [file, { content: read(file).toString("utf8") }])),
    settings: { viaIR: true, evmVersion: "cancun", outputSelection: { "*": { "": ["ast"] } } },
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path).toString("utf8") }) }),
  ) as SolcOutput;
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
  if (errors.length !== 0) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));

  const functions = new Map<number, AstNode>();
  const siblings = new Map<number, readonly AstNode[]>();
  for (const { ast } of Object.values(output.sources)) {
    walk(ast, (node) => {
      if (node.nodeType !== "ContractDefinition") return;
      const own = (node["nodes"] as AstNode[]).filter(({ nodeType }) => nodeType === "FunctionDefinition");
      for (const one of own) {
        functions.set(one.id!, one);
        siblings.set(one.id!, own);
      }
    });
  }
  const sources = files.map((file) => ({ file, text: read(file), ast: output.sources[file]!.ast }));
  return { sources, functions, siblings };
}

/** Visits a node and all below it. @param visit Gets the nodes above too, the nearest last. */
export function walk(
  node: AstNode,
  visit: (node: AstNode, above: readonly AstNode[]) => void,
  above: readonly AstNode[] = [],
): void {
  visit(node, above);
  const path = [...above, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) walk(child, visit, path);
    }
  }
}

/** The bytes of a node; of Yul too. */
export function rangeOf({ src }: AstNode): Range {
  const [start, length] = src.split(":").map(Number) as [number, number];
  return { start, end: start + length };
}

function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}
