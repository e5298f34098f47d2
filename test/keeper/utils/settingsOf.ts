import type { z } from "zod";

/** A setting as the schema has it. */
export interface Setting {
  /** Dotted, `params.seconds` of a strategy under its name: `strategy.time.seconds`. */
  readonly key: string;
  /** JSON of its default; null where it is required, undefined where it may be absent. */
  readonly value: string | null | undefined;
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}

/** Every setting of an object's schema, nested ones too. */
export function settingsOf(schema: z.ZodType, path = ""): Setting[] {
  return Object.entries(definitionOf(schema).shape ?? {}).flatMap(([name, field]) => {
    const key = path === "" ? name : `${path}.${name}`;
    const { inner, value } = unwrap(field);
    const definition = definitionOf(inner);
    if (definition.type === "object") return settingsOf(inner, key);
    return [{ key, value }];
  });
}

function unwrap(schema: z.ZodType): { readonly inner: z.ZodType; readonly value: Setting["value"] } {
  const { type, innerType, in: input, defaultValue } = definitionOf(schema);
  if (type === "default" || type === "prefault")
    return { inner: unwrap(innerType!).inner, value: JSON.stringify(defaultValue) };
  if (type === "optional") return { inner: unwrap(innerType!).inner, value: undefined };
  if (type === "pipe") return { inner: unwrap(input!).inner, value: null };
  return { inner: schema, value: null };
}

function definitionOf(schema: z.ZodType): Definition {
  return (schema as unknown as { readonly def: Definition }).def;
}
