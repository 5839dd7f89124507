// The help of `trainscope train`: the options of everyday use, all of them, or one topic such as an optimizer.
import { type Command, CommanderError, type Option } from "commander";
import type * as z from "zod";
import { nearestName, UnknownNameError } from "../../core/errors.js";
import { aliasParts, kebabCase, type Named, optionNames, plainName } from "../../core/names.js";
import { augmentations } from "../../nn/augmentations.js";
import { initializers } from "../../nn/initializers.js";
import { aliasesOf, defaultOf, type FlagDefinition, families, flagText } from "./definition-flags.js";

/** Options that `--help` shows without a topic, by their long names. */
const everyday: ReadonlySet<string> = new Set(
  [
    ["data", "test", "validation-split", "initializer", "freeze"],
    ["loss", "optimizer", "learning-rate", "momentum", "weight-decay", "schedule"],
    ["epochs", "steps", "batch-size", "seed"],
    ["probe", "save", "save-state", "resume", "json"],
  ].flatMap((names) => names.map((name) => `--${name}`)),
);

interface TopicFamily {
  /** `optimizer` */
  readonly noun: string;
  readonly flag: string;
  /** In front of flags of options; undefined where options are written behind the name: `he-normal:gain=1`. */
  readonly prefix?: string;
  readonly table: Readonly<Record<string, FlagDefinition & Named>>;
}

/** Families by the topic that lists them. */
const topicFamilies: Readonly<Record<string, TopicFamily>> = {
  losses: { noun: "loss", ...families.loss },
  optimizers: { noun: "optimizer", ...families.optimizer },
  schedules: { noun: "schedule", ...families.schedule },
  "batch-schedules": { noun: "batch schedule", ...families.batchSchedule },
  initializers: { noun: "initializer", flag: "--initializer", table: initializers },
  augmentations: { noun: "augmentation", flag: "--augment", table: augmentations },
};

/** Gives `train` its help: `--help`, `--help all`, `--help optimizers`, `--help adam`. */
export function addTopics(command: Command): void {
  let shown: (option: Option) => boolean = ({ long }) => everyday.has(long ?? "") || long === "--help";
  command
    .configureHelp({ visibleOptions: ({ options }) => options.filter((option) => !option.hidden && shown(option)) })
    .helpOption(false)
    .optionsGroup("Help:")
    .option(
      "-h, --help [topic]",
      `print this help, or that of a topic: ${["all", ...Object.keys(topicFamilies)].join(", ")}, or one of their names, as adam`,
    )
    .on("option:help", (topic: string | null) => {
      if (topic === "all") shown = () => true;
      const { getOutHelpWidth, writeOut } = command.configureOutput();
      if (topic === null || topic === "all") command.outputHelp();
      else writeOut?.(topicText(topic, getOutHelpWidth?.() ?? 80));
      throw new CommanderError(0, "commander.helpDisplayed", "(outputHelp)");
    });
}

/**
 * The help of a topic: the members of a family, or the options of one kind.
 * @throws UnknownNameError with the topics.
 */
export function topicText(topic: string, columns: number): string {
  const plain = plainName(topic);
  const family = Object.entries(topicFamilies).find(([name]) => plainName(name) === plain);
  if (family !== undefined) return familyText(...family, columns);
  const found = Object.values(topicFamilies).flatMap((one) =>
    Object.keys(one.table)
      .filter((kind) => namesOf(kind, one.table[kind]).some((name) => plainName(name) === plain))
      .map((kind) => kindText(one, kind, columns)),
  );
  if (found.length > 0) return found.join("\n");
  const topics = ["all", ...Object.keys(topicFamilies)];
  const kinds = Object.values(topicFamilies).flatMap(({ table }) => Object.keys(table).map(kebabCase));
  const nearest = nearestName(topic, [...topics, ...kinds]);
  const offer = nearest === undefined ? "" : `Did you mean "${nearest}"? `;
  const remedy = `${offer}Valid: ${topics.join(", ")}, and the names that they list`;
  throw new UnknownNameError("trainscope train --help", "topic", topic, topics, remedy);
}

const namesOf = (kind: string, { aliases = [] }: Named): string[] => [
  kind,
  ...aliases.map((alias) => aliasParts(alias).name),
];

function familyText(topic: string, { flag, table }: TopicFamily, columns: number): string {
  const rows = Object.entries(table).map(([kind, { about }]) => [kebabCase(kind), about] as const);
  const one = rows[0][0];
  return [
    `${flag} <name>, one of these ${topic.replace("-", " ")}; --help ${one} for the options of one\n`,
    ...lines(rows, columns),
    "",
  ].join("\n");
}

function kindText(family: TopicFamily, kind: string, columns: number): string {
  const { noun, flag, table } = family;
  const { about, aliases = [], differs = {} } = table[kind];
  const others = aliases.map(aliasParts).map(({ name, options }) => {
    const brought = Object.entries(options).map(([option, value]) => `${option} ${JSON.stringify(value)}`);
    return brought.length === 0 ? name : `${name} (with ${brought.join(", ")})`;
  });
  const rows = optionRows(family, kind);
  return [
    `${flag} ${kebabCase(kind)} (${noun}): ${about}`,
    ...(others.length === 0 ? [] : [`Also written ${others.join(", ")}`]),
    ...Object.entries(differs).map(([library, text]) => `Differs in ${library}: ${text}`),
    ...(rows.length === 0 ? ["It has no options"] : ["", "Options:", ...lines(rows, columns)]),
    "",
  ].join("\n");
}

function optionRows({ prefix, table }: TopicFamily, kind: string): (readonly [string, string])[] {
  const { options } = table[kind];
  return Object.entries(options.shape as Readonly<Record<string, z.ZodType>>).flatMap(([key, schema]) => {
    const written = prefix === undefined ? `${kebabCase(kind)}:${kebabCase(key)}=...` : flagText(prefix, key, schema);
    // A spec within a spec has no flag.
    if (written === undefined) return [];
    const preset = defaultOf(options, key);
    const others = prefix === undefined ? (optionNames(schema).aliases ?? []) : aliasesOf(prefix, schema);
    const notes = [
      ...(preset === undefined ? [] : [`default: ${typeof preset === "object" ? JSON.stringify(preset) : preset}`]),
      ...(others.length === 0 ? [] : [`also ${others.join(", ")}`]),
    ];
    const about = schema.description ?? "";
    return [[written, notes.length === 0 ? about : `${about} (${notes.join("; ")})`] as const];
  });
}

/** Two columns, the second one wrapped. */
function lines(rows: readonly (readonly [string, string])[], columns: number): string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.flatMap(([name, about]) =>
    wrapped(about, Math.max(20, columns - left)).map((line, i) =>
      `${i === 0 ? `  ${name}`.padEnd(left) : " ".repeat(left)}${line}`.trimEnd(),
    ),
  );
}

function wrapped(text: string, width: number): string[] {
  const result = [""];
  for (const word of text.split(" ")) {
    const last = result[result.length - 1];
    if (last !== "" && last.length + 1 + word.length > width) result.push(word);
    else result[result.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return result;
}
