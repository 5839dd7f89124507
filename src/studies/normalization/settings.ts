// The settings and presets of the study.
import * as z from "zod";
import type { Presets } from "../../study/definition.js";

export const settings = z.object({
  epochs: z
    .int()
    .min(1)
    .max(1000)
    .meta({ description: "passes over the training data of the corrected networks", unit: "epochs" }),
  batchSize: z
    .int()
    .min(2)
    .max(4096)
    .meta({ description: "examples per update of the corrected networks", unit: "examples" }),
  learningRate: z.number().min(0).max(10).meta({ description: "learning rate of Adam" }),
  twinEpochs: z
    .int()
    .min(1)
    .max(1000)
    .meta({ description: "passes over the training data of the as-coded networks", unit: "epochs" }),
  twinSeeds: z
    .int()
    .min(0)
    .max(1000)
    .meta({ description: "seeds of the as-coded networks, at most those of the study", unit: "seeds" }),
  examples: z
    .int()
    .min(128)
    .optional()
    .meta({ description: "training and test images to use, the first ones; all when left out", unit: "examples" }),
});

export type NormalizationSettings = z.output<typeof settings>;

export const presets: Presets<NormalizationSettings> = {
  quick: {
    settings: { epochs: 3, batchSize: 64, learningRate: 1e-3, twinEpochs: 6, twinSeeds: 1 },
    seeds: 3,
    about: "3 seeds of 3 epochs; the as-coded twin once, for 6 epochs",
  },
  standard: {
    settings: { epochs: 5, batchSize: 64, learningRate: 1e-3, twinEpochs: 30, twinSeeds: 1 },
    seeds: 5,
    about: "5 seeds of 5 epochs; the as-coded twin once, for the report's 30 epochs",
  },
  paper: {
    settings: { epochs: 20, batchSize: 64, learningRate: 1e-3, twinEpochs: 30, twinSeeds: 5 },
    seeds: 10,
    about: "10 seeds of 20 epochs; the as-coded twin with 5 seeds of 30 epochs",
  },
};

/** Few images, so that a trial takes only a few steps. */
export const smoke = {
  settings: { epochs: 1, twinEpochs: 1, examples: 640 },
  seeds: 2,
  about: "2 seeds of 1 epoch of 640 images; the as-coded twin once, for 1 epoch",
};
