// Definitions that are callable: `dense({ units: 10 })` gives complete JSON, and `dense` carries the implementation.
import type { z } from "zod";
import { InvalidInputError, nearestName, UnknownNameError } from "./errors.js";

/** The JSON of one definition: its kind and every option, defaults filled in. */
export type SpecOf<Kind extends string, Options extends z.ZodObject> = { readonly kind: Kind } & Readonly<
  z.output<Options>
>;

export interface Definition<Kind extends string, Options extends z.ZodObject> {
  readonly kind: Kind;
  /** One sentence for help, docs and forms. */
  readonly about: string;
  readonly options: Options;
  /** Makes a spec; options left out take their defaults. Throws InvalidInputError. */
  (options?: z.input<Options>): SpecOf<Kind, Options>;
}

/** Makes a callable definition from its parts; `parts` beyond kind, about and options are the implementation. */
export function define<Kind extends string, Options extends z.ZodObject, Parts extends object>(
  parts: { readonly kind: Kind; readonly about: string; readonly options: Options } & Parts,
): Definition<Kind, Options> & Parts {
  const make = (options: z.input<Options> | undefined): SpecOf<Kind, Options> =>
    ({ kind: parts.kind, ...parseOptions(parts.kind, parts.options, options ?? {}) }) as SpecOf<Kind, Options>;
  return Object.assign(make, parts);
}

/**
 * Reads a spec that came from outside: finds the definition by `kind` and checks the options.
 * @param where path in the user's words, for messages: `model.layers[2]`.
 */
export function readSpec<D extends { readonly kind: string; readonly options: z.ZodObject }>(
  where: string,
  what: string,
  table: Readonly<Record<string, D>>,
  spec: unknown,
): { definition: D; spec: { readonly kind: string } & Readonly<Record<string, unknown>> } {
  if (
    typeof spec !== "object" ||
    spec === null ||
    Array.isArray(spec) ||
    !("kind" in spec) ||
    typeof spec.kind !== "string"
  ) {
    throw new InvalidInputError(`not a ${what} spec`, {
      where,
      expected: `an object with "kind", one of ${Object.keys(table).join(", ")}`,
      received: JSON.stringify(spec)?.slice(0, 80) ?? "nothing",
    });
  }
  const { kind, ...options } = spec as { kind: string };
  if (!Object.hasOwn(table, kind)) throw new UnknownNameError(where, what, kind, Object.keys(table));
  const definition = table[kind];
  return { definition, spec: { kind, ...parseOptions(`${where} (${kind})`, definition.options, options) } };
}

function parseOptions(where: string, options: z.ZodObject, given: unknown): Record<string, unknown> {
  const result = options.strict().safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue.path.length === 0 ? where : `${where}.${issue.path.join(".")}`;
  if (issue.code === "unrecognized_keys") {
    const valid = Object.keys(options.shape);
    const nearest = nearestName(issue.keys[0], valid);
    throw new InvalidInputError(`unknown option "${issue.keys[0]}"`, {
      where,
      remedy: `${nearest === undefined ? "" : `Did you mean "${nearest}"? `}Valid: ${valid.join(", ")}`,
    });
  }
  throw new InvalidInputError(lowerFirst(issue.message), {
    where: path,
    received: JSON.stringify(valueAt(given, issue.path)) ?? "nothing",
  });
}

function lowerFirst(text: string): string {
  return text
    .replace(/^Invalid input: /, "")
    .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
    .replace(/, received.*$/, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) current = (current as Record<PropertyKey, unknown> | undefined)?.[key];
  return current;
}
