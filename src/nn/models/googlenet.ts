// GoogLeNet (Inception v1): nine inception modules.
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { parallel } from "../layers/containers/parallel.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { localResponseNorm } from "../layers/normalization/local-response-norm.js";
import { maxPool2d } from "../layers/pooling.js";
import { convNorm, he, scaledBy } from "./conv-norm.js";
import { defineModel } from "./model.js";

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(1000)
    .meta({ aliases: ["num_classes"] }),
  /**
   * `torchvision`: batch normalization, and 3 x 3 where the paper has 5 x 5 (a mistake of the first port that was
   * kept). `paper`: biases instead of normalization, and 5 x 5.
   */
  form: z.enum(["torchvision", "paper"]).default("torchvision"),
  /** Multiplies all filter counts. */
  width: z.number().positive().default(1),
  /** 0.4 in the paper. */
  dropout: z.number().min(0).lt(1).default(0.2),
  /** After the first pooling and before the second, as in the paper. */
  localResponseNorm: z.boolean().default(false),
});

type Spec = z.output<typeof options>;

/**
 * Filters of a module: 1 x 1; reduction for 3 x 3, 3 x 3; reduction for 5 x 5, 5 x 5; after the pooling. The paper's
 * table 1.
 */
type Module = readonly [number, number, number, number, number, number];

/** Stages of modules. */
const stages: readonly { readonly name: string; readonly modules: readonly (readonly [string, Module])[] }[] = [
  {
    name: "maxpool3",
    modules: [
      ["inception3a", [64, 96, 128, 16, 32, 32]],
      ["inception3b", [128, 128, 192, 32, 96, 64]],
    ],
  },
  {
    name: "maxpool4",
    modules: [
      ["inception4a", [192, 96, 208, 16, 48, 64]],
      ["inception4b", [160, 112, 224, 24, 64, 64]],
      ["inception4c", [128, 128, 256, 24, 64, 64]],
      ["inception4d", [112, 144, 288, 32, 64, 64]],
      ["inception4e", [256, 160, 320, 32, 128, 128]],
    ],
  },
  {
    name: "avgpool",
    modules: [
      ["inception5a", [256, 160, 320, 32, 128, 128]],
      ["inception5b", [384, 192, 384, 48, 128, 128]],
    ],
  },
];

function convolutionOf(form: Spec["form"], filters: number, kernel: number, stride: number): LayerSpec {
  if (form === "torchvision")
    return sequential([...convNorm(filters, { kernel, stride }, 0.001), relu()], { names: ["conv", "bn", "relu"] });
  const conv = conv2d({ filters, kernel, stride, padding: (kernel - 1) / 2, weightInitializer: he });
  return sequential([conv, relu()], { names: ["conv", "relu"] });
}

function model({ classes, form, width, dropout: rate, ...spec }: Spec): LayerSpec {
  const scaled = scaledBy(width);
  const convolution = (filters: number, kernel: number, stride = 1): LayerSpec =>
    convolutionOf(form, scaled(filters), kernel, stride);
  const wide = form === "torchvision" ? 3 : 5;
  const inception = ([ones, reduceThrees, threes, reduceFives, fives, pooled]: Module): LayerSpec =>
    parallel(
      [
        convolution(ones, 1),
        sequential([convolution(reduceThrees, 1), convolution(threes, 3)]),
        sequential([convolution(reduceFives, 1), convolution(fives, wide)]),
        sequential([maxPool2d({ kernel: 3, stride: 1, padding: 1, ceilMode: true }), convolution(pooled, 1)]),
      ],
      { names: ["branch1", "branch2", "branch3", "branch4"] },
    );
  const pool = (kernel: number): LayerSpec => maxPool2d({ kernel, stride: 2, ceilMode: true });
  const normalized = (name: string): [string, LayerSpec][] =>
    spec.localResponseNorm ? [[name, localResponseNorm({ size: 5 })]] : [];
  const behind: Readonly<Record<string, LayerSpec>> = {
    maxpool3: pool(3),
    maxpool4: pool(form === "torchvision" ? 2 : 3),
    avgpool: globalAveragePool(),
  };
  const entries: [string, LayerSpec][] = [
    ["conv1", convolution(64, 7, 2)],
    ["maxpool1", pool(3)],
    ...normalized("norm1"),
    ["conv2", convolution(64, 1)],
    ["conv3", convolution(192, 3)],
    ...normalized("norm2"),
    ["maxpool2", pool(3)],
    ...stages.flatMap(({ name, modules }): [string, LayerSpec][] => [
      ...modules.map(([module, filters]): [string, LayerSpec] => [module, inception(filters)]),
      [name, behind[name]],
    ]),
    ["dropout", dropout({ rate })],
    ["fc", dense({ units: classes })],
  ];
  return sequential(
    entries.map(([, layer]) => layer),
    { names: entries.map(([name]) => name) },
  );
}

/**
 * GoogLeNet (Szegedy et al., CVPR 2015) without its auxiliary heads, which inference drops: 6,624,904 parameters in
 * torchvision's form (names as there), 6,998,552 in the paper's. With both heads torchvision's has 13,004,888.
 */
export const googlenet = defineModel({
  kind: "googlenet",
  about: "GoogLeNet (Inception v1) without auxiliary heads; form=paper without normalization and with 5 x 5",
  options,
  inputShape: [3, 224, 224],
  source: "Szegedy et al., CVPR 2015",
  model,
});
