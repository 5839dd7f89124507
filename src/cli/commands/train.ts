// `trainscope train`: one model, one data set. Options of optimizers and schedules are read from their tables.
import { type Command, Option } from "commander";
import type { z } from "zod";
import { InvalidInputError } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import { losses } from "../../nn/losses.js";
import { optimizers } from "../../optim/optimizers/index.js";
import { schedules } from "../../optim/schedules.js";
import type { KindSpec, TrialSpec } from "../../train/trial-spec.js";
import { addExamples, type CommandBuilder } from "../command-context.js";
import { atLeast, choice, integer, kebabCase, number } from "../option-values.js";

export interface TrainOptions {
  /** Catalogue name with options, or a path to a JSON model spec: `lenet5`, `mlp:784-100-10`, `net.json`. */
  readonly model: string;
  /** Name of a data set. */
  readonly data: string;
  readonly dataDir?: string;
  /** With the options that were given; the definitions fill in the rest and check them. */
  readonly loss: KindSpec;
  readonly optimizer: KindSpec;
  readonly schedule: KindSpec;
  readonly scaling: TrialSpec["data"]["scaling"];
  /** Exactly one of the two is there. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Chosen by measurement when left out. */
  readonly threads?: number;
  readonly order: TrialSpec["order"];
  readonly dropLast: boolean;
  /** File for the trained model in inference form. */
  readonly save?: string;
  /** File for a checkpoint, written at the end and when interrupted. */
  readonly saveState?: string;
  /** Seconds between two checkpoints on the way; 10 when left out. */
  readonly checkpointEvery?: number;
  /** Checkpoint to go on from. */
  readonly resume?: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

interface Flags extends Readonly<Record<string, unknown>> {
  readonly epochs?: number;
  readonly steps?: number;
}

export const trainCommand: CommandBuilder = (command, context) => {
  command
    .argument("<model>", "lenet5, mlp:784-100-10, or a path to a JSON model spec")
    .requiredOption("--data <dataset>", "name of a data set (see trainscope data list)")
    .option("--data-dir <folder>", "folder with the data sets")
    .option(
      "--scaling <how>",
      "inputs: standardize, unit or raw",
      choice("--scaling", ["standardize", "unit", "raw"]),
      "standardize",
    )
    .addOption(kindOption("--loss", losses, "crossEntropy"))
    .addOption(kindOption("--optimizer", optimizers, "adam"));
  addDefinitionOptions(command, optimizers, "");
  command.addOption(kindOption("--schedule", schedules, "constant"));
  addDefinitionOptions(command, schedules, "schedule-");
  command
    .option(
      "--epochs <n>",
      "passes over the training data (default: 1, unless --steps is given)",
      integer("--epochs", 1),
    )
    .option("--steps <n>", "updates, instead of --epochs", integer("--steps", 1))
    .option("--batch-size <n>", "examples per update", integer("--batch-size", 1), 64)
    .option(
      "--order <how>",
      "shuffle, or sequential: file order, wrapping round",
      choice("--order", ["shuffle", "sequential"]),
      "shuffle",
    )
    .option("--drop-last", "leave out a last batch that is smaller than the others")
    .option("--seed <n>", "determines initial weights, order and dropout", integer("--seed", 0), 0)
    .option("--threads <n>", "threads of one step (default: chosen by measurement)", integer("--threads", 1))
    .option("--save <file.onnx>", "write the trained model in inference form")
    .option("--save-state <file>", "write a checkpoint on the way, at the end, and when interrupted")
    .option(
      "--checkpoint-every <seconds>",
      "time between two checkpoints (default: 10)",
      atLeast("--checkpoint-every", 0),
    )
    .option("--resume <file>", "go on from a checkpoint")
    .option("--quiet", "no progress")
    .option("--json", "print JSON lines: every step, then the result")
    .action(async (model: string, flags: Flags) => {
      const { runTrain } = await import("../run/train.js");
      context.finish(await runTrain(trainOptions(model, flags), context));
    });
  addExamples(command, [
    ["trainscope train lenet5 --data mnist --epochs 3", "98.5 % test accuracy in a minute or two"],
    [
      "trainscope train mlp:784-100-10 --data mnist --optimizer sgd --learning-rate 0.1 --momentum 0.9",
      "a small network, another optimizer",
    ],
    [
      "trainscope train lenet5 --data mnist --steps 100 --json --save lenet5.onnx",
      "losses for a program, model for a file",
    ],
    ["trainscope train lenet5 --data mnist --save-state lenet5.state", "what Ctrl-C or a crash leaves can go on"],
    ["trainscope train lenet5 --data mnist --epochs 3 --resume lenet5.state", "go on from there, for longer"],
  ]);
};

/** Turns flags into the options of a training. Throws InvalidInputError when they contradict one another. */
function trainOptions(model: string, { epochs, steps, ...flags }: Flags): TrainOptions {
  if (epochs !== undefined && steps !== undefined) {
    throw new InvalidInputError("two lengths are given", {
      where: "trainscope train",
      expected: "one of --epochs and --steps",
      received: "both",
    });
  }
  const { loss, optimizer, schedule, dropLast, quiet, json, ...rest } = flags;
  const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => !isDefinitionOption(key)));
  return {
    ...(plain as unknown as TrainOptions),
    model,
    loss: { kind: String(loss) },
    optimizer: specFrom(String(optimizer), optimizers, flags, ""),
    schedule: specFrom(String(schedule), schedules, flags, "schedule-"),
    ...(steps === undefined ? { epochs: epochs ?? 1 } : { steps }),
    dropLast: dropLast === true,
    quiet: quiet === true,
    json: json === true,
  };
}

type DefinitionTable = Readonly<Record<string, { readonly about: string; readonly options: z.ZodObject }>>;

/** An option that takes a kind, written as `cross-entropy` for `crossEntropy`. */
function kindOption(flag: string, table: DefinitionTable, preset: string): Option {
  const kinds = Object.keys(table);
  const written = kinds.map(kebabCase);
  const read = choice(flag, written);
  const about = kinds.map((kind) => `${kebabCase(kind)} (${table[kind].about})`).join(", ");
  return new Option(`${flag} <name>`, about)
    .default(preset, kebabCase(preset))
    .argParser((text) => kinds[written.indexOf(read(text))]);
}

/** One flag for each option of each definition in a table: its name in kebab-case behind the prefix. */
function addDefinitionOptions(command: Command, table: DefinitionTable, prefix: string): void {
  for (const key of optionKeys(table)) {
    const owners = Object.entries(table).filter(([, { options }]) => key in options.shape);
    const defaults = owners.map(([kind, { options }]) => `${kebabCase(kind)}: ${String(defaultOf(options, key))}`);
    const flag = `--${prefix}${kebabCase(key)}`;
    const sample = defaultOf(owners[0][1].options, key);
    const about = `default: ${defaults.join(", ")}`;
    if (typeof sample === "boolean") command.option(flag, about);
    else if (typeof sample === "number") command.option(`${flag} <number>`, about, number(flag));
    else command.option(`${flag} <name>`, about);
  }
}

function optionKeys(table: DefinitionTable): string[] {
  return [...new Set(Object.values(table).flatMap(({ options }) => Object.keys(options.shape)))];
}

function defaultOf(options: z.ZodObject, key: string): unknown {
  return (options.parse({}) as Record<string, unknown>)[key];
}

/** The spec of one kind with the options that were given; options of other kinds are kept, so that they are refused. */
function specFrom(
  kind: string,
  table: DefinitionTable,
  flags: Readonly<Record<string, unknown>>,
  prefix: string,
): KindSpec {
  const given = optionKeys(table).flatMap((key) => {
    const value = flags[flagKey(prefix, key)];
    return value === undefined ? [] : [[key, value as Json] as const];
  });
  return { kind, ...Object.fromEntries(given) };
}

function isDefinitionOption(key: string): boolean {
  return (
    optionKeys(optimizers).some((option) => flagKey("", option) === key) ||
    optionKeys(schedules).some((option) => flagKey("schedule-", option) === key)
  );
}

/** The name under which commander keeps a flag: `schedule-every` as `scheduleEvery`. */
function flagKey(prefix: string, key: string): string {
  return `${prefix}${kebabCase(key)}`.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
