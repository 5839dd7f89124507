// SqueezeNet: fire modules, and no dense layer.
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { parallel } from "../layers/containers/parallel.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { dropout } from "../layers/dropout.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { maxPool2d } from "../layers/pooling.js";
import { scaledBy } from "./conv-norm.js";
import { defineModel } from "./model.js";

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(1000)
    .meta({ aliases: ["num_classes"] }),
  /** Multiplies all filter counts. */
  width: z.number().positive().default(1),
  dropout: z.number().min(0).lt(1).default(0.5),
});

/** Squeeze and expand filters of a fire module, or a pooling. */
type Part = readonly [squeeze: number, expand: number] | "pool";

/** 1.1 pools earlier, for 2.4 times fewer products. */
const versions: Readonly<
  Record<"squeezenet1_0" | "squeezenet1_1", { filters: number; kernel: number; parts: readonly Part[] }>
> = {
  squeezenet1_0: {
    filters: 96,
    kernel: 7,
    parts: [
      "pool",
      [16, 64],
      [16, 64],
      [32, 128],
      "pool",
      [32, 128],
      [48, 192],
      [48, 192],
      [64, 256],
      "pool",
      [64, 256],
    ],
  },
  squeezenet1_1: {
    filters: 64,
    kernel: 3,
    parts: [
      "pool",
      [16, 64],
      [16, 64],
      "pool",
      [32, 128],
      [32, 128],
      "pool",
      [48, 192],
      [48, 192],
      [64, 256],
      [64, 256],
    ],
  },
};

// ReLU halves the variance; these weights double it.
const he = { kind: "heUniform" } as const;

function squeezenet<Kind extends keyof typeof versions>(kind: Kind) {
  const { filters, kernel, parts } = versions[kind];
  return defineModel({
    kind,
    about: `SqueezeNet ${kind.slice(-3).replace("_", ".")}`,
    options,
    inputShape: [3, 224, 224],
    source: "Iandola et al., arXiv 1602.07360",
    model({ classes, width, dropout: rate }: z.output<typeof options>): LayerSpec {
      const scaled = scaledBy(width);
      const convolution = (count: number, extent: number): LayerSpec =>
        conv2d({ filters: scaled(count), kernel: extent, padding: (extent - 1) / 2, weightInitializer: he });
      const fire = (squeeze: number, expand: number): LayerSpec =>
        sequential(
          [
            convolution(squeeze, 1),
            relu(),
            parallel([convolution(expand, 1), convolution(expand, 3)], { names: ["expand1x1", "expand3x3"] }),
            relu(),
          ],
          { names: ["squeeze", "squeeze_activation", "", "expand_activation"] },
        );
      const features = [
        conv2d({ filters: scaled(filters), kernel, stride: 2, weightInitializer: he }),
        relu(),
        ...parts.map((part) => (part === "pool" ? maxPool2d({ kernel: 3, stride: 2, ceilMode: true }) : fire(...part))),
      ];
      const classifier = [dropout({ rate }), conv2d({ filters: classes, kernel: 1 }), relu(), globalAveragePool()];
      return sequential([sequential(features), sequential(classifier)], { names: ["features", "classifier"] });
    },
  });
}

/** SqueezeNet (Iandola et al. 2016): 1,248,424 parameters for 1,000 classes, named as in torchvision. */
export const squeezenet1_0 = squeezenet("squeezenet1_0");

/** Version 1.1: 1,235,496 parameters. */
export const squeezenet1_1 = squeezenet("squeezenet1_1");
