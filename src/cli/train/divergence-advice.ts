// What somebody whose training diverged may try: by the step at which it did, and by what the spec says.
import type { Dataset } from "../../data/dataset.js";
import type { TrialSpec } from "../../train/spec/trial-spec.js";
import type { Divergence } from "../../train/trial/events.js";
import { formatNumber } from "../output.js";

/** Larger than what data hold unless something is wrong: squares of it reach the end of float32 in one layer. */
const suspicious = 1e12;

/** One sentence. The learning rate is not to blame for what came before the first update, nor for a division by zero. */
export function divergenceAdvice(
  { optimizer }: Pick<TrialSpec, "optimizer">,
  data: Dataset,
  diverged: readonly Divergence[],
): string {
  if (diverged.every(({ step }) => step === 0)) return firstStepAdvice(data);
  if (optimizer?.epsilon === 0) return "With epsilon 0, a gradient of 0 is divided by 0: use an epsilon above 0";
  return "Try a smaller learning rate";
}

function firstStepAdvice(data: Dataset): string {
  const largest = largestInput(data);
  const range = largest >= suspicious ? `, whose inputs reach ${formatNumber(largest)}` : "";
  return `It happened before the first update, so the learning rate is not the cause: look at the data${range}, at the initial weights, and at layers that divide`;
}

function largestInput({ train }: Dataset): number {
  const inputs = train?.inputs;
  if (inputs === undefined || !("data" in inputs)) return 0;
  let largest = 0;
  for (const value of inputs.data as Iterable<number | bigint>) largest = Math.max(largest, Math.abs(Number(value)));
  return largest;
}
