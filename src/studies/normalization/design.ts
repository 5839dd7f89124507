// The trials: five variants of LeNet-5 trained correctly, and four as the report coded them.
import { lenet5, lenet5AsCoded } from "../../nn/models/lenet5.js";
import { adam } from "../../optim/optimizers/adam.js";
import { sgd } from "../../optim/optimizers/sgd.js";
import type { PlannedTrial, StageContext } from "../../study/definition.js";
import { measurementPlan } from "../../study/measurement.js";
import { type TrialSpec, trialSpec } from "../../train/spec/trial-spec.js";
import { scalesAndShifts } from "./layers.js";
import type { NormalizationSettings } from "./settings.js";

export interface Variant {
  readonly id: string;
  readonly title: string;
  readonly batchNorm: "none" | "hidden" | "everywhere";
  readonly dropout: boolean;
}

/**
 * The five variants of the question. With batch normalization everywhere, normalization of the input replaces the
 * standardization by known constants; the other variants get standardized inputs.
 */
export const variants: readonly Variant[] = [
  { id: "none", title: "Neither", batchNorm: "none", dropout: false },
  { id: "batchNormHidden", title: "Batch norm, hidden layers", batchNorm: "hidden", dropout: false },
  { id: "batchNormEverywhere", title: "Batch norm, input too", batchNorm: "everywhere", dropout: false },
  { id: "dropout", title: "Dropout", batchNorm: "none", dropout: true },
  { id: "batchNormAndDropout", title: "Batch norm and dropout", batchNorm: "hidden", dropout: true },
];

/** The variants that the report ran. */
export const reportedVariants: readonly Variant[] = variants.filter(({ id }) => id !== "none");

export type Form = "corrected" | "asCoded";

/** Batch size and learning rate of the report's code; its optimizer was SGD without momentum. */
export const reportBatchSize = 128;
const reportLearningRate = 1e-3;

/** Mini-batches per epoch of the report: 60,000 images in batches of 128. */
export const reportStepsPerEpoch = 469;

type Context = StageContext<NormalizationSettings>;

export function design(context: Context): PlannedTrial[] {
  const { seeds, settings } = context;
  const trials: PlannedTrial[] = [];
  for (const seed of seeds) {
    for (const variant of variants)
      trials.push(trial(variant, "corrected", seed, correctedSpec(variant, seed, context)));
  }
  for (const seed of seeds.slice(0, settings.twinSeeds)) {
    for (const variant of reportedVariants)
      trials.push(trial(variant, "asCoded", seed, asCodedSpec(variant, seed, context)));
  }
  return trials;
}

function trial(variant: Variant, form: Form, replicate: number, spec: TrialSpec): PlannedTrial {
  const tensors = scalesAndShifts(spec).map((of) => ({ of, at: "end" as const }));
  return { factors: { form, variant: variant.id }, replicate, spec, measure: measurementPlan({ tensors }) };
}

function correctedSpec({ batchNorm, dropout }: Variant, seed: number, context: Context): TrialSpec {
  const { learningRate, batchSize, epochs } = context.settings;
  return trialSpec({
    ...common(batchNorm, seed, context),
    model: lenet5.model({ batchNorm, dropout, classes: 10 }),
    optimizer: adam({ learningRate }),
    batchSize,
    epochs,
  });
}

function asCodedSpec({ batchNorm, dropout }: Variant, seed: number, context: Context): TrialSpec {
  return trialSpec({
    ...common(batchNorm, seed, context),
    model: lenet5AsCoded.model({ batchNorm, dropout, classes: 10 }),
    optimizer: sgd({ learningRate: reportLearningRate }),
    batchSize: reportBatchSize,
    epochs: context.settings.twinEpochs,
  });
}

function common(batchNorm: Variant["batchNorm"], seed: number, { data, settings: { examples } }: Context) {
  return {
    data: {
      ...data("mnist"),
      ...(examples === undefined ? {} : { examples: { train: examples, test: examples } }),
      scaling: batchNorm === "everywhere" ? "unit" : "standardize",
    },
    seed,
  } as const;
}
