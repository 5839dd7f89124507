// MiniGoogLeNet: inception modules at the size of CIFAR-10.
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { parallel } from "../layers/containers/parallel.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { batchNorm } from "../layers/normalization/batch-norm.js";
import { padTo } from "../layers/pad-to.js";
import { maxPool2d } from "../layers/pooling.js";
import { scaledBy } from "./conv-norm.js";
import { defineModel } from "./model.js";

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(10)
    .meta({ aliases: ["num_classes"] }),
  /** Multiplies all filter counts. */
  width: z.number().positive().default(1),
  dropout: z.number().min(0).lt(1).default(0.5),
});

/**
 * MiniGoogLeNet (Zhang, Bengio, Hardt, Recht and Vinyals, ICLR 2017, "small Inception"; in the form of the Keras course
 * material: biases, batch normalization with scale): 1,652,826 trained parameters for 3 channels. For 32 x 32 images;
 * smaller ones are padded with zeros.
 */
export const miniGoogLeNet = defineModel({
  kind: "miniGoogLeNet",
  about: "MiniGoogLeNet, for 32 x 32 images",
  options,
  inputShape: [3, 32, 32],
  source: "Zhang, Bengio, Hardt, Recht and Vinyals, ICLR 2017",
  model({ classes, width, dropout: rate }: z.output<typeof options>): LayerSpec {
    const filters = scaledBy(width);
    const convolution = (count: number, kernel: number, stride = 1, padding = 0): LayerSpec =>
      sequential([conv2d({ filters: filters(count), kernel, stride, padding }), batchNorm(), relu()]);
    const inception = (single: number, wide: number): LayerSpec =>
      parallel([convolution(single, 1), convolution(wide, 3, 1, 1)]);
    const downsample = (count: number): LayerSpec =>
      parallel([convolution(count, 3, 2), maxPool2d({ kernel: 3, stride: 2 })]);
    return sequential([
      padTo({ size: 32 }),
      convolution(96, 3, 1, 1),
      inception(32, 32),
      inception(32, 48),
      downsample(80),
      inception(112, 48),
      inception(96, 64),
      inception(80, 80),
      inception(48, 96),
      downsample(96),
      inception(176, 160),
      inception(176, 160),
      globalAveragePool(),
      dropout({ rate }),
      dense({ units: classes }),
    ]);
  },
});
