// AlexNet in three forms: the single tower of lab reports, the published two towers, and torchvision's.
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { localResponseNorm } from "../layers/normalization/local-response-norm.js";
import { maxPool2d } from "../layers/pooling.js";
import { scaledBy } from "./conv-norm.js";
import { defineModel } from "./model.js";

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(1000)
    .meta({ aliases: ["num_classes"] }),
  /**
   * `single`: one tower. `grouped`: convolutions 2, 4 and 5 in two groups, as on the paper's two GPUs. `torchvision`:
   * one tower with fewer filters (Krizhevsky 2014), for 224 x 224 images.
   */
  form: z.enum(["single", "grouped", "torchvision"]).default("single"),
  /** `imagenet` starts with 11 x 11 filters of stride 4; `small` with 5 x 5 filters, for images of about 32 x 32. */
  stem: z.enum(["imagenet", "small"]).default("imagenet"),
  /** Multiplies all filter and hidden unit counts. */
  width: z.number().positive().default(1),
  dropout: z.number().min(0).lt(1).default(0.5),
  /** After the first two convolutions, as in the paper. */
  localResponseNorm: z.boolean().default(false),
});

type Spec = z.output<typeof options>;

/** Filters of the five convolutions, padding of the first, groups of 2, 4 and 5, and the image. */
const forms = {
  single: { filters: [96, 256, 384, 384, 256], padding: 0, groups: 1, extent: 227 },
  grouped: { filters: [96, 256, 384, 384, 256], padding: 0, groups: 2, extent: 227 },
  torchvision: { filters: [64, 192, 384, 256, 256], padding: 2, groups: 1, extent: 224 },
} as const;

function featuresOf({ form, stem, width, ...spec }: Spec): LayerSpec[] {
  const { filters, padding, groups } = forms[form];
  const scaled = scaledBy(width);
  const convolution = (i: number, kernel: number, around: number, more: { stride?: number; groups?: number } = {}) =>
    // The groups must also divide the input of the next convolution.
    conv2d({ filters: groups * scaled(filters[i] / groups), kernel, padding: around, ...more });
  const pool = maxPool2d({ kernel: 3, stride: 2 });
  // Combined with the activation in one layer, so that parameter names do not depend on it. The paper's alpha, 1e-4,
  // multiplies a sum, not a mean.
  const normalized = spec.localResponseNorm
    ? sequential([relu(), localResponseNorm({ size: 5, alpha: 5e-4, beta: 0.75, offset: 2 })])
    : relu();
  return [
    ...[stem === "imagenet" ? convolution(0, 11, padding, { stride: 4 }) : convolution(0, 5, 2), normalized, pool],
    ...[convolution(1, 5, 2, { groups }), normalized, pool],
    // Here both GPUs read both halves.
    ...[convolution(2, 3, 1), relu()],
    ...[convolution(3, 3, 1, { groups }), relu()],
    ...[convolution(4, 3, 1, { groups }), relu(), pool],
  ];
}

function model(spec: Spec): LayerSpec {
  const features = featuresOf(spec);
  const dropped = dropout({ rate: spec.dropout });
  const hidden = [4096, 4096].map(scaledBy(spec.width)).map((units) => dense({ units }));
  const last = dense({ units: spec.classes });
  if (spec.form === "torchvision") {
    const classifier = sequential([...hidden.flatMap((layer) => [dropped, layer, relu()]), last]);
    return sequential([sequential(features), flatten(), classifier], { names: ["features", "flatten", "classifier"] });
  }
  return sequential([...features, flatten(), ...hidden.flatMap((layer) => [layer, relu(), dropped]), last]);
}

/**
 * AlexNet (Krizhevsky, Sutskever and Hinton, NeurIPS 2012). The single tower has 62,378,344 parameters, the published
 * network with its groups 60,965,224, torchvision's 61,100,840 (names as there). The published one is `{ form:
 * "grouped", localResponseNorm: true }`.
 */
export const alexnet = defineModel({
  kind: "alexnet",
  about: "AlexNet in one tower, form=grouped in two, or form=torchvision; stem=small for images of about 32 x 32",
  differs: { PyTorch: "torchvision's has fewer filters (form torchvision)" },
  options,
  inputShape: ({ form, stem }: Spec) => (stem === "small" ? [3, 32, 32] : [3, forms[form].extent, forms[form].extent]),
  source: "Krizhevsky, Sutskever and Hinton, NeurIPS 2012",
  model,
});
