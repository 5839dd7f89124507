// Definitions that are callable: `dense({ units: 10 })` gives complete JSON, and `dense` carries the implementation.
import * as z from "zod";
import { InvalidInputError, nearestName } from "./errors.js";
import { kindByName, type Named, optionsByName, valueByName, withArticle } from "./names.js";

/** The JSON of one definition: its kind and every option, defaults filled in. */
export type SpecOf<Kind extends string, Options extends z.ZodObject> = { readonly kind: Kind } & Readonly<
  z.output<Options>
>;

/** What every definition says of itself, beside its implementation. */
export interface Described<Kind extends string, Options extends z.ZodObject> extends Named {
  readonly kind: Kind;
  /** One sentence for help, docs and forms. */
  readonly about: string;
  readonly options: Options;
}

export interface Definition<Kind extends string, Options extends z.ZodObject> extends Described<Kind, Options> {
  /** Makes a spec; options left out take their defaults. Throws InvalidInputError. */
  (options?: z.input<Options>): SpecOf<Kind, Options>;
}

/** Makes a callable definition from its parts; `parts` beyond its description are the implementation. */
export function define<Kind extends string, Options extends z.ZodObject, Parts extends object>(
  parts: Described<Kind, Options> & Parts,
): Definition<Kind, Options> & Parts {
  const make = (options: z.input<Options> | undefined): SpecOf<Kind, Options> =>
    ({ kind: parts.kind, ...parseOptions(parts.kind, parts.options, options ?? {}) }) as SpecOf<Kind, Options>;
  return Object.assign(make, parts);
}

/** What exists of one family, by kind. */
export type DefinitionTable<D extends { readonly kind: string; readonly options: z.ZodObject } = AnyDefinition> =
  Readonly<Record<string, D>>;

interface AnyDefinition extends Named {
  readonly kind: string;
  readonly options: z.ZodObject;
}

/** A spec that came from outside. */
export interface GivenSpec {
  readonly kind: string;
  readonly [option: string]: unknown;
}

/**
 * A spec in our own names: kinds and options that PyTorch or Keras calls otherwise are renamed, and an alias that brings
 * options has them written out. Defaults are not filled in and values are not checked.
 * @param where path in the user's words, for messages: `model.layers[2]`.
 * @throws UnknownNameError | InvalidInputError
 */
export function withOwnNames(where: string, what: string, table: DefinitionTable, spec: unknown): GivenSpec {
  if (
    typeof spec !== "object" ||
    spec === null ||
    Array.isArray(spec) ||
    !("kind" in spec) ||
    typeof spec.kind !== "string"
  ) {
    throw new InvalidInputError(`not ${withArticle(what)} spec`, {
      where,
      expected: `an object with "kind", ${namesText(Object.keys(table))}`,
      received: spec === undefined ? "nothing" : valueText(spec),
    });
  }
  const { kind: name, ...options } = spec as { kind: string };
  if (isDeeperThan(spec, deepestSpec)) {
    throw new InvalidInputError("nested too deeply", { where, expected: `at most ${deepestSpec} levels` });
  }
  const { kind, options: brought } = kindByName({ where, what }, name, table);
  return { kind, ...brought, ...ownOptions(`${where} (${kind})`, table[kind].options, options) };
}

/**
 * Reads a spec that came from outside: finds the definition by `kind` and checks the options. Schemas that are unions or
 * custom checks give the rule as their message: `z.union([...], { error: "a number or a list" })`.
 * @param where path in the user's words, for messages: `model.layers[2]`.
 */
export function readSpec<D extends { readonly kind: string; readonly options: z.ZodObject }>(
  where: string,
  what: string,
  table: DefinitionTable<D>,
  spec: unknown,
): { definition: D; spec: { readonly kind: string } & Readonly<Record<string, unknown>> } {
  const { kind, ...options } = withOwnNames(where, what, table, spec);
  const definition = table[kind];
  return { definition, spec: { kind, ...checkedOptions(`${where} (${kind})`, definition.options, options) } };
}

/** Options by our own names. Unknown ones stay, for the message about them. */
function ownOptions(
  where: string,
  options: z.ZodObject,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const values = new Map<string, unknown>();
  const names = new Map<string, string>();
  const take = (option: string, name: string, value: unknown): void => {
    const before = names.get(option);
    if (before !== undefined) {
      throw new InvalidInputError("one option is given by two names", {
        where,
        expected: `one of "${before}" and "${name}"`,
        received: "both",
      });
    }
    names.set(option, name);
    values.set(option, Object.hasOwn(options.shape, option) ? valueByName(options.shape[option], value) : value);
  };
  for (const [name, value] of Object.entries(given)) {
    const found = optionsByName(options, name);
    const isList = found.some(({ entry }) => entry !== undefined);
    if (isList && (!Array.isArray(value) || value.length !== found.length)) {
      throw new InvalidInputError("", {
        where: `${where}.${name}`,
        expected: `a list of ${found.length}: ${found.map(({ option }) => option).join(", ")}`,
        received: valueText(value),
      });
    }
    if (found.length === 0) take(name, name, value);
    for (const { option, entry } of found)
      take(option, name, entry === undefined ? value : (value as unknown[])[entry]);
  }
  return Object.fromEntries(values);
}

/** All names if fewer than ten; else the first few. */
function namesText(names: readonly string[]): string {
  if (names.length < 10) return `one of ${names.join(", ")}`;
  return `one of ${names.length} such as ${names.slice(0, 3).join(", ")}`;
}

/** Checks options and fills in defaults. @throws InvalidInputError naming the option that does not fit. */
export function parseOptions(where: string, options: z.ZodObject, input: unknown): Record<string, unknown> {
  const isRecord = typeof input === "object" && input !== null && !Array.isArray(input);
  const given = isRecord ? ownOptions(where, options, input as Readonly<Record<string, unknown>>) : input;
  return checkedOptions(where, options, given);
}

function checkedOptions(where: string, options: z.ZodObject, given: unknown): Record<string, unknown> {
  const result = options.strict().safeParse(given);
  if (result.success) return result.data;
  // An unknown option first: a name with a slip is the reason why the right one is missing.
  const issues = result.error.issues;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (issue.code === "unrecognized_keys") {
    const valid = optionsAt(options, given, issue.path);
    const nearest = nearestName(issue.keys[0], valid);
    const list = valid.length === 0 ? "It takes no options" : `Valid: ${valid.join(", ")}`;
    throw new InvalidInputError(`unknown option "${issue.keys[0]}"`, {
      where: placeText(where, issue.path),
      remedy: `${nearest === undefined ? "" : `Did you mean "${nearest}"? `}${list}`,
    });
  }
  const received = valueAt(given, issue.path);
  if (received === undefined) {
    const missing = pathText(issue.path);
    throw new InvalidInputError(`missing option "${missing}"`, { where, expected: expectedText(issue) });
  }
  throw new InvalidInputError("", {
    where: placeText(where, issue.path),
    expected: expectedText(issue),
    received: valueText(received),
  });
}

/** Names of the options of the object at a path: those of a union are those of the member that the object is. */
function optionsAt(schema: z.ZodType, given: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly)
    return optionsAt(schema.unwrap() as z.ZodType, given, path);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const value = (given as Readonly<Record<string, unknown>>)[discriminator];
    const members = schema.options as z.ZodObject[];
    const member = members.find(({ shape }) => (shape[discriminator] as z.ZodType).safeParse(value).success);
    return member === undefined ? [] : optionsAt(member, given, path);
  }
  const [key, ...rest] = path;
  if (schema instanceof z.ZodArray) return optionsAt(schema.element as z.ZodType, valueAt(given, [key]), rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (key === undefined) return Object.keys(schema.shape);
  return optionsAt(schema.shape[key as string] as z.ZodType, valueAt(given, [key]), rest);
}

/** `model.layers[2] (conv2d).kernel` */
function placeText(where: string, path: readonly PropertyKey[]): string {
  const text = pathText(path);
  return text === "" || text.startsWith("[") ? `${where}${text}` : `${where}.${text}`;
}

/** `layers[2].kernel` */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}

const typeNames: Readonly<Record<string, string>> = {
  int: "an integer",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** The broken rule. Unions and custom checks say it themselves, as their message. */
function expectedText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? issue.expected;
    case "too_small":
      return boundText(issue.origin, issue.inclusive === true ? "at least" : "above", issue.minimum);
    case "too_big":
      return boundText(issue.origin, issue.inclusive === true ? "at most" : "below", issue.maximum);
    case "invalid_union":
      return "options" in issue && issue.options !== undefined
        ? `one of ${issue.options.map(valueText).join(", ")}`
        : issue.message;
    case "invalid_value":
      return `one of ${issue.values.map(valueText).join(", ")}`;
    default:
      return issue.message;
  }
}

function boundText(origin: string, relation: string, bound: number | bigint): string {
  return origin === "array" ? `${relation} ${bound} entries` : `a number ${relation} ${bound}`;
}

/** Specs are read by functions that call themselves; deeper ones would exhaust the stack. */
const deepestSpec = 64;

/** Whether there are values in values beyond so many levels. Goes level by level, and sees a shared value once. */
function isDeeperThan(value: unknown, levels: number): boolean {
  let current = new Set([value]);
  for (let level = 0; level <= levels; level++) {
    const next = new Set<unknown>();
    for (const holder of current) {
      if (typeof holder !== "object" || holder === null) continue;
      for (const member of Object.values(holder)) if (typeof member === "object" && member !== null) next.add(member);
    }
    if (next.size === 0) return false;
    current = next;
  }
  return true;
}

/** JSON, shortened; NaN and infinities by their names. */
function valueText(value: unknown): string {
  if (isDeeperThan(value, deepestSpec)) return "a value that is nested too deeply";
  const text = typeof value === "number" ? `${value}` : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) current = (current as Record<PropertyKey, unknown> | undefined)?.[key];
  return current;
}
