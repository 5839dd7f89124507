// A trial as data: complete, plain JSON. Its hash names it; a finished trial is never run again.
//
//   input -> known fields, checked -> defaults of every definition -> one form for one training -> TrialSpec -> its hash
import * as z from "zod";
import { type DefinitionTable, parseOptions, readSpec } from "../../core/definition.js";
import { InvalidInputError } from "../../core/errors.js";
import { jsonHash } from "../../core/formats/hash.js";
import { canonicalJson } from "../../core/formats/json.js";
import { readAugmentation } from "../../nn/augmentations.js";
import { losses } from "../../nn/losses.js";
import { readLayer } from "../../nn/read-layer.js";
import { batchSchedules, constantBatch } from "../../optim/batch-schedules.js";
import { optimizers } from "../../optim/optimizers/index.js";
import { completeSchedule } from "../../optim/schedules.js";
import { type DataUse, dataUseSchema } from "./data-use.js";
import { type KindSpec, kindSpec } from "./kind-spec.js";
import { type Keep, keepSchema, type StopRule, stopRuleSchema } from "./stop-rule.js";

export type { Keep, KindSpec, StopRule };

/** Everything that determines a training, every default written out. What is measured on the way is no part of it. */
export interface TrialSpec {
  readonly schema: 3;
  /** A layer with its options, or `{ kind: "onnx", fingerprint }` for a model from a file. */
  readonly model: KindSpec;
  readonly data: DataUse;
  readonly loss: KindSpec;
  readonly optimizer: KindSpec;
  /** Learning rate, and momentum if it says so, as functions of the step. */
  readonly schedule: KindSpec;
  /** Limits of the gradient: `norm` of all parameters together, `value` of each element. Absent: none. */
  readonly clip?: { readonly norm?: number; readonly value?: number };
  /** Patterns of the parameters and running statistics that are frozen, each once, in alphabetical order. */
  readonly freeze: readonly string[];
  /** Examples of one update. */
  readonly batchSize: number;
  /** Examples of one update as a function of the epoch. Absent: `batchSize` throughout. */
  readonly batchSchedule?: KindSpec;
  /** Examples whose activations are in memory at once; gradients are summed over such parts. Absent: all. */
  readonly microBatchSize?: number;
  /** Passes over the training data; exactly one of `epochs` and `steps` is there. */
  readonly epochs?: number;
  /** Updates; 0 measures the initial state. */
  readonly steps?: number;
  /**
   * Which examples follow which: `shuffle` and `sequential` make epochs that are passes, `wrapping` goes on from the last
   * example to the first, so that every batch is full. `shared`: the networks of an ensemble see the same shuffled order,
   * that of the first.
   */
  readonly order: (typeof rowOrders)[number];
  /** Leave out a last batch that is smaller than `batchSize`. */
  readonly dropLast: boolean;
  /** Determines initial weights, order and dropout. */
  readonly seed: number;
  /** Independent networks trained as one program; number i has the seed `seed + i`. Absent: one network. */
  readonly ensemble?: number;
  /** A learning rate for every network of an ensemble, in place of the optimizer's. */
  readonly learningRates?: readonly number[];
  /** Ends the training early. Absent: all steps are done. */
  readonly stop?: StopRule;
  /** With which weights it ends. Absent: the last. */
  readonly keep?: Keep;
  /** SHA-256 of the initial values that were handed in, see `trialOrigin`. Absent: those that the seed gives. */
  readonly initial?: string;
  /** SHA-256 of the row numbers that were handed in. Absent: the order is that of `order`. */
  readonly rows?: string;
}

/** Which examples follow which. */
export const rowOrders = ["shuffle", "sequential", "wrapping", "shared"] as const;

const count = z.int().positive();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: "a SHA-256 of 64 hexadecimal digits" });

/**
 * The fields of a spec with their defaults. Definitions (model, loss, optimizer, ...) are only known to have a kind here:
 * `trialSpec` reads their options from their tables.
 */
export const trialSpecSchema = z.strictObject({
  schema: z.literal(3).default(3),
  model: kindSpec,
  data: dataUseSchema,
  loss: kindSpec.default({ kind: "crossEntropy" }),
  optimizer: kindSpec,
  schedule: kindSpec.default({ kind: "constant" }),
  clip: z.strictObject({ norm: z.number().positive().optional(), value: z.number().positive().optional() }).optional(),
  freeze: z.array(z.string()).readonly().default([]),
  batchSize: count.default(64),
  batchSchedule: kindSpec.optional(),
  microBatchSize: count.optional(),
  epochs: count.optional(),
  steps: z.int().min(0).optional(),
  order: z.enum(rowOrders).default("shuffle"),
  dropLast: z.boolean().default(false),
  seed: z.int().default(0),
  ensemble: count.optional(),
  learningRates: z.array(z.number()).min(1).readonly().optional(),
  stop: stopRuleSchema.optional(),
  keep: keepSchema.optional(),
  initial: sha256.optional(),
  rows: sha256.optional(),
} satisfies Readonly<Record<keyof TrialSpec, z.ZodType>>);

/** What `trialSpec` takes: required are `model`, `data` and `optimizer`; `undefined` stands for the default. */
export type TrialSpecInput = Readonly<z.input<typeof trialSpecSchema>>;

/**
 * The complete spec of a training: the only way to make one. It checks every field, fills in every default and brings
 * what are different words for one training into one form, so that one training has one name. A complete spec comes back
 * as it is.
 * @param where in front of the names of fields in messages.
 * @throws InvalidInputError | UnknownNameError that names the field.
 */
export function trialSpec(input: TrialSpecInput, where = "trial"): TrialSpec {
  checkForm(input, where);
  const given = parseOptions(where, trialSpecSchema, input) as z.output<typeof trialSpecSchema>;
  const { data, epochs, steps, clip, freeze } = given;
  if (epochs !== undefined && steps !== undefined) {
    throw new InvalidInputError("two lengths are given", {
      where,
      expected: "one of epochs and steps",
      received: "both",
    });
  }
  const complete = {
    ...given,
    model: readModel(given.model),
    data: { ...data, examples: unlessEmpty(data.examples), augment: data.augment.map(augmentation) },
    loss: read("loss", "loss", losses, given.loss),
    optimizer: read("optimizer", "optimizer", optimizers, given.optimizer),
    schedule: completeSchedule(given.schedule),
    clip: unlessEmpty(clip),
    freeze: [...new Set(freeze)].sort(),
    batchSchedule: readBatchSchedule(given.batchSchedule),
    microBatchSize: partsOf(given),
    ...(steps === undefined ? { epochs: epochs ?? 1 } : {}),
    ...orderOf(given),
    ...networksOf(given, where),
  };
  // A copy that shares nothing with the input, without members that are undefined, its members in order.
  return JSON.parse(canonicalJson(complete)) as TrialSpec;
}

/** The name of a trial: the hash of its spec. */
export function trialId(spec: TrialSpec): string {
  return jsonHash(spec);
}

function checkForm(input: unknown, where: string): void {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new InvalidInputError("not a trial spec", { where, expected: "an object with model, data and optimizer" });
  }
  const { schema = 3 } = input as { schema?: unknown };
  if (schema === 3) return;
  throw new InvalidInputError("a spec of another form", {
    where: `${where}.schema`,
    expected: "3",
    received: `${schema}`,
    remedy: [1, 2].includes(schema as number)
      ? "upgradeTrialSpec makes it one of this form"
      : "A newer version of the program wrote it",
  });
}

function read(where: string, what: string, table: DefinitionTable, spec: unknown): unknown {
  return readSpec(where, what, table, spec).spec;
}

/** Names a model from a file; its contents are not in the spec. */
const fileModel = z.strictObject({ fingerprint: z.string().min(1), output: z.string().optional() });

function readModel(spec: unknown): unknown {
  if (typeof spec !== "object" || spec === null || !("kind" in spec) || spec.kind !== "onnx") return readLayer(spec);
  const { kind, ...options } = spec;
  return { kind, ...parseOptions("model (onnx)", fileModel, options) };
}

function augmentation(spec: object, index: number): unknown {
  return readAugmentation(`data.augment[${index}]`, spec).spec;
}

/** One that keeps the size throughout is as good as none. */
function readBatchSchedule(spec: unknown): unknown {
  if (spec === undefined) return undefined;
  const { definition, spec: complete } = readSpec("batchSchedule", "batch schedule", batchSchedules, spec);
  return definition === constantBatch ? undefined : complete;
}

function unlessEmpty<T extends object>(options: T | undefined): T | undefined {
  return options !== undefined && Object.values(options).some((value) => value !== undefined) ? options : undefined;
}

type Given = z.output<typeof trialSpecSchema>;

/**
 * The order in one form. Row numbers that were handed in take the place of any order and wrap round at their end, as
 * the wrapping order does: there is no last batch. A single network shares its order with nobody.
 */
function orderOf({ order, rows, dropLast, ensemble, learningRates }: Given): Pick<TrialSpec, "order" | "dropLast"> {
  if (rows !== undefined || order === "wrapping") return { order: "wrapping", dropLast: false };
  const isAlone = ensemble === undefined && learningRates === undefined;
  return { order: isAlone && order === "shared" ? "shuffle" : order, dropLast };
}

/** Parts as large as the batch are the whole batch; a schedule may make it larger. */
function partsOf({ batchSize, microBatchSize, batchSchedule }: Given): number | undefined {
  const isWhole = microBatchSize !== undefined && microBatchSize >= batchSize && batchSchedule === undefined;
  return isWhole ? undefined : microBatchSize;
}

/** As many networks as learning rates, where those are given. */
function networksOf({ ensemble, learningRates }: Given, where: string): Pick<TrialSpec, "ensemble"> {
  const networks = ensemble ?? learningRates?.length;
  if (learningRates !== undefined && learningRates.length !== networks) {
    throw new InvalidInputError("learning rates do not fit the ensemble", {
      where: `${where}.learningRates`,
      expected: `${networks}, one for each network`,
      received: `${learningRates.length}`,
    });
  }
  return networks === undefined ? {} : { ensemble: networks };
}
