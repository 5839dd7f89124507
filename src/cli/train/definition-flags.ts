// Flags that come from tables of definitions: one for each option of each loss, optimizer and schedule, with its aliases.
import { type Command, Option } from "commander";
import type * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import type { Json } from "../../core/formats/json.js";
import { bareSchema, kebabCase, kindByName, optionNames, optionsByName, plainName } from "../../core/names.js";
import { losses } from "../../nn/losses.js";
import { batchSchedules } from "../../optim/batch-schedules.js";
import { optimizers } from "../../optim/optimizers/index.js";
import { schedules } from "../../optim/schedules.js";
import type { KindSpec } from "../../train/spec/trial-spec.js";
import { kindName, number, numbers } from "../option-values.js";

/** A definition as far as its flags and its help need it. */
export interface FlagDefinition {
  readonly about: string;
  readonly options: z.ZodObject;
}

/** A table whose kinds are chosen by one flag and whose options are flags of their own. */
export interface FlagFamily {
  /** The flag that takes a kind: `--optimizer`. */
  readonly flag: string;
  /** In front of the names of its options: `schedule-`. */
  readonly prefix: string;
  readonly table: Readonly<Record<string, FlagDefinition>>;
  /** The kind where the flag is left out. */
  readonly preset: string;
  /** Where the flag also takes `auto`, which is resolved later: what it is when it is left out. */
  readonly auto?: string;
}

export const families = {
  loss: {
    flag: "--loss",
    prefix: "",
    table: losses,
    preset: "crossEntropy",
    auto: "auto for .onnx models, by their last layer; cross-entropy for others",
  },
  optimizer: { flag: "--optimizer", prefix: "", table: optimizers, preset: "adam" },
  schedule: { flag: "--schedule", prefix: "schedule-", table: schedules, preset: "constant" },
  batchSchedule: {
    flag: "--batch-schedule",
    prefix: "batch-schedule-",
    table: batchSchedules,
    preset: "constant",
  },
} as const satisfies Readonly<Record<string, FlagFamily>>;

/** The flag that takes a kind, and those of the options of all kinds. */
export function addFamily(command: Command, family: FlagFamily): void {
  const { flag, prefix, table, preset, auto } = family;
  const read = kindName(flag, table);
  const kinds = Object.keys(table).map(kebabCase).join(", ");
  const option = new Option(`${flag} <name>`, auto === undefined ? kinds : `auto, ${kinds} (default: ${auto})`);
  // What an alias brings along is read with the other flags; here it is only checked.
  option.argParser((text) => {
    if (auto === undefined || text !== "auto") read(text);
    return text;
  });
  command.addOption(auto === undefined ? option.default(preset, kebabCase(preset)) : option);
  for (const key of optionKeys(table)) {
    const owners = ownersOf(table, key);
    const schema = owners[0][1].options.shape[key] as z.ZodType;
    command.addOption(flagOption(flagOf(prefix, key), schema, optionText(family, key)));
  }
  for (const [alias, { schema, isList }] of aliasFlags(family)) {
    const hidden = isList ? new Option(`${alias} <numbers>`).argParser(numbers(alias)) : flagOption(alias, schema, "");
    command.addOption(hidden.hideHelp());
  }
}

/** How an option of each type of schema is written. */
const optionForms: Readonly<Record<string, (flag: string, about: string) => Option>> = {
  boolean: (flag, about) => new Option(flag, about),
  number: (flag, about) => new Option(`${flag} <number>`, about).argParser(number(flag)),
  array: (flag, about) => new Option(`${flag} <numbers>`, about).argParser(numbers(flag)),
  // One number or several: a list of one is as good as a number.
  union: (flag, about) => new Option(`${flag} <numbers>`, about).argParser(numbers(flag)),
  enum: (flag, about) => new Option(`${flag} <name>`, about),
};

const flagOption = (flag: string, schema: z.ZodType, about: string): Option =>
  optionForms[bareSchema(schema).type](flag, about);

/** The flag of an option with what stands for its value: `--schedule-every <number>`; undefined for specs within specs. */
export function flagText(prefix: string, key: string, schema: z.ZodType): string | undefined {
  const form = optionForms[bareSchema(schema).type];
  return form?.(flagOf(prefix, key), "").flags;
}

/** `T_max` as `t-max`, `learningRate` as `learning-rate`. */
const flagName = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();

const flagOf = (prefix: string, name: string): string => `--${prefix}${flagName(name)}`;

/** The name under which commander keeps a flag: `schedule-every` as `scheduleEvery`. */
function flagKey(prefix: string, name: string): string {
  return `${prefix}${flagName(name)}`.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Options that can be written as flags: all but specs within specs. */
function optionKeys(table: FlagFamily["table"]): string[] {
  const keys = Object.values(table).flatMap(({ options }) =>
    Object.entries(options.shape)
      .filter(([, schema]) => bareSchema(schema as z.ZodType).type in optionForms)
      .map(([key]) => key),
  );
  return [...new Set(keys)];
}

const ownersOf = (table: FlagFamily["table"], key: string): [string, FlagDefinition][] =>
  Object.entries(table).filter(([, { options }]) => key in options.shape);

interface AliasFlag {
  readonly schema: z.ZodType;
  /** Whether it stands for a list whose entries are several options: `--betas 0.9,0.95`. */
  readonly isList: boolean;
}

/** Other flags for the options of a table, by flag. A name that is an option's own in the same table is left to that. */
function aliasFlags({ table, prefix }: FlagFamily): ReadonlyMap<string, AliasFlag> {
  const own = new Set(optionKeys(table).map(plainName));
  const found = new Map<string, AliasFlag>();
  for (const { options } of Object.values(table)) {
    for (const schema of Object.values(options.shape as Readonly<Record<string, z.ZodType>>)) {
      for (const alias of optionNames(schema).aliases ?? []) {
        const name = listName(alias);
        if (own.has(plainName(name))) continue;
        found.set(flagOf(prefix, name), { schema, isList: name !== alias });
      }
    }
  }
  return found;
}

/** `betas[0]` is an entry of `betas`. */
const listName = (alias: string): string => alias.replace(/\[\d+\]$/, "");

/** The other flags of one option, as they are written: `--lr`. */
export function aliasesOf(prefix: string, schema: z.ZodType): string[] {
  const names = (optionNames(schema).aliases ?? []).map((alias) => flagOf(prefix, listName(alias)));
  return [...new Set(names)];
}

/** `momentum of the buffer; sgd, rmsprop (default: 0)`: what it is, whose it is, other names, and the default. */
function optionText({ table, prefix }: FlagFamily, key: string): string {
  const owners = ownersOf(table, key);
  const described = owners.map(([, { options }]) => options.shape[key].description).find((text) => text !== undefined);
  const isOfAll = owners.length === Object.keys(table).length;
  const others = [...new Set(owners.flatMap(([, { options }]) => aliasesOf(prefix, options.shape[key])))];
  const text = [
    described ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    ...(isOfAll ? [] : [owners.map(([kind]) => kebabCase(kind)).join(", ")]),
    ...(others.length === 0 ? [] : [`also ${others.join(", ")}`]),
  ].join("; ");
  const preset = presetText(owners.map(([kind, { options }]) => [kebabCase(kind), defaultOf(options, key)] as const));
  return preset === "" || preset === "false" ? text : `${text} (default: ${preset})`;
}

/** One default for all; or that of most with the exceptions, `0, adam-w 0.01`; or one for each. */
function presetText(presets: readonly (readonly [kind: string, value: unknown])[]): string {
  const shown = presets.filter(([, value]) => value !== undefined && value !== null);
  const counts = new Map<string, number>();
  for (const [, value] of shown) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const [most, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0]);
  const isUsual = shown.length === presets.length && count > (2 / 3) * shown.length;
  const named = isUsual ? shown.filter(([, value]) => String(value) !== most) : shown;
  return [...(isUsual ? [most] : []), ...named.map((pair) => pair.join(" "))].join(", ");
}

/** What an option is when it is left out; undefined where it may be absent. */
export function defaultOf(options: z.ZodObject, key: string): unknown {
  return (options.parse({}) as Record<string, unknown>)[key];
}

/** All names under which the options of a table may be given, ours and others. */
function namesIn(table: FlagFamily["table"]): string[] {
  const aliases = Object.values(table).flatMap(({ options }) =>
    Object.values(options.shape as Readonly<Record<string, z.ZodType>>).flatMap(
      (schema) => optionNames(schema).aliases?.map(listName) ?? [],
    ),
  );
  return [...new Map([...aliases, ...optionKeys(table)].map((name) => [flagName(name), name])).values()];
}

/**
 * The spec of the chosen kind with the options that were given, under our own names; options of other kinds are kept, so
 * that they are refused.
 * @throws InvalidInputError for one option that is given by two flags.
 */
export function specFromFlags(family: FlagFamily, flags: Readonly<Record<string, unknown>>): KindSpec {
  const { flag, prefix, table } = family;
  const name = String(flags[flagKey("", flag.slice(2))] ?? family.preset);
  const { kind, options: brought } = kindByName({ where: flag, what: "value", written: kebabCase }, name, table);
  const given: Record<string, Json> = {};
  const flagsOf = new Map<string, string>();
  for (const written of namesIn(table)) {
    const value = flags[flagKey(prefix, written)] as Json | undefined;
    if (value === undefined) continue;
    const found = optionsByName(table[kind].options, written);
    for (const { option } of found) {
      const before = flagsOf.get(option);
      if (before !== undefined) throw twoFlags(before, flagOf(prefix, written));
      flagsOf.set(option, flagOf(prefix, written));
    }
    // A list for several options is taken apart where specs are read.
    const isOne = found.length === 1 && found[0].entry === undefined;
    given[isOne ? found[0].option : written] = value;
  }
  return { kind, ...(brought as Readonly<Record<string, Json>>), ...given };
}

function twoFlags(first: string, second: string): InvalidInputError {
  return new InvalidInputError("one option is given by two flags", {
    where: "trainscope train",
    expected: `one of ${first} and ${second}`,
    received: "both",
  });
}

const definitionFlags = new Set(
  Object.values<FlagFamily>(families).flatMap(({ flag, prefix, table }) => [
    flagKey("", flag.slice(2)),
    ...namesIn(table).map((name) => flagKey(prefix, name)),
  ]),
);

/** Whether commander's key is that of a definition's flag. */
export const isDefinitionFlag = (key: string): boolean => definitionFlags.has(key);
