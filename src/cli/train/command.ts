// `trainscope train`: one model, one data set. Options of optimizers and schedules are read from their tables.
import { type Command, Option } from "commander";
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import type { Json } from "../../core/formats/json.js";
import type { ImageSize } from "../../data/user/image-set.js";
import { initializers } from "../../nn/initializers.js";
import { losses } from "../../nn/losses.js";
import { batchSchedules } from "../../optim/batch-schedules.js";
import { optimizers } from "../../optim/optimizers/index.js";
import { schedules } from "../../optim/schedules.js";
import { type ProbeSpec, probeTargets, readProbeSpec } from "../../probes/probe-spec.js";
import type { KindSpec, TrialSpec } from "../../train/spec/trial-spec.js";
import { addExamples, type CommandBuilder } from "../command-context.js";
import {
  above,
  atLeast,
  choice,
  imageSize,
  integer,
  kebabCase,
  list,
  number,
  numbers,
  share,
} from "../option-values.js";

export interface TrainOptions {
  /** Catalogue name with options, or a path: `lenet5`, `mlp:784-100-10`, `net.json`, `net.onnx`. */
  readonly model: string;
  /** Which output of an `.onnx` model the loss is taken of, where it has several. */
  readonly output?: string;
  /** File of weights to start from, by parameter name. */
  readonly initial?: string;
  /** How weights and biases begin, with options: `he-normal:gain=1`. By the model when left out. */
  readonly initializer?: string;
  readonly biasInitializer?: string;
  /** Patterns of parameters and running statistics to freeze. */
  readonly freeze: readonly string[];
  /** Name of a data set, or a path to data of one's own. */
  readonly data: string;
  readonly dataDir?: string;
  /** Arrays of a user's own data. */
  readonly inputs?: readonly string[];
  readonly targets?: readonly string[];
  readonly test?: string;
  readonly testInputs?: readonly string[];
  readonly testTargets?: readonly string[];
  readonly validationSplit?: number;
  /** What the pictures of a folder are resized to. */
  readonly imageSize?: ImageSize;
  /** With the options that were given; the definitions fill in the rest and check them. */
  readonly loss: KindSpec;
  readonly optimizer: KindSpec;
  readonly schedule: KindSpec;
  readonly clip?: TrialSpec["clip"];
  /** How stored inputs become network inputs; by the data when left out. */
  readonly scaling?: TrialSpec["data"]["scaling"];
  /** Exactly one of the two is there. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize: number;
  readonly microBatchSize?: number;
  readonly batchSchedule?: KindSpec;
  readonly seed: number;
  /** Chosen by measurement when left out. */
  readonly threads?: number;
  /** So many networks at once, with the seeds from `seed` on; one when left out. */
  readonly ensemble?: number;
  /** `shuffle`, `sequential`, `shared`, or a path to an `.npy` file of row numbers. */
  readonly order: string;
  readonly dropLast: boolean;
  /** File for the trained model in inference form. */
  readonly save?: string;
  /** File for the trained parameters and statistics by name. */
  readonly saveWeights?: string;
  /** File for a checkpoint, written at the end and when interrupted. */
  readonly saveState?: string;
  /** Seconds between two checkpoints on the way; 10 when left out. */
  readonly checkpointEvery?: number;
  /** Checkpoint to go on from. */
  readonly resume?: string;
  /** What to look at on the way; nothing when left out. */
  readonly probes?: ProbeSpec;
  readonly quiet: boolean;
  readonly json: boolean;
}

interface Flags extends Readonly<Record<string, unknown>> {
  readonly epochs?: number;
  readonly steps?: number;
  readonly warmUp?: number;
  readonly clipNorm?: number;
  readonly clipValue?: number;
}

export const trainCommand: CommandBuilder = (command, context) => {
  command
    .argument("<model>", "lenet5, mlp:784-100-10, or a path to an .onnx file or a JSON model spec")
    .option("--output <name>", "output of an .onnx model that the loss uses, if it has several")
    .option("--initial <file.safetensors>", "weights to start from, by parameter name")
    .option(
      "--initializer <name>",
      `initializer of all weights: ${Object.keys(initializers).map(kebabCase).join(", ")}; with options as he-normal:gain=1,fan-mode=fan-out`,
    )
    .option("--bias-initializer <name>", "initializer of all biases, with the same names")
    .option("--freeze <patterns>", "freeze parameters and statistics by name: 'stem.*,*.bias'", list)
    .requiredOption("--data <dataset>", "name of a data set (see trainscope data list), or your own file or folder")
    .option("--data-dir <folder>", "folder with the data sets")
    .option("--inputs <names>", "arrays in your file, in the order of the model's inputs", list)
    .option("--targets <name>", "array (or column) of targets", list)
    .option("--test <file>", "held-out examples, of the same kind as --data")
    .option("--test-inputs <names>", "arrays of held-out inputs", list)
    .option("--test-targets <name>", "array of held-out targets", list)
    .option(
      "--validation-split <share>",
      "hold out this fraction of the rows, the last ones",
      share("--validation-split"),
    )
    .option(
      "--image-size <size>",
      "resize the images of a folder to height x width, as 32x32",
      imageSize("--image-size"),
    )
    .option(
      "--scaling <how>",
      "inputs: standardize, unit or raw (default: standardize images, leave other data as it is)",
      choice("--scaling", ["standardize", "unit", "raw"]),
    )
    .addOption(kindOption("--loss", losses, "crossEntropy"));
  addDefinitionOptions(command, losses, "");
  command.addOption(kindOption("--optimizer", optimizers, "adam"));
  addDefinitionOptions(command, optimizers, "");
  command.addOption(kindOption("--schedule", schedules, "constant"));
  addDefinitionOptions(command, schedules, "schedule-");
  command.addOption(kindOption("--batch-schedule", batchSchedules, "constant"));
  addDefinitionOptions(command, batchSchedules, "batch-schedule-");
  command
    .option(
      "--warm-up <epochs>",
      "linear rise to the first rate of the schedule, which starts after it",
      above("--warm-up", 0),
    )
    .option("--clip-norm <number>", "largest norm of the whole gradient", above("--clip-norm", 0))
    .option("--clip-value <number>", "largest magnitude of an element of the gradient", above("--clip-value", 0))
    .option(
      "--epochs <n>",
      "passes over the training data (default: 1, unless --steps is given)",
      integer("--epochs", 1),
    )
    .option("--steps <n>", "updates, instead of --epochs", integer("--steps", 1))
    .option("--batch-size <n>", "examples per update", integer("--batch-size", 1), 64)
    .option(
      "--micro-batch-size <n>",
      "sum gradients over parts of this many examples, to save memory",
      integer("--micro-batch-size", 1),
    )
    .option(
      "--order <how>",
      "shuffle; sequential: file order, wrapping around; rows.npy: these row numbers, batch by batch; or shared: one shuffled order for all networks of an ensemble",
      "shuffle",
    )
    .option("--drop-last", "drop a last batch that is smaller than the others")
    .option("--seed <n>", "determines initial weights, order and dropout", integer("--seed", 0), 0)
    .option(
      "--ensemble <n>",
      "train this many networks of dense and element-wise layers at once, with consecutive seeds from --seed",
      integer("--ensemble", 1),
    )
    .option("--threads <n>", "threads of one step (default: chosen by measurement)", integer("--threads", 1))
    .option(
      "--probe <targets>",
      `probe the network during training: all, or some of ${probeTargets.map(kebabCase).join(", ")}`,
      list,
    )
    .option("--probe-every <steps>", "steps between readings (default: 100)", integer("--probe-every", 1))
    .option("--histogram-bins <n>", "bins of the histograms, 0 for none (default: 0)", integer("--histogram-bins", 0))
    .option("--noise-scale", "measure the gradient noise scale with every reading")
    .option("--save <file.onnx>", "write the trained model in inference form")
    .option("--save-weights <file.safetensors>", "write parameters and running statistics by name")
    .option("--save-state <file>", "write a checkpoint during training, at the end, and when interrupted")
    .option("--checkpoint-every <seconds>", "time between checkpoints (default: 10)", atLeast("--checkpoint-every", 0))
    .option("--resume <file>", "resume from a checkpoint")
    .option("--quiet", "no progress")
    .option("--json", "print JSON lines: every step, then the result")
    .action(async (model: string, flags: Flags) => {
      const { runTrain } = await import("./run.js");
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
    [
      "trainscope train model.onnx --data data.npz --inputs x --targets y --loss cross-entropy --save trained.onnx",
      "a model from PyTorch or Keras, on arrays of one's own",
    ],
    [
      "trainscope train lenet5 --data mnist --probe all",
      "what goes on inside: dead units, gradients, sizes of updates",
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
  const {
    loss,
    optimizer,
    schedule,
    batchSchedule,
    warmUp,
    clipNorm,
    clipValue,
    freeze,
    dropLast,
    quiet,
    json,
    ...others
  } = flags;
  const { probe, probeEvery, histogramBins, noiseScale, ...rest } = others;
  const probes = probesFrom({ probe, probeEvery, histogramBins, noiseScale } as ProbeFlags);
  const chosen = specFrom(String(schedule), schedules, flags, "schedule-");
  const sizes = specFrom(String(batchSchedule), batchSchedules, flags, "batch-schedule-");
  const clip = {
    ...(clipNorm === undefined ? {} : { norm: clipNorm }),
    ...(clipValue === undefined ? {} : { value: clipValue }),
  };
  const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => !isDefinitionOption(key)));
  return {
    ...(plain as unknown as TrainOptions),
    model,
    loss: specFrom(String(loss), losses, flags, ""),
    optimizer: specFrom(String(optimizer), optimizers, flags, ""),
    schedule: warmUp === undefined ? chosen : { kind: "warmUp", length: warmUp, next: chosen },
    ...(sizes.kind === "constant" && Object.keys(sizes).length === 1 ? {} : { batchSchedule: sizes }),
    ...(Object.keys(clip).length === 0 ? {} : { clip }),
    ...(steps === undefined ? { epochs: epochs ?? 1 } : { steps }),
    ...(probes === undefined ? {} : { probes }),
    freeze: (freeze as readonly string[] | undefined) ?? [],
    dropLast: dropLast === true,
    quiet: quiet === true,
    json: json === true,
  };
}

interface ProbeFlags {
  readonly probe?: readonly string[];
  readonly probeEvery?: number;
  readonly histogramBins?: number;
  readonly noiseScale?: boolean;
}

/** What to look at: something as soon as one of the flags is given. */
function probesFrom({ probe, probeEvery, histogramBins = 0, noiseScale = false }: ProbeFlags): ProbeSpec | undefined {
  const isGiven = probe !== undefined || probeEvery !== undefined || histogramBins > 0 || noiseScale;
  if (!isGiven) return undefined;
  const written = probeTargets.map(kebabCase);
  const read = choice("--probe", [...written, "all"]);
  const names = (probe ?? ["all"]).map(read);
  return readProbeSpec({
    of: probeTargets.filter((target) => names.includes("all") || names.includes(kebabCase(target))),
    ...(probeEvery === undefined ? {} : { every: probeEvery }),
    histogramBins,
    noiseScale,
  });
}

type DefinitionTable = Readonly<Record<string, { readonly about: string; readonly options: z.ZodObject }>>;

/** An option that takes a kind, written as `cross-entropy` for `crossEntropy`. */
function kindOption(flag: string, table: DefinitionTable, preset: string): Option {
  const kinds = Object.keys(table);
  const written = kinds.map(kebabCase);
  const read = choice(flag, written);
  // `adamw` and `adamW` are as good as `adam-w`.
  const plain = (text: string): string => text.replace(/[-_]/g, "").toLowerCase();
  const about = kinds.map((kind) => `${kebabCase(kind)} (${table[kind].about})`).join(", ");
  return new Option(`${flag} <name>`, about)
    .default(preset, kebabCase(preset))
    .argParser((text) => kinds.find((kind) => plain(kind) === plain(text)) ?? kinds[written.indexOf(read(text))]);
}

/** One flag for each option of each definition in a table: its name in kebab-case behind the prefix. */
function addDefinitionOptions(command: Command, table: DefinitionTable, prefix: string): void {
  for (const key of optionKeys(table)) {
    const owners = Object.entries(table).filter(([, { options }]) => key in options.shape);
    const flag = `--${prefix}${kebabCase(key)}`;
    const about = optionText(key, owners, Object.keys(table).length);
    optionForms[formOf(owners[0][1].options.shape[key] as z.ZodType) as OptionForm](command, flag, about);
  }
}

type OptionForm = "boolean" | "number" | "array" | "union" | "enum";

/** How an option of each type of schema is written. */
const optionForms: Readonly<Record<OptionForm, (command: Command, flag: string, about: string) => void>> = {
  boolean: (command, flag, about) => command.option(flag, about),
  number: (command, flag, about) => command.option(`${flag} <number>`, about, number(flag)),
  array: (command, flag, about) => command.option(`${flag} <numbers>`, about, numbers(flag)),
  // One number or several: a list of one is as good as a number.
  union: (command, flag, about) => command.option(`${flag} <numbers>`, about, numbers(flag)),
  enum: (command, flag, about) => command.option(`${flag} <name>`, about),
};

/** The type of a schema without what is wrapped around it. */
function formOf(schema: z.ZodType): string {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return formOf(schema.unwrap() as z.ZodType);
  return schema.type;
}

/** `momentum of the buffer; sgd, rmsprop (default: 0)`: what it is, whose it is, and the default, one or each. */
function optionText(key: string, owners: readonly [string, { options: z.ZodObject }][], kinds: number): string {
  const described = owners.map(([, { options }]) => options.shape[key].description).find((text) => text !== undefined);
  const defaults = owners.map(([kind, { options }]) => [kebabCase(kind), defaultOf(options, key)] as const);
  const values = new Set(defaults.map(([, value]) => String(value)));
  const whose = owners.length === kinds ? [] : [defaults.map(([kind]) => kind).join(", ")];
  const shown = defaults.filter(([, value]) => value !== undefined && value !== null);
  const preset = values.size === 1 ? String(defaults[0][1]) : shown.map((pair) => pair.join(" ")).join(", ");
  const text = [described ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), ...whose].join("; ");
  return shown.length === 0 || preset === "false" ? text : `${text} (default: ${preset})`;
}

function defaultOf(options: z.ZodObject, key: string): unknown {
  return (options.parse({}) as Record<string, unknown>)[key];
}

/** Options that can be written as flags: all but specs within specs. */
function optionKeys(table: DefinitionTable): string[] {
  const keys = Object.values(table).flatMap(({ options }) =>
    Object.entries(options.shape)
      .filter(([, schema]) => formOf(schema as z.ZodType) in optionForms)
      .map(([key]) => key),
  );
  return [...new Set(keys)];
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
    optionKeys(losses).some((option) => flagKey("", option) === key) ||
    optionKeys(optimizers).some((option) => flagKey("", option) === key) ||
    optionKeys(schedules).some((option) => flagKey("schedule-", option) === key) ||
    optionKeys(batchSchedules).some((option) => flagKey("batch-schedule-", option) === key)
  );
}

/** The name under which commander keeps a flag: `schedule-every` as `scheduleEvery`. */
function flagKey(prefix: string, key: string): string {
  return `${prefix}${kebabCase(key)}`.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
