import { rangeOf, walk, type AstNode, type ParsedProject, type ParsedSource, type Range } from "./ast.ts";

export type MutationKind = "never reverts" | "comparison" | "rounding";

/** One change to one expression, and how a source carries it beside the original. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** The function it is in, or "constructor". */
  readonly inFunction: string;
  readonly kind: MutationKind;
  /** Source text of the expression, on one line. */
  readonly text: string;
  /** What it becomes, in short. */
  readonly becomes: string;
  readonly range: Range;
  readonly form: Form;
}

/** How the switched source is put together; ranges are bytes of the original. */
export type Form =
  /** A condition that the mutant forces: never true before a revert, always true in a require. */
  | { readonly type: "force"; readonly value: boolean }
  /** The expression with `at` replaced by `by`. */
  | { readonly type: "replace"; readonly at: Range; readonly by: string }
  /** The arithmetic `left operator right` in place of a function that rounds or stops at zero. */
  | { readonly type: "operator"; readonly left: Range; readonly right: Range; readonly operator: string }
  /** `call(…)` with one more argument. */
  | { readonly type: "append"; readonly argument: string }
  /** In assembly: `left` and `right` equal flips the outcome. `before` is where its block starts. */
  | { readonly type: "yul"; readonly left: Range; readonly right: Range; readonly before: number };

const COMPARISONS: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
};
const YUL_COMPARISONS = new Set(["lt", "gt", "slt", "sgt", "eq"]);
/** Functions that round, or stop at zero, and the operator that does not. */
const AS_OPERATOR: Readonly<Record<string, string>> = {
  ceilDiv: "/",
  divUp: "/",
  zeroFloorSub: "-",
  saturatingSub: "-",
};
const ROUNDING: Readonly<Record<string, string>> = {
  Ceil: "Floor",
  Floor: "Ceil",
  Expand: "Trunc",
  Trunc: "Expand",
};

/** Every require, comparison and rounding of the sources, one mutant each, in the order of the text. */
export function findMutants(project: ParsedProject): Mutant[] {
  return project.sources.flatMap((source) => {
    const found: Mutant[] = [];
    walk(source.ast, (node, above) => {
      for (const mutation of mutationsOf(node, above, source, project)) found.push(mutation);
    });
    return found.sort((a, b) => a.range.start - b.range.start || b.range.end - a.range.end);
  });
}

function* mutationsOf(
  node: AstNode,
  above: readonly AstNode[],
  source: ParsedSource,
  project: ParsedProject,
): Generator<Mutant> {
  const make = (kind: MutationKind, at: AstNode, becomes: string, form: Form): Mutant => {
    const range = rangeOf(at);
    return {
      file: source.file,
      line: source.text.subarray(0, range.start).toString("utf8").split("\n").length,
      inFunction: functionOf(above),
      kind,
      text: textOf(source, range).replaceAll(/\s+/g, " "),
      becomes,
      range,
      form,
    };
  };
  switch (node.nodeType) {
    case "IfStatement": {
      const condition = node["condition"] as AstNode;
      if (isRevert(node["trueBody"] as AstNode)) {
        yield make("never reverts", condition, "false", { type: "force", value: false });
      } else if (node["falseBody"] != null && isRevert(node["falseBody"] as AstNode)) {
        yield make("never reverts", condition, "true", { type: "force", value: true });
      }
      return;
    }
    case "BinaryOperation": {
      const operator = node["operator"] as string;
      const by = COMPARISONS[operator];
      if (by === undefined) return;
      const gap = {
        start: rangeOf(node["leftExpression"] as AstNode).end,
        end: rangeOf(node["rightExpression"] as AstNode).start,
      };
      const start = gap.start + textOf(source, gap).indexOf(operator);
      const at = { start, end: start + operator.length };
      yield make("comparison", node, by, { type: "replace", at, by });
      return;
    }
    case "FunctionCall":
      yield* callMutations(node, source, project, make);
      return;
    case "MemberAccess": {
      const by = ROUNDING[node["memberName"] as string];
      const type = (node["typeDescriptions"] as { typeString?: string }).typeString;
      if (by === undefined || type !== "enum Math.Rounding") return;
      const { end } = rangeOf(node);
      const at = { start: end - (node["memberName"] as string).length, end };
      yield make("rounding", node, by, { type: "replace", at, by });
      return;
    }
    case "YulFunctionCall": {
      const { name } = node["functionName"] as unknown as { name: string };
      if (!YUL_COMPARISONS.has(name)) return;
      const [left, right] = (node["arguments"] as AstNode[]).map(rangeOf) as [Range, Range];
      const block = above.find(({ nodeType }) => nodeType === "InlineAssembly")!;
      const form = { type: "yul", left, right, before: rangeOf(block).start } as const;
      yield make("comparison", node, name === "eq" ? "not eq" : `${name} or eq`, form);
    }
  }
}

function* callMutations(
  node: AstNode,
  source: ParsedSource,
  { functions, siblings }: ParsedProject,
  make: (kind: MutationKind, at: AstNode, becomes: string, form: Form) => Mutant,
): Generator<Mutant> {
  const callee = node["expression"] as AstNode;
  const args = node["arguments"] as AstNode[];
  const name = (callee["memberName"] ?? callee["name"]) as string | undefined;
  if (name === undefined) return;
  if (callee.nodeType === "Identifier" && (name === "require" || name === "assert")) {
    yield make("never reverts", args[0]!, "true", { type: "force", value: true });
    return;
  }
  const declaration = functions.get(callee["referencedDeclaration"] as number);
  if (declaration === undefined) return;

  const operator = AS_OPERATOR[name];
  if (operator !== undefined) {
    // `a.f(b)` or `Library.f(a, b)`.
    const [left, right] = args.length === 1 ? [callee["expression"] as AstNode, args[0]!] : args;
    const form = { type: "operator", left: rangeOf(left!), right: rangeOf(right!), operator } as const;
    yield make("rounding", node, operator, form);
    return;
  }
  const countOf = (one: AstNode) =>
    (one["parameters"] as unknown as { parameters: readonly unknown[] }).parameters.length;
  const count = countOf(declaration);
  const beside = siblings.get(declaration.id!)!;
  const twin = twinNames(name).find((candidate) =>
    beside.some((one) => one["name"] === candidate && countOf(one) === count),
  );
  if (twin !== undefined) {
    const { end } = rangeOf(callee);
    yield make("rounding", node, twin, {
      type: "replace",
      at: { start: end - name.length, end },
      by: twin,
    });
  } else if (name === "mulDiv" && count === 3 && textOf(source, rangeOf(callee)) === "Math.mulDiv") {
    yield make("rounding", node, "Ceil", { type: "append", argument: "Math.Rounding.Ceil" });
  }
}

/** The names the function that rounds the other way may have. */
function twinNames(name: string): string[] {
  if (name.endsWith("Up")) return [name.slice(0, -2), `${name.slice(0, -2)}Down`];
  if (name.endsWith("Down")) return [`${name.slice(0, -4)}Up`];
  return [`${name}Up`];
}

/** Whether a body does nothing in the end but revert. */
function isRevert(body: AstNode): boolean {
  if (body.nodeType === "RevertStatement") return true;
  if (body.nodeType === "Block") {
    const last = (body["statements"] as AstNode[]).at(-1);
    return last !== undefined && isRevert(last);
  }
  if (body.nodeType !== "ExpressionStatement") return false;
  const call = body["expression"] as AstNode;
  return call.nodeType === "FunctionCall" && (call["expression"] as AstNode)["name"] === "revert";
}

function functionOf(above: readonly AstNode[]): string {
  const own = above.findLast(
    ({ nodeType }) => nodeType === "FunctionDefinition" || nodeType === "ModifierDefinition",
  );
  if (own === undefined) return "";
  return (own["kind"] as string) === "constructor" ? "constructor" : (own["name"] as string);
}

function textOf({ text }: ParsedSource, { start, end }: Range): string {
  return text.subarray(start, end).toString("utf8");
}
