// ResNet with basic blocks (18, 34) and bottlenecks (50, 101, 152).
import * as z from "zod";
import { define } from "../../core/definition.js";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { dense } from "../layers/dense.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { maxPool2d } from "../layers/pooling.js";
import { residual } from "../layers/residual.js";
import { sequential } from "../layers/sequential.js";
import { convNorm, scaledBy } from "./conv-norm.js";

/** Blocks of each of the four stages, and which. */
const stages = {
  resnet18: { block: "basic", depths: [2, 2, 2, 2] },
  resnet34: { block: "basic", depths: [3, 4, 6, 3] },
  resnet50: { block: "bottleneck", depths: [3, 4, 6, 3] },
  resnet101: { block: "bottleneck", depths: [3, 4, 23, 3] },
  resnet152: { block: "bottleneck", depths: [3, 8, 36, 3] },
} as const;

const options = z.object({
  classes: z.int().positive().default(1000),
  /** `imagenet` begins with 7 x 7 filters, 2 apart, and a pooling; `cifar` with 3 x 3 ones, for about 32 x 32 images. */
  stem: z.enum(["imagenet", "cifar"]).default("imagenet"),
  /** All numbers of filters are multiplied by it. */
  width: z.number().positive().default(1),
});

/** How a block is made: filters of its convolutions, of its result, and what they are. */
interface Block {
  /** Filters that go out for each of a stage's. */
  readonly expansion: number;
  /** Name of the activation behind the sum. */
  readonly last: string;
  branch(filters: number, out: number, stride: number): LayerSpec;
}

const blocks: Readonly<Record<"basic" | "bottleneck", Block>> = {
  /** Two 3 x 3 convolutions. */
  basic: {
    expansion: 1,
    last: "relu2",
    branch: (filters, out, stride) =>
      sequential([...convNorm(filters, { kernel: 3, stride }), relu(), ...convNorm(out, { kernel: 3 })], {
        names: ["conv1", "bn1", "relu", "conv2", "bn2"],
      }),
  },
  /** 1 x 1 down, 3 x 3, 1 x 1 up; the stride in the middle ("version 1.5", as torchvision; the paper has it in front). */
  bottleneck: {
    expansion: 4,
    last: "relu3",
    branch: (filters, out, stride) =>
      sequential(
        [
          ...convNorm(filters, { kernel: 1 }),
          relu(),
          ...convNorm(filters, { kernel: 3, stride }),
          relu(),
          ...convNorm(out, { kernel: 1 }),
        ],
        { names: ["conv1", "bn1", "relu", "conv2", "bn2", "relu2", "conv3", "bn3"] },
      ),
  },
};

/** A branch around which the input goes; projected where its shape changes. */
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

function layersOf(kind: keyof typeof stages, { classes, stem, width }: z.output<typeof options>): LayerSpec {
  const { depths } = stages[kind];
  const block = blocks[stages[kind].block];
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
 * ResNet (He, Zhang, Ren and Sun, CVPR 2016). Parameters for 1,000 classes: 11,689,512 with 18 layers, 21,797,672 with
 * 34, 25,557,032 with 50, 44,549,160 with 101, 60,192,808 with 152. They are named as in torchvision.
 */
function resnet<Kind extends keyof typeof stages>(kind: Kind) {
  return define({
    kind,
    about: `ResNet with ${kind.slice(6)} layers of weights; stem cifar for images of about 32 x 32`,
    options,
    inputShape: [3, 224, 224],
    source: "He, Zhang, Ren and Sun, CVPR 2016",
    model: (spec: z.output<typeof options>): LayerSpec => layersOf(kind, spec),
  });
}

export const resnet18 = resnet("resnet18");
export const resnet34 = resnet("resnet34");
export const resnet50 = resnet("resnet50");
export const resnet101 = resnet("resnet101");
export const resnet152 = resnet("resnet152");
