// ResNet with basic blocks (18, 34) and bottlenecks (50, 101, 152).
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { residual } from "../layers/containers/residual.js";
import { sequential } from "../layers/containers/sequential.js";
import { dense } from "../layers/dense.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { maxPool2d } from "../layers/pooling.js";
import { convNorm, scaledBy } from "./conv-norm.js";
import { defineModel } from "./model.js";

/** Blocks of each of the four stages. */
const basicDepths = { resnet18: [2, 2, 2, 2], resnet34: [3, 4, 6, 3] } as const;
const bottleneckDepths = { resnet50: [3, 4, 6, 3], resnet101: [3, 4, 23, 3], resnet152: [3, 8, 36, 3] } as const;

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(1000)
    .meta({ aliases: ["num_classes"] }),
  /**
   * `imagenet` starts with 7 x 7 filters of stride 2 and a pooling; `cifar` with 3 x 3 filters, for images of about 32
   * x 32.
   */
  stem: z.enum(["imagenet", "cifar"]).default("imagenet"),
  /** Multiplies all filter counts. */
  width: z.number().positive().default(1),
});

const bottleneckOptions = options.extend({
  /**
   * Where a block downsamples: in its 3 x 3 (torchvision, "version 1.5") or its first 1 x 1 convolution (the paper).
   */
  stride: z.enum(["middle", "first"]).default("middle"),
});

/** The structure of a block. */
interface Block {
  /** Output filters of a block, relative to the filters of its stage. */
  readonly expansion: number;
  /** Name of the activation after the sum. */
  readonly last: string;
  branch(filters: number, out: number, stride: number): LayerSpec;
}

/** Two 3 x 3 convolutions. */
const basicBlock: Block = {
  expansion: 1,
  last: "relu2",
  branch: (filters, out, stride) =>
    sequential([...convNorm(filters, { kernel: 3, stride }), relu(), ...convNorm(out, { kernel: 3 })], {
      names: ["conv1", "bn1", "relu", "conv2", "bn2"],
    }),
};

/** 1 x 1 down, 3 x 3, 1 x 1 up. */
function bottleneckBlock(place: "first" | "middle"): Block {
  const at = (here: "first" | "middle", stride: number): number => (place === here ? stride : 1);
  return {
    expansion: 4,
    last: "relu3",
    branch: (filters, out, stride) =>
      sequential(
        [
          ...convNorm(filters, { kernel: 1, stride: at("first", stride) }),
          relu(),
          ...convNorm(filters, { kernel: 3, stride: at("middle", stride) }),
          relu(),
          ...convNorm(out, { kernel: 1 }),
        ],
        { names: ["conv1", "bn1", "relu", "conv2", "bn2", "relu2", "conv3", "bn3"] },
      ),
  };
}

/** A residual block; the shortcut has a projection if the shape changes. */
function blockOf(block: Block, channels: number, filters: number, stride: number): LayerSpec {
  const out = block.expansion * filters;
  const changes = stride !== 1 || channels !== out;
  const shortcut = sequential(convNorm(out, { kernel: 1, stride }));
  return sequential(
    [
      residual({
        branch: block.branch(filters, out, stride),
        shortcutName: "downsample",
        ...(changes ? { shortcut } : {}),
      }),
      relu(),
    ],
    { names: ["", block.last] },
  );
}

function layersOf(
  depths: readonly number[],
  block: Block,
  { classes, stem, width }: z.output<typeof options>,
): LayerSpec {
  const scaled = scaledBy(width);
  const entry =
    stem === "imagenet"
      ? [...convNorm(scaled(64), { kernel: 7, stride: 2 }), relu(), maxPool2d({ kernel: 3, stride: 2, padding: 1 })]
      : [...convNorm(scaled(64), { kernel: 3 }), relu()];
  const all = depths.map((depth, stage) => {
    const filters = scaled(64 * 2 ** stage);
    const before = stage === 0 ? scaled(64) : block.expansion * scaled(64 * 2 ** (stage - 1));
    return sequential(
      Array.from({ length: depth }, (_, i) =>
        i === 0
          ? blockOf(block, before, filters, stage === 0 ? 1 : 2)
          : blockOf(block, block.expansion * filters, filters, 1),
      ),
    );
  });
  return sequential([...entry, ...all, globalAveragePool(), dense({ units: classes })], {
    names: [
      ...["conv1", "bn1", "relu", "maxpool"].slice(0, entry.length),
      ...["layer1", "layer2", "layer3", "layer4", "avgpool", "fc"],
    ],
  });
}

/**
 * The common definition of all five. ResNet (He, Zhang, Ren and Sun, CVPR 2016) has for 1,000 classes 11,689,512
 * parameters with 18 layers, 21,797,672 with 34, 25,557,032 with 50, 44,549,160 with 101, 60,192,808 with 152; they are
 * named as in torchvision.
 */
function described<Kind extends string>(kind: Kind) {
  return {
    kind,
    about: `ResNet with ${kind.slice(6)} layers of weights; stem cifar for images of about 32 x 32`,
    inputShape: ({ stem }: z.output<typeof options>) => (stem === "cifar" ? [3, 32, 32] : [3, 224, 224]),
    source: "He, Zhang, Ren and Sun, CVPR 2016",
  };
}

function basic<Kind extends keyof typeof basicDepths>(kind: Kind) {
  return defineModel({
    ...described(kind),
    options,
    model: (spec: z.output<typeof options>): LayerSpec => layersOf(basicDepths[kind], basicBlock, spec),
  });
}

function bottleneck<Kind extends keyof typeof bottleneckDepths>(kind: Kind) {
  return defineModel({
    ...described(kind),
    options: bottleneckOptions,
    model: (spec: z.output<typeof bottleneckOptions>): LayerSpec =>
      layersOf(bottleneckDepths[kind], bottleneckBlock(spec.stride), spec),
  });
}

/** ResNet with 18 layers of weights: `resnet18({ stem: "cifar", classes: 10 })` for small images. */
export const resnet18 = basic("resnet18");
/** ResNet with 34 layers of weights. */
export const resnet34 = basic("resnet34");
/** ResNet with 50 layers of weights, in bottlenecks. */
export const resnet50 = bottleneck("resnet50");
/** ResNet with 101 layers of weights, in bottlenecks. */
export const resnet101 = bottleneck("resnet101");
/** ResNet with 152 layers of weights, in bottlenecks. */
export const resnet152 = bottleneck("resnet152");
