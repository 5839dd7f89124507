// ResNet with basic blocks.
import * as z from "zod";
import { define } from "../../core/definition.js";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { batchNorm } from "../layers/batch-norm.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { maxPool2d } from "../layers/pooling.js";
import { residual } from "../layers/residual.js";
import { sequential } from "../layers/sequential.js";

/** Blocks of each of the four stages. */
const stages = { resnet18: [2, 2, 2, 2], resnet34: [3, 4, 6, 3] } as const;

const options = z.object({
  classes: z.int().positive().default(1000),
  /** `imagenet` begins with 7 x 7 filters, 2 apart, and a pooling; `cifar` with 3 x 3 ones, for about 32 x 32 images. */
  stem: z.enum(["imagenet", "cifar"]).default("imagenet"),
  /** All numbers of filters are multiplied by it. */
  width: z.number().positive().default(1),
});

// ReLU halves the variance; these weights double it again.
const he = { kind: "heNormal" } as const;
const convolution = (filters: number, kernel: number, stride: number): LayerSpec =>
  conv2d({ filters, kernel, stride, padding: (kernel - 1) / 2, bias: false, weightInitializer: he });

/** Two 3 x 3 convolutions around which the input goes; projected where its shape changes. */
function basicBlock(channels: number, filters: number, stride: number): LayerSpec {
  const branch = sequential(
    [convolution(filters, 3, stride), batchNorm(), relu(), convolution(filters, 3, 1), batchNorm()],
    { names: ["conv1", "bn1", "relu", "conv2", "bn2"] },
  );
  const changes = stride !== 1 || channels !== filters;
  const shortcut = sequential([convolution(filters, 1, stride), batchNorm()]);
  return sequential([residual({ branch, shortcutName: "downsample", ...(changes ? { shortcut } : {}) }), relu()], {
    names: ["", "relu2"],
  });
}

function layersOf(depths: readonly number[], { classes, stem, width }: z.output<typeof options>): LayerSpec {
  const scaled = (filters: number): number => Math.max(1, Math.round(width * filters));
  const entry =
    stem === "imagenet"
      ? [convolution(scaled(64), 7, 2), batchNorm(), relu(), maxPool2d({ kernel: 3, stride: 2, padding: 1 })]
      : [convolution(scaled(64), 3, 1), batchNorm(), relu()];
  const blocks = depths.map((depth, stage) => {
    const filters = scaled(64 * 2 ** stage);
    const before = stage === 0 ? scaled(64) : scaled(64 * 2 ** (stage - 1));
    return sequential(
      Array.from({ length: depth }, (_, i) =>
        i === 0 ? basicBlock(before, filters, stage === 0 ? 1 : 2) : basicBlock(filters, filters, 1),
      ),
    );
  });
  return sequential([...entry, ...blocks, globalAveragePool(), dense({ units: classes })], {
    names: [
      ...["conv1", "bn1", "relu", "maxpool"].slice(0, entry.length),
      ...["layer1", "layer2", "layer3", "layer4", "avgpool", "fc"],
    ],
  });
}

/**
 * ResNet with basic blocks (He, Zhang, Ren and Sun, CVPR 2016): 11,689,512 parameters with 18 layers, 21,797,672 with
 * 34, for 1,000 classes. Parameters are named as in torchvision.
 */
function resnet<Kind extends keyof typeof stages>(kind: Kind) {
  return define({
    kind,
    about: `ResNet with ${kind.slice(6)} layers of weights; stem cifar for images of about 32 x 32`,
    options,
    inputShape: [3, 224, 224],
    model: (spec: z.output<typeof options>): LayerSpec => layersOf(stages[kind], spec),
  });
}

export const resnet18 = resnet("resnet18");
export const resnet34 = resnet("resnet34");
