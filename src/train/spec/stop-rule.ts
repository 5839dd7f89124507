// When a training ends before its last step.
import * as z from "zod";

/**
 * Ends a training whose smoothed, bias-corrected loss exceeds `factor` times its best so far: see trial/stop-rule.ts.
 * `smoothing` is the weight of the past, at least 0 and below 1.
 */
export const stopRuleSchema = z.strictObject({
  kind: z.literal("lossAbove"),
  factor: z.number().gt(1).default(4),
  smoothing: z.number().min(0).lt(1).default(0.98),
});

export type StopRule = Readonly<z.output<typeof stopRuleSchema>>;
