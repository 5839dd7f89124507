// Batch sizes as a function of the epoch, instead of a decaying learning rate or in addition to one.
import * as z from "zod";
import { define, readSpec } from "../core/definition.js";

/** The state of a training at the start of an epoch. */
export interface BatchContext {
  /** Number of epochs completed before this one. The batch size is constant within an epoch. */
  readonly epoch: number;
  /** The training's own batch size. */
  readonly batchSize: number;
}

interface BatchSchedulePart<S> {
  size(spec: S, context: BatchContext): number;
}

const most = z.int().positive().optional().describe("largest size");
const factor = z.number().positive().default(2).describe("factor of the size");

/** Rounds to an integer from 1 to `limit`. */
const within = (size: number, limit = Number.MAX_SAFE_INTEGER): number =>
  Math.max(1, Math.min(limit, Math.round(size)));

/** The training's own batch size. */
export const constantBatch = define({
  kind: "constant",
  about: "the same batch size throughout",
  options: z.object({}),
  size: (_spec: object, { batchSize }: BatchContext) => batchSize,
});

/**
 * `batchSize * factor^floor(epoch / every)`, at most `most`. Growing by a factor f instead of dividing the learning
 * rate by f keeps the noise scale of SGD and needs fewer updates (Smith, Kindermans, Ying and Le, ICLR 2018).
 */
export const growingBatch = define({
  kind: "growing",
  about: "multiplied by a factor every few epochs",
  options: z.object({ every: z.int().positive().default(5).describe("epochs of a stage"), factor, most }),
  size: (
    spec: { readonly every: number; readonly factor: number; readonly most?: number | undefined },
    { epoch, batchSize }: BatchContext,
  ) => within(batchSize * spec.factor ** Math.floor(epoch / spec.every), spec.most),
});

/**
 * `batchSize * factor^(number of milestones reached)`, at most `most`: the paper uses 60, 120 and 160 with factor 5.
 */
export const milestoneBatch = define({
  kind: "milestones",
  about: "multiplied by a factor at given epochs",
  options: z.object({
    milestones: z.array(z.int().positive()).default([60, 120, 160]).describe("epochs at which the size changes"),
    factor,
    most,
  }),
  size: (
    spec: { readonly milestones: readonly number[]; readonly factor: number; readonly most?: number | undefined },
    { epoch, batchSize }: BatchContext,
  ) => within(batchSize * spec.factor ** spec.milestones.filter((reached) => reached <= epoch).length, spec.most),
});

/**
 * Up and down by powers of a factor: `batchSize * factor^k`, where k runs through 0, 1, ..., `levels`, ..., 1 and stays
 * at each value for `every` epochs. Sizes repeat, so at most `levels + 1` programs are needed.
 */
export const cyclicalBatch = define({
  kind: "cyclical",
  about: "multiplied by a factor several times, then divided as often",
  options: z.object({
    every: z.int().positive().default(1).describe("epochs of a stage"),
    factor,
    levels: z.int().positive().default(4).describe("number of multiplications before the size falls"),
    most,
  }),
  size: (
    spec: {
      readonly every: number;
      readonly factor: number;
      readonly levels: number;
      readonly most?: number | undefined;
    },
    { epoch, batchSize }: BatchContext,
  ) => {
    const stage = Math.floor(epoch / spec.every) % (2 * spec.levels);
    return within(batchSize * spec.factor ** Math.min(stage, 2 * spec.levels - stage), spec.most);
  },
});

export const batchSchedules = {
  constant: constantBatch,
  growing: growingBatch,
  milestones: milestoneBatch,
  cyclical: cyclicalBatch,
} as const;

/**
 * The function that a batch-size spec stands for.
 * @throws InvalidInputError | UnknownNameError
 */
export function batchSizeFunction(spec: unknown, where = "batchSchedule"): (context: BatchContext) => number {
  const { definition, spec: complete } = readSpec(where, "batch schedule", batchSchedules, spec);
  const part = definition as unknown as BatchSchedulePart<unknown>;
  return (context) => part.size(complete, context);
}
