// The networks that the study accounts for, each at the input that its source names.
import { conv2d, dense, flatten, maxPool2d, modelByName, parallel, relu, sequential } from "../../nn/index.js";
import type { LayerSpec } from "../../nn/layer.js";

export interface StudiedNetwork {
  readonly title: string;
  readonly spec: LayerSpec;
  /** Channels, height, width. */
  readonly inputShape: readonly [number, number, number];
  /** How layers are numbered where people speak of them: `conv5` by layer, or `conv5_1` by stage. */
  readonly numbering: "layer" | "stage";
}

const imagenet = { at227: [3, 227, 227], at224: [3, 224, 224] } as const;
/** What the inception modules of the hand-out read: 256 maps of 32 x 32. */
const moduleInput = [256, 32, 32] as const;

/** Every network of the study by its id, which names variants of findings. */
export const networks = {
  alexnet: {
    title: "AlexNet, one tower, 227",
    spec: modelByName("alexnet"),
    inputShape: imagenet.at227,
    numbering: "layer",
  },
  alexnetAt224: {
    title: "AlexNet, one tower, 224",
    spec: modelByName("alexnet"),
    inputShape: imagenet.at224,
    numbering: "layer",
  },
  alexnetTwoGpu: {
    title: "AlexNet, two GPUs, 227",
    spec: alexnetLike({ groups: 2 }),
    inputShape: imagenet.at227,
    numbering: "layer",
  },
  alexnetTorchvision: {
    title: "AlexNet, torchvision, 224",
    spec: alexnetLike({ filters: [64, 192, 384, 256, 256], firstPadding: 2 }),
    inputShape: imagenet.at224,
    numbering: "layer",
  },
  vgg16: { title: "VGG-16", spec: modelByName("vgg16"), inputShape: imagenet.at224, numbering: "stage" },
  vgg19: { title: "VGG-19", spec: modelByName("vgg19"), inputShape: imagenet.at224, numbering: "stage" },
  inceptionNaive: {
    title: "Inception, naive",
    spec: inceptionModule({}),
    inputShape: moduleInput,
    numbering: "layer",
  },
  inceptionReduced: {
    title: "Inception, reduced",
    spec: inceptionModule({ reducer3: 128, reducer5: 32, pooled: 64 }),
    inputShape: moduleInput,
    numbering: "layer",
  },
  inceptionReduced64: {
    title: "Inception, reducers of 64",
    spec: inceptionModule({ reducer3: 64, reducer5: 64, pooled: 64 }),
    inputShape: moduleInput,
    numbering: "layer",
  },
} as const satisfies Record<string, StudiedNetwork>;

export type NetworkId = keyof typeof networks;

interface AlexnetForm {
  readonly filters?: readonly number[];
  /** Of convolutions 2, 4 and 5. */
  readonly groups?: number;
  readonly firstPadding?: number;
}

function alexnetLike({ filters = [96, 256, 384, 384, 256], groups = 1, firstPadding = 0 }: AlexnetForm): LayerSpec {
  const [first, second, third, fourth, fifth] = filters;
  const pool = maxPool2d({ kernel: 3, stride: 2 });
  return sequential([
    conv2d({ filters: first, kernel: 11, stride: 4, padding: firstPadding }),
    relu(),
    pool,
    conv2d({ filters: second, kernel: 5, padding: 2, groups }),
    relu(),
    pool,
    conv2d({ filters: third, kernel: 3, padding: 1 }),
    relu(),
    conv2d({ filters: fourth, kernel: 3, padding: 1, groups }),
    relu(),
    conv2d({ filters: fifth, kernel: 3, padding: 1, groups }),
    relu(),
    pool,
    flatten(),
    ...[4096, 4096].flatMap((units) => [dense({ units }), relu()]),
    dense({ units: 1000 }),
  ]);
}

interface ModuleForm {
  /** 1 x 1 filters before the 3 x 3 and 5 x 5 ones and after the pooling; none in the naive module. */
  readonly reducer3?: number;
  readonly reducer5?: number;
  readonly pooled?: number;
}

function inceptionModule({ reducer3, reducer5, pooled }: ModuleForm): LayerSpec {
  const convolution = (filters: number, kernel: number): LayerSpec[] => [
    conv2d({ filters, kernel, padding: (kernel - 1) / 2 }),
    relu(),
  ];
  const reduced = (filters: number | undefined): LayerSpec[] => (filters === undefined ? [] : convolution(filters, 1));
  return parallel([
    sequential(convolution(128, 1)),
    sequential([...reduced(reducer3), ...convolution(192, 3)]),
    sequential([...reduced(reducer5), ...convolution(96, 5)]),
    sequential([maxPool2d({ kernel: 3, stride: 1, padding: 1 }), ...reduced(pooled)]),
  ]);
}
