// Receptive fields against the table of Araujo, Norris and Sim (Distill 2019; google-research/receptive_field), whose
// networks are TF-slim's: size, stride and effective padding of the last feature map before global pooling.
import { describe, expect, it } from "vitest";
import { conv2d, maxPool2d, parallel, residual, sequential, zeroPadding } from "../../nn/index.js";
import type { LayerSpec } from "../../nn/layer.js";
import { layerSubject } from "../subject/layer-subject.js";
import { receptiveFields } from "./receptive-field.js";

type Kernel = number | readonly [number, number];

/** Padding "VALID". */
const valid = (kernel: number, stride = 1): LayerSpec => conv2d({ filters: 1, kernel, stride });
const pooled = (): LayerSpec => maxPool2d({ kernel: 3, stride: 2 });
const chain = (...layers: LayerSpec[]): LayerSpec => sequential(layers);
const times = (count: number, layer: LayerSpec): LayerSpec[] => Array.from({ length: count }, () => layer);

/** Padding "SAME" at stride 1. */
function same(...kernels: Kernel[]): LayerSpec {
  return sequential(
    kernels.map((kernel) => {
      const pair = typeof kernel === "number" ? ([kernel, kernel] as const) : kernel;
      return conv2d({ filters: 1, kernel: [...pair], padding: pair.map((extent) => (extent - 1) / 2) });
    }),
  );
}

/** Padding "SAME" at stride 2 over even sizes: odd padding, with the larger half at the end. */
function halved(kernel: number): LayerSpec {
  const [begin, end] = [Math.floor((kernel - 2) / 2), Math.ceil((kernel - 2) / 2)];
  return sequential([
    zeroPadding({
      padding: [
        [begin, end],
        [begin, end],
      ],
    }),
    valid(kernel, 2),
  ]);
}

const row = [1, 7] as const;
const column = [7, 1] as const;

/** Stem of the later inceptions up to its second reduction. */
const stem = [valid(3, 2), valid(3), same(3), pooled(), same(1), valid(3), pooled()];

/** Bottlenecks in which the last unit of a stage has the stride; `SAME` over even sizes pads only the end. */
function slimResNet(...depths: readonly number[]): LayerSpec {
  const stages = depths.flatMap((depth, stage) =>
    Array.from({ length: depth }, (_, unit) => {
      const isLast = unit === depth - 1 && stage < depths.length - 1;
      // TF-slim pads strided convolutions explicitly, as at stride 1.
      const branch = chain(
        same(1),
        isLast ? conv2d({ filters: 1, kernel: 3, stride: 2, padding: 1 }) : same(3),
        same(1),
      );
      return isLast ? residual({ branch, shortcut: valid(1, 2) }) : residual({ branch });
    }),
  );
  return chain(conv2d({ filters: 1, kernel: 7, stride: 2, padding: 3 }), pooled(), ...stages);
}

const fiveOrTwoThrees = parallel([same(1), same(1, 5), same(1, 3, 3), same(3)]);
const factorized = parallel([same(1), same(1, row, column), same(1, column, row, column, row), same(3)]);
const fanned = parallel([
  same(1),
  chain(same(1), parallel([same([1, 3]), same([3, 1])])),
  chain(same(1, 3), parallel([same([1, 3]), same([3, 1])])),
]);

const networks: readonly (readonly [name: string, size: number, padding: number, spec: LayerSpec])[] = [
  ["alexnet_v2", 195, 64, chain(valid(11, 4), pooled(), same(5), pooled(), same(3, 3, 3), pooled())],
  [
    "vgg_16",
    212,
    90,
    chain(...[2, 2, 3, 3, 3].flatMap((count) => [...times(count, same(3)), maxPool2d({ kernel: 2 })])),
  ],
  ["resnet_v1_50", 483, 239, slimResNet(3, 4, 6, 3)],
  ["resnet_v1_101", 1027, 511, slimResNet(3, 4, 23, 3)],
  ["resnet_v1_152", 1507, 751, slimResNet(3, 8, 36, 3)],
  ["resnet_v1_200", 1763, 879, slimResNet(3, 24, 36, 3)],
  [
    "mobilenet_v1",
    315,
    126,
    chain(
      halved(3),
      same(3),
      halved(3),
      same(3),
      halved(3),
      same(3),
      halved(3),
      ...times(5, same(3)),
      halved(3),
      same(3),
    ),
  ],
  [
    "inception_v2",
    699,
    318,
    chain(
      ...[halved(7), halved(3), same(1, 3), halved(3)],
      ...times(2, parallel([same(1), same(1, 3), same(1, 3, 3), same(3)])),
      parallel([chain(same(1), halved(3)), chain(same(1, 3), halved(3)), halved(3)]),
      ...times(4, parallel([same(1), same(1, 3), same(1, 3, 3), same(3)])),
      parallel([chain(same(1), halved(3)), chain(same(1, 3), halved(3)), halved(3)]),
      ...times(2, parallel([same(1), same(1, 3), same(1, 3, 3), same(3)])),
    ),
  ],
  [
    "inception_v3",
    1311,
    618,
    chain(
      ...[...stem, ...times(3, fiveOrTwoThrees)],
      parallel([valid(3, 2), chain(same(1, 3), valid(3, 2)), pooled()]),
      ...times(4, factorized),
      parallel([chain(same(1), valid(3, 2)), chain(same(1, row, column), valid(3, 2)), pooled()]),
      ...times(2, fanned),
    ),
  ],
  [
    "inception_v4",
    2071,
    998,
    chain(
      ...[valid(3, 2), valid(3), same(3)],
      parallel([pooled(), valid(3, 2)]),
      parallel([chain(same(1), valid(3)), chain(same(1, row, column), valid(3))]),
      parallel([valid(3, 2), pooled()]),
      ...times(4, parallel([same(1), same(1, 3), same(1, 3, 3), same(3, 1)])),
      parallel([valid(3, 2), chain(same(1, 3), valid(3, 2)), pooled()]),
      ...times(7, factorized),
      parallel([chain(same(1), valid(3, 2)), chain(same(1, row, column), valid(3, 2)), pooled()]),
      ...times(
        3,
        parallel([
          same(1),
          chain(same(1), parallel([same([1, 3]), same([3, 1])])),
          chain(same(1, [3, 1], [1, 3]), parallel([same([1, 3]), same([3, 1])])),
        ]),
      ),
    ),
  ],
  [
    "inception_resnet_v2",
    3039,
    1482,
    chain(
      // One channel between stages, for the residual sums of this simplified network.
      ...[...stem, fiveOrTwoThrees, same(1)],
      ...times(10, residual({ branch: chain(parallel([same(1), same(1, 3), same(1, 3, 3)]), same(1)) })),
      parallel([valid(3, 2), chain(same(1, 3), valid(3, 2)), pooled()]),
      same(1),
      ...times(20, residual({ branch: chain(parallel([same(1), same(1, row, column)]), same(1)) })),
      parallel([chain(same(1), valid(3, 2)), chain(same(1, 3), valid(3, 2)), pooled()]),
      same(1),
      ...times(10, residual({ branch: chain(parallel([same(1), same(1, [1, 3], [3, 1])]), same(1)) })),
    ),
  ],
];

describe("the table of Araujo et al.", () => {
  it.each(networks)("%s: %i pixels, stride 32, padding %i", (_name, size, padding, spec) => {
    // The size is even at every reduction.
    const subject = layerSubject(spec, { inputShape: [1, 256, 256] });
    const field = receptiveFields(subject).get(subject.outputs[0].value as never);
    // The table gives the padding before the image; the first field is centered (r - 1) / 2 after its start.
    const center = (size - 1) / 2 - padding;
    expect(field).toMatchObject({ size: [size, size], stride: [32, 32], offset: [center, center], isAligned: true });
  });
});
