// The catalogue as functions: options in, a model spec out, ready for `train` and `sequential`.
import type { z } from "zod";
import type { LayerSpec } from "./layer.js";
import { models } from "./models.js";

export { modelByName } from "./models.js";

/** LeNet-5 with ReLU and max-pooling, for 28 x 28 images: `lenet5({ batchNorm: "hidden" })`. */
export function lenet5(options: z.input<typeof models.lenet5.options> = {}): LayerSpec {
  return models.lenet5.model(models.lenet5(options));
}

/** LeNet-5 with the faults of a lab report (softmax before the loss), to show what they do; not for use. */
export function lenet5AsCoded(options: z.input<typeof models.lenet5AsCoded.options> = {}): LayerSpec {
  return models.lenet5AsCoded.model(models.lenet5AsCoded(options));
}

/** Dense layers with ReLU between them: `mlp({ widths: [784, 100, 10] })`, inputs first. */
export function mlp(options: z.input<typeof models.mlp.options> = {}): LayerSpec {
  return models.mlp.model(models.mlp(options));
}
