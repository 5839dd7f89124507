// DenseNet-121: every layer reads the outputs of all earlier layers in its block.
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { parallel } from "../layers/containers/parallel.js";
import { sequential } from "../layers/containers/sequential.js";
import { dense } from "../layers/dense.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { batchNorm } from "../layers/normalization/batch-norm.js";
import { averagePool2d, maxPool2d } from "../layers/pooling.js";
import { scaledBy, unbiased } from "./conv-norm.js";
import { defineModel } from "./model.js";

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(1000)
    .meta({ aliases: ["num_classes"] }),
  /** Layers of each block: 169 layers of weights with [6, 12, 32, 32], 201 with [6, 12, 48, 32]. */
  depths: z.array(z.int().positive()).min(1).default([6, 12, 24, 16]),
  /** Channels that every layer adds, at width 1. */
  growth: z.int().positive().default(32),
  /** Multiplies all filter counts. */
  width: z.number().positive().default(1),
});

/** Normalization, 1 x 1 to four times the growth, normalization, 3 x 3; concatenated with the input. */
function denseLayer(growth: number, name: string): LayerSpec {
  const made = sequential(
    [batchNorm(), relu(), unbiased(4 * growth, { kernel: 1 }), batchNorm(), relu(), unbiased(growth, { kernel: 3 })],
    { names: ["norm1", "relu1", "conv1", "norm2", "relu2", "conv2"] },
  );
  return parallel([sequential([]), made], { names: ["", name] });
}

/**
 * DenseNet-121 (Huang, Liu, van der Maaten and Weinberger, CVPR 2017): 7,978,856 parameters, named as in torchvision.
 */
export const densenet121 = defineModel({
  kind: "densenet121",
  about: "DenseNet with 121 layers of weights",
  aliases: [
    { name: "densenet169", options: { depths: [6, 12, 32, 32] } },
    { name: "densenet201", options: { depths: [6, 12, 48, 32] } },
  ],
  options,
  inputShape: [3, 224, 224],
  source: "Huang, Liu, van der Maaten and Weinberger, CVPR 2017",
  model({ classes, depths, growth, width }: z.output<typeof options>): LayerSpec {
    const scaled = scaledBy(width);
    const added = scaled(growth);
    let channels = scaled(64);
    const entries: [string, LayerSpec][] = [
      ["conv0", unbiased(channels, { kernel: 7, stride: 2 })],
      ["norm0", batchNorm()],
      ["relu0", relu()],
      ["pool0", maxPool2d({ kernel: 3, stride: 2, padding: 1 })],
    ];
    for (const [i, depth] of depths.entries()) {
      const layers = Array.from({ length: depth }, (_, k) => denseLayer(added, `denselayer${k + 1}`));
      entries.push([`denseblock${i + 1}`, sequential(layers, { names: layers.map(() => "") })]);
      channels += depth * added;
      if (i === depths.length - 1) continue;
      channels = Math.max(1, Math.floor(channels / 2));
      const transition = [batchNorm(), relu(), unbiased(channels, { kernel: 1 }), averagePool2d({ kernel: 2 })];
      entries.push([`transition${i + 1}`, sequential(transition, { names: ["norm", "relu", "conv", "pool"] })]);
    }
    entries.push(["norm5", batchNorm()], ["relu5", relu()]);
    const features = sequential(
      entries.map(([, layer]) => layer),
      { names: entries.map(([name]) => name) },
    );
    return sequential([features, globalAveragePool(), dense({ units: classes })], {
      names: ["features", "avgpool", "classifier"],
    });
  },
});
