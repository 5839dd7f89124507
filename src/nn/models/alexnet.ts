// AlexNet in its three forms: one tower as lab reports count it, two towers as published, torchvision's.
import * as z from "zod";
import { define } from "../../core/definition.js";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { maxPool2d } from "../layers/pooling.js";
import { sequential } from "../layers/sequential.js";
import { scaledBy } from "./conv-norm.js";

const options = z.object({
  classes: z.int().positive().default(1000),
  /**
   * `single`: one tower. `grouped`: convolutions 2, 4 and 5 in two groups, as the paper's two GPUs have it. `torchvision`:
   * one tower with fewer filters (Krizhevsky 2014), for 224 x 224 images.
   */
  form: z.enum(["single", "grouped", "torchvision"]).default("single"),
  /** `imagenet` begins with 11 x 11 filters, 4 apart; `small` with 5 x 5 ones, for about 32 x 32 images. */
  stem: z.enum(["imagenet", "small"]).default("imagenet"),
  /** All numbers of filters and hidden units are multiplied by it. */
  width: z.number().positive().default(1),
  dropout: z.number().min(0).lt(1).default(0.5),
});

type Spec = z.output<typeof options>;

/** Filters of the five convolutions, padding of the first, and groups of those that two GPUs divided. */
const forms = {
  single: { filters: [96, 256, 384, 384, 256], padding: 0, groups: 1, extent: 227 },
  grouped: { filters: [96, 256, 384, 384, 256], padding: 0, groups: 2, extent: 227 },
  torchvision: { filters: [64, 192, 384, 256, 256], padding: 2, groups: 1, extent: 224 },
} as const;

function model({ classes, form, stem, width, dropout: rate }: Spec): LayerSpec {
  const scaled = scaledBy(width);
  const { filters, padding, groups } = forms[form];
  const convolution = (count: number, kernel: number, around: number, parts = 1, stride = 1): LayerSpec[] => [
    conv2d({ filters: parts * scaled(count / parts), kernel, padding: around, stride, groups: parts }),
    relu(),
  ];
  const pool = maxPool2d({ kernel: 3, stride: 2 });
  const features = [
    // The first is not divided by number of channels, but its filters must be even for those behind it.
    ...(stem === "imagenet"
      ? [conv2d({ filters: groups * scaled(filters[0] / groups), kernel: 11, padding, stride: 4 }), relu()]
      : [conv2d({ filters: groups * scaled(filters[0] / groups), kernel: 5, padding: 2 }), relu()]),
    pool,
    ...convolution(filters[1], 5, 2, groups),
    pool,
    // The third saw both GPUs.
    conv2d({ filters: groups * scaled(filters[2] / groups), kernel: 3, padding: 1 }),
    relu(),
    ...convolution(filters[3], 3, 1, groups),
    ...convolution(filters[4], 3, 1, groups),
    pool,
  ];
  const hidden = [4096, 4096].map(scaled);
  if (form === "torchvision") {
    const classifier = sequential([
      ...hidden.flatMap((units) => [dropout({ rate }), dense({ units }), relu()]),
      dense({ units: classes }),
    ]);
    return sequential([sequential(features), flatten(), classifier], { names: ["features", "flatten", "classifier"] });
  }
  const head = hidden.flatMap((units) => [dense({ units }), relu(), dropout({ rate })]);
  return sequential([...features, flatten(), ...head, dense({ units: classes })]);
}

/**
 * AlexNet (Krizhevsky, Sutskever and Hinton, NeurIPS 2012) without local response normalization. One tower has 62,378,344
 * parameters, the published network with its groups 60,965,224, torchvision's 61,100,840 (names as there).
 */
export const alexnet = define({
  kind: "alexnet",
  about: "AlexNet in one tower, form=grouped in two, or form=torchvision; stem=small for images of about 32 x 32",
  options,
  inputShape: ({ form, stem }: Spec) => (stem === "small" ? [3, 32, 32] : [3, forms[form].extent, forms[form].extent]),
  source: "Krizhevsky, Sutskever and Hinton, NeurIPS 2012",
  model,
});
