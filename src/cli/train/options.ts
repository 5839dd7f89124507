// From the flags of `trainscope train` to the options of a training.
import { InvalidInputError } from "../../core/errors.js";
import { kebabCase } from "../../core/names.js";
import type { ImageSize } from "../../data/user/image-set.js";
import type { Monitor } from "../../optim/schedule.js";
import { type ProbeSpec, probeTargets, readProbeSpec } from "../../probes/probe-spec.js";
import type { Keep, KindSpec, StopRule, TrialSpec } from "../../train/spec/trial-spec.js";
import { choice } from "../option-values.js";
import { families, isDefinitionFlag, specFromFlags } from "./definition-flags.js";

/** The flags that are options of a training as they are. */
interface PlainFlags {
  /** Which output of an `.onnx` model the loss is taken of, where it has several. */
  readonly output?: string;
  /** What of an `.onnx` model is trained, `+name`, and what is a constant, `-name`, where the guess is wrong. */
  readonly parameters?: readonly string[];
  /** File of weights to start from, by parameter name. */
  readonly initial?: string;
  /** How weights and biases begin, with options: `he-normal:gain=1`. By the model when left out. */
  readonly initializer?: string;
  readonly biasInitializer?: string;
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
  readonly validationSeed?: number;
  /** Random changes of training images, in turn. */
  readonly augment?: readonly KindSpec[];
  /** What the pictures of a folder are resized to. */
  readonly imageSize?: ImageSize;
  /** How stored inputs become network inputs; by the data when left out. */
  readonly scaling?: TrialSpec["data"]["scaling"];
  readonly batchSize: number;
  readonly microBatchSize?: number;
  readonly seed: number;
  /** Chosen by measurement when left out. */
  readonly threads?: number;
  /** So many networks at once, with the seeds from `seed` on; one when left out. */
  readonly ensemble?: number;
  /** `shuffle`, `sequential`, `wrapping`, `shared`, or a path to an `.npy` file of row numbers. */
  readonly order: string;
  /** Measure the norm of the gradient of every step also where nothing is clipped. */
  readonly gradientNorm?: boolean;
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
}

/** The options of one `trainscope train`. */
export interface TrainCommandOptions extends PlainFlags {
  /** Catalogue name with options, or a path: `lenet5`, `mlp:784-100-10`, `net.json`, `net.onnx`. */
  readonly model: string;
  /**
   * With the options that were given; the definitions fill in the rest and check them. `auto`: the one that fits the end
   * of the model.
   */
  readonly loss: KindSpec | "auto";
  /** The spec of a loss of this kind with the options that were given. */
  lossOf(kind: string): KindSpec;
  readonly optimizer: KindSpec;
  readonly schedule: KindSpec;
  readonly batchSchedule?: KindSpec;
  readonly clip?: TrialSpec["clip"];
  /** Patterns of parameters and running statistics to freeze. */
  readonly freeze: readonly string[];
  /** Exactly one of the two is there. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly dropLast: boolean;
  /** What ends the training before its last step. */
  readonly stop?: StopRule;
  /** With which weights it ends; the last when left out. */
  readonly keep?: Keep;
  /** What to look at on the way; nothing when left out. */
  readonly probes?: ProbeSpec;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** What the command line gives: flags by name, those of definitions among them. */
export interface Flags extends PlainFlags, ProbeFlags, EndingFlags {
  readonly [flag: string]: unknown;
  readonly epochs?: number;
  readonly steps?: number;
  readonly warmUp?: number;
  readonly clipNorm?: number;
  readonly clipValue?: number;
  readonly freeze?: readonly string[];
  readonly dropLast?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Turns flags into the options of a training. Throws InvalidInputError when they contradict one another. */
export function trainOptions(model: string, { epochs, steps, ...flags }: Flags): TrainCommandOptions {
  if (epochs !== undefined && steps !== undefined) {
    throw new InvalidInputError("two lengths are given", {
      where: "trainscope train",
      expected: "one of --epochs and --steps",
      received: "both",
    });
  }
  const { warmUp, clipNorm, clipValue, freeze = [], dropLast = false, quiet = false, json = false, ...rest } = flags;
  const { patience: _, minDelta: __, monitor: ___, keep: ____, ...others } = rest;
  const probes = probesFrom(flags);
  const { stop, keep } = endingFrom(flags);
  const schedule = specFromFlags(families.schedule, flags);
  const sizes = specFromFlags(families.batchSchedule, flags);
  const lossOf = (loss: string): KindSpec => specFromFlags(families.loss, { ...flags, loss });
  // A file may end in a softmax already.
  const isAuto = flags.loss === "auto" || (flags.loss === undefined && /\.onnx$/i.test(model));
  const clip = {
    ...(clipNorm === undefined ? {} : { norm: clipNorm }),
    ...(clipValue === undefined ? {} : { value: clipValue }),
  };
  return {
    ...withoutDefinitions(others),
    model,
    loss: isAuto ? "auto" : lossOf(String(flags.loss ?? families.loss.preset)),
    lossOf,
    optimizer: specFromFlags(families.optimizer, flags),
    schedule: warmUp === undefined ? schedule : { kind: "warmUp", length: warmUp, next: schedule },
    ...(sizes.kind === "constant" && Object.keys(sizes).length === 1 ? {} : { batchSchedule: sizes }),
    ...(Object.keys(clip).length === 0 ? {} : { clip }),
    ...(steps === undefined ? { epochs: epochs ?? 1 } : { steps }),
    ...(probes === undefined ? {} : { probes }),
    ...(stop === undefined ? {} : { stop }),
    ...(keep === undefined ? {} : { keep }),
    ...{ freeze, dropLast, quiet, json },
  };
}

/** Flags of definitions are part of their specs: what is left are options as they are. */
function withoutDefinitions(flags: PlainFlags & { readonly [flag: string]: unknown }): PlainFlags {
  const plain: PlainFlags & { [flag: string]: unknown } = { ...flags };
  for (const flag of Object.keys(plain)) if (isDefinitionFlag(flag)) delete plain[flag];
  return plain;
}

interface EndingFlags {
  readonly patience?: number;
  readonly minDelta?: number;
  readonly monitor?: Monitor;
  readonly keep?: "last" | "best";
}

/** When the training ends, and with which weights. */
function endingFrom({ patience, minDelta, monitor, keep }: EndingFlags): { stop?: StopRule; keep?: Keep } {
  const lacksPatience = minDelta !== undefined && patience === undefined;
  if (lacksPatience || (monitor !== undefined && patience === undefined && keep !== "best")) {
    throw new InvalidInputError("there is nothing to compare epochs for", {
      where: lacksPatience ? "--min-delta" : "--monitor",
      expected: lacksPatience ? "--patience as well" : "--patience or --keep best as well",
      received: `${minDelta ?? monitor}`,
    });
  }
  const by = monitor ?? "loss";
  return {
    ...(patience === undefined
      ? {}
      : { stop: { kind: "noImprovement", patience, minDelta: minDelta ?? 0, monitor: by } }),
    ...(keep === "best" ? { keep: { best: by } } : {}),
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
