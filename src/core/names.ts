// Names as users write them: one normal form, and the other names that definitions and their options answer to.
import type { z } from "zod";
import { UnknownNameError } from "./errors.js";

/** Letters and digits alone: `fanMode`, `fan-mode`, `fan_mode` and `FanMode` are one name. */
export const plainName = (text: string): string => text.replace(/[-_ ]/g, "").toLowerCase();

/** `learningRate` as `learning-rate`, the spelling of flags and of their values. */
export const kebabCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A noun with its article, chosen by the first letter: `a layer`, `an optimizer`. Right for the nouns in our messages. */
export const withArticle = (noun: string): string => `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun}`;

/**
 * Another name of a definition. If the name implies other defaults, it carries the options for them: PyTorch's `OneCycleLR`
 * cycles the momentum, which `oneCycle` does only on request.
 */
export type Alias = string | { readonly name: string; readonly options: Readonly<Record<string, unknown>> };

/** The names of a member of a table. */
export interface Named {
  /**
   * Names of PyTorch, Keras or torchvision for exactly this definition: a spec with such a name means the same as there or
   * is refused. Case, `-` and `_` do not count.
   */
  readonly aliases?: readonly Alias[];
  /** Names that look similar but mean something else, each with its replacement. */
  readonly lookalikes?: Readonly<Record<string, string>>;
  /** Differences under the same name in another library: its defaults, its formula. */
  readonly differs?: { readonly PyTorch?: string; readonly Keras?: string };
}

/** The names of an option, from its schema: `.meta({ aliases: ["lr"] })`. */
export interface OptionNames {
  /** `lr`; `betas[0]` is the first entry of a list `betas`. */
  readonly aliases?: readonly string[];
  /** Other names of values: `{ cosine: ["cos"] }`. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
}

/** Reads the names of an option from its schema. */
export function optionNames(schema: z.ZodType): OptionNames {
  return (schema.meta() ?? {}) as OptionNames;
}

/** A kind found by name, with the options that the name implies. */
export interface FoundKind {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
}

type NamedTable = Readonly<Record<string, object>>;

/** Where a name was read, for messages. */
export interface NamePlace {
  readonly where: string;
  /** `optimizer` */
  readonly what: string;
  /** The spelling of kinds there; unchanged by default. */
  readonly written?: (kind: string) => string;
}

/**
 * Finds the member of a table by name: `heNormal`, `he-normal`, `HeNormal` and `kaiming_normal_` give the same one.
 * @throws UnknownNameError
 */
export function kindByName({ where, what, written = String }: NamePlace, name: string, table: NamedTable): FoundKind {
  const found = findKind(name, table);
  if (found !== undefined) return found;
  const remedy = namesOf(table).lookalikes.get(plainName(name));
  throw new UnknownNameError(where, what, name, Object.keys(table).map(written), remedy);
}

/** As `kindByName`, but undefined for an unknown name. */
export function findKind(name: string, table: NamedTable): FoundKind | undefined {
  if (Object.hasOwn(table, name)) return { kind: name, options: {} };
  return namesOf(table).kinds.get(plainName(name));
}

interface TableNames {
  readonly kinds: ReadonlyMap<string, FoundKind>;
  readonly lookalikes: ReadonlyMap<string, string>;
}

const tableNames = new WeakMap<NamedTable, TableNames>();

function namesOf(table: NamedTable): TableNames {
  const known = tableNames.get(table);
  if (known !== undefined) return known;
  const kinds = new Map<string, FoundKind>();
  const lookalikes = new Map<string, string>();
  const entries = Object.entries(table as Readonly<Record<string, Named>>);
  for (const [kind, { aliases = [], lookalikes: others = {} }] of entries) {
    for (const { name, options } of aliases.map(aliasParts)) kinds.set(plainName(name), { kind, options });
    for (const [name, remedy] of Object.entries(others)) lookalikes.set(plainName(name), remedy);
  }
  // Our own names come last and take precedence.
  for (const [kind] of entries) kinds.set(plainName(kind), { kind, options: {} });
  const names = { kinds, lookalikes };
  tableNames.set(table, names);
  return names;
}

/** An alias with its options, which most do not have. */
export function aliasParts(alias: Alias): {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
} {
  return typeof alias === "string" ? { name: alias, options: {} } : alias;
}

/** An option, and the index in the given list if the option is one of its entries. */
export interface FoundOption {
  readonly option: string;
  readonly entry?: number;
}

const optionTables = new WeakMap<object, ReadonlyMap<string, readonly FoundOption[]>>();

/** Finds options by name: one option, one for each entry of a list (`betas`), or none. */
export function optionsByName(options: z.ZodObject, name: string): readonly FoundOption[] {
  if (Object.hasOwn(options.shape, name)) return [{ option: name }];
  const known = optionTables.get(options);
  if (known !== undefined) return known.get(plainName(name)) ?? [];
  const found = new Map<string, FoundOption[]>();
  for (const [option, schema] of Object.entries(options.shape as Readonly<Record<string, z.ZodType>>)) {
    for (const alias of optionNames(schema).aliases ?? []) {
      const [, list, entry] = /^(.*)\[(\d+)\]$/.exec(alias) ?? [];
      const key = plainName(list ?? alias);
      const one = entry === undefined ? { option } : { option, entry: Number(entry) };
      found.set(key, [...(found.get(key) ?? []), one]);
    }
  }
  for (const option of Object.keys(options.shape)) found.set(plainName(option), [{ option }]);
  optionTables.set(options, found);
  return found.get(plainName(name)) ?? [];
}

/** A schema without `default` and `optional` around it. */
export function bareSchema(schema: z.ZodType): z.ZodType {
  const isWrapped = schema.type === "default" || schema.type === "optional";
  return isWrapped ? bareSchema((schema as z.ZodDefault<z.ZodType>).unwrap()) : schema;
}

/** Our own name of an enumeration value: `fanIn` for `fan_in`, `cosine` for `cos`. Other values are returned unchanged. */
export function valueByName(schema: z.ZodType, value: unknown): unknown {
  if (typeof value !== "string") return value;
  const valid = enumerated(bareSchema(schema));
  if (valid === undefined || valid.includes(value)) return value;
  const plain = plainName(value);
  const { values = {} } = optionNames(schema);
  return (
    valid.find((name) => plainName(name) === plain) ??
    Object.keys(values).find((name) => values[name].some((other) => plainName(other) === plain)) ??
    value
  );
}

/** The values of an enumeration, or of an enumeration in a union; undefined if the schema accepts any text. */
function enumerated(schema: z.ZodType): readonly string[] | undefined {
  if (schema.type === "enum") return (schema as z.ZodEnum).options.map(String);
  if (schema.type !== "union") return undefined;
  const forms = (schema as z.ZodUnion<z.ZodType[]>).options;
  return forms.some(({ type }) => type === "string") ? undefined : forms.flatMap((form) => enumerated(form) ?? []);
}
