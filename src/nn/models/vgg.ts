// VGG: 3 x 3 convolutions all the way down.
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { batchNorm } from "../layers/normalization/batch-norm.js";
import { maxPool2d } from "../layers/pooling.js";
import { scaledBy } from "./conv-norm.js";
import { defineModel } from "./model.js";

/** Convolutions of each of the five stages. */
const stages = {
  vgg11: [1, 1, 2, 2, 2],
  vgg13: [2, 2, 2, 2, 2],
  vgg16: [2, 2, 3, 3, 3],
  vgg19: [2, 2, 4, 4, 4],
} as const;

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(1000)
    .meta({ aliases: ["num_classes"] }),
  batchNorm: z.boolean().default(false),
  /** Units of the two hidden dense layers. */
  hidden: z.int().positive().default(4096),
  /** Multiplies all filter counts. */
  width: z.number().positive().default(1),
  dropout: z.number().min(0).lt(1).default(0.5),
});

function layersOf(
  depths: readonly number[],
  { classes, hidden, width, dropout: rate, ...spec }: z.output<typeof options>,
) {
  const features = depths.flatMap((depth, stage) => {
    const filters = scaledBy(width)(Math.min(512, 64 * 2 ** stage));
    const one = [conv2d({ filters, kernel: 3, padding: 1 }), ...(spec.batchNorm ? [batchNorm()] : []), relu()];
    return [...Array.from({ length: depth }, () => one).flat(), maxPool2d({ kernel: 2 })];
  });
  const head = [
    dense({ units: hidden }),
    relu(),
    dropout({ rate }),
    dense({ units: hidden }),
    relu(),
    dropout({ rate }),
  ];
  // Named as in torchvision, so that its weights fit.
  return sequential([sequential(features), flatten(), sequential([...head, dense({ units: classes })])], {
    names: ["features", "flatten", "classifier"],
  });
}

/**
 * VGG (Simonyan and Zisserman, ICLR 2015), configurations A, B, D and E. 224 x 224 images give the published sizes
 * (VGG-16: 138,357,544 parameters); smaller ones, from 32 x 32, a smaller first dense layer.
 */
function vgg<Kind extends keyof typeof stages>(kind: Kind) {
  return defineModel({
    kind,
    about: `VGG with ${kind.slice(3)} layers of weights; from 32 x 32 images`,
    aliases: [{ name: `${kind}_bn`, options: { batchNorm: true } }],
    options,
    inputShape: [3, 224, 224],
    source: "Simonyan and Zisserman, ICLR 2015",
    model: (spec: z.output<typeof options>): LayerSpec => layersOf(stages[kind], spec),
  });
}

/** VGG with 11 layers of weights. */
export const vgg11 = vgg("vgg11");
/** VGG with 13 layers of weights. */
export const vgg13 = vgg("vgg13");
/** VGG with 16 layers of weights: `vgg16({ batchNorm: true, classes: 10 })`. */
export const vgg16 = vgg("vgg16");
/** VGG with 19 layers of weights. */
export const vgg19 = vgg("vgg19");
