// When a training ends before its last step, and which of its weights it ends with.
import * as z from "zod";

const monitors = ["loss", "accuracy"] as const;

/**
 * Ends a training whose smoothed, bias-corrected loss exceeds `factor` times its best so far: see trial/epochs/stop-rule.ts.
 * `smoothing` is the weight of the past, at least 0 and below 1.
 */
const lossAbove = z.strictObject({
  kind: z.literal("lossAbove"),
  factor: z.number().gt(1).default(4),
  smoothing: z.number().min(0).lt(1).default(0.98),
});

/**
 * Ends a training after `patience` epochs in a row without improvement by more than `minDelta`, as Keras's EarlyStopping.
 * Epochs are compared by `monitor`: of the validation split, or of the training split where nothing is held out.
 */
const noImprovement = z.strictObject({
  kind: z.literal("noImprovement"),
  patience: z.int().positive().default(5),
  minDelta: z.number().nonnegative().default(0),
  monitor: z.enum(monitors).default("loss"),
});

export const stopRuleSchema = z.discriminatedUnion("kind", [lossAbove, noImprovement]);

export type StopRule = Readonly<z.output<typeof stopRuleSchema>>;
export type LossRule = Extract<StopRule, { readonly kind: "lossAbove" }>;
export type PatienceRule = Extract<StopRule, { readonly kind: "noImprovement" }>;

/** `{ best: "loss" }`: the training ends with the weights of the epoch whose loss was the least; the first of equals. */
export const keepSchema = z.strictObject({ best: z.enum(monitors) });

export type Keep = Readonly<z.output<typeof keepSchema>>;
