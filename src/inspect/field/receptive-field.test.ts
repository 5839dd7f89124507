// Receptive fields: published chains, and random networks against impulses sent through them.
import { describe, expect, it } from "vitest";
import { randomStream } from "../../core/random/rng.js";
import { graph } from "../../graph/graph.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { ndFill } from "../../graph/reference/nd-array.js";
import type { Tensor } from "../../graph/tensor.js";
import {
  averagePool1d,
  conv1d,
  conv2d,
  convTranspose1d,
  globalAveragePool,
  parallel,
  residual,
  sequential,
  upsample,
  zeroPadding,
} from "../../nn/index.js";
import type { LayerSpec } from "../../nn/layer.js";
import { modelByName } from "../../nn/models.js";
import { buildNetwork } from "../../nn/network.js";
import { inspect } from "../inspect.js";
import type { ReceptiveField } from "../inspection.js";
import { layerSubject } from "../subject/layer-subject.js";
import { rangeAt } from "./field-phases.js";
import { receptiveFields, spatialPaths } from "./receptive-field.js";

const fieldsOf = (spec: LayerSpec, inputShape: readonly number[]) =>
  inspect(spec, { inputShape }).layers.map(({ operator, receptiveField }) => ({ operator, field: receptiveField }));

/** Field sizes of the window layers, in order. */
const sizes = (spec: LayerSpec, inputShape: readonly number[]): number[] =>
  fieldsOf(spec, inputShape)
    .filter(({ operator }) => operator === "Conv" || operator === "MaxPool")
    .map(({ field }) => (field as ReceptiveField).size[0]);

const last = (spec: LayerSpec, inputShape: readonly number[], operator: string): ReceptiveField =>
  fieldsOf(spec, inputShape).findLast((layer) => layer.operator === operator)?.field as ReceptiveField;

describe("published receptive fields", () => {
  it("are found for AlexNet, layer by layer", () => {
    expect(sizes(modelByName("alexnet"), [3, 227, 227])).toEqual([11, 19, 51, 67, 99, 131, 163, 195]);
  });

  it("are found for VGG-16 and VGG-19 after their last pooling", () => {
    // Effective padding 90: the center of the first field is (212 - 1) / 2 - 90 from the first pixel.
    expect(last(modelByName("vgg16"), [3, 224, 224], "MaxPool")).toMatchObject({
      size: [212, 212],
      stride: [32, 32],
      offset: [(212 - 1) / 2 - 90, (212 - 1) / 2 - 90],
      isAligned: true,
    });
    expect(last(modelByName("vgg19"), [3, 224, 224], "MaxPool").size).toEqual([268, 268]);
  });

  it("are 15 for 3 x 3 with dilations 1, 2 and 4", () => {
    const dilated = [1, 2, 4].map((dilation) => conv2d({ filters: 1, kernel: 3, dilation, padding: dilation }));
    expect(last(sequential(dilated), [1, 20, 20], "Conv").size).toEqual([15, 15]);
  });

  it("are N F - N + 1 for N stacked F x F layers with stride 1", () => {
    for (const n of [1, 2, 3, 5]) {
      for (const f of [1, 2, 3, 5, 7]) {
        const stack = Array.from({ length: n }, () => conv2d({ filters: 1, kernel: f }));
        expect(last(sequential(stack), [1, 40, 40], "Conv").size).toEqual([n * f - n + 1, n * f - n + 1]);
      }
    }
  });
});

describe("branches", () => {
  it("have the largest field of their paths, and the smallest is reported too", () => {
    const branches = [1, 3, 5].map((kernel) => conv2d({ filters: 1, kernel, padding: (kernel - 1) / 2 }));
    const { layers } = inspect(parallel(branches), { inputShape: [1, 16, 16] });
    expect(layers.at(-1)?.receptiveField).toMatchObject({ size: [5, 5], smallest: [1, 1], isAligned: true });
  });

  it("with different centers are marked", () => {
    const branch = sequential([
      zeroPadding({
        padding: [
          [2, 0],
          [1, 1],
        ],
      }),
      conv2d({ filters: 1, kernel: 3 }),
    ]);
    const { layers } = inspect(residual({ branch }), { inputShape: [1, 9, 9] });
    expect(layers.at(-1)?.receptiveField).toMatchObject({ size: [3, 3], smallest: [1, 1], isAligned: false });
  });

  it("see everything after global pooling", () => {
    const { layers } = inspect(sequential([conv2d({ filters: 2, kernel: 3 }), globalAveragePool()]), {
      inputShape: [1, 9, 9],
    });
    expect(layers.map(({ receptiveField }) => receptiveField === "all")).toEqual([false, true, true]);
  });

  it("see everything from the first attention block on", () => {
    const { layers } = inspect(modelByName("visionTransformer"), { inputShape: [3, 32, 32] });
    expect(layers[0].receptiveField).toMatchObject({ size: [4, 4], stride: [4, 4], offset: [1.5, 1.5] });
    const firstSum = layers.findIndex(({ name }) => name === "5/Add");
    expect(layers.slice(firstSum).map(({ receptiveField }) => receptiveField)).toEqual(
      layers.slice(firstSum).map(() => "all"),
    );
  });
});

const up = (scale: number): LayerSpec => upsample({ scale });
const window = (kernel: number, stride = 1, padding = Math.floor((kernel - 1) / 2)): LayerSpec =>
  conv1d({ filters: 1, kernel, stride, padding });
const reduced = (times: number): LayerSpec[] => Array.from({ length: times }, () => window(3, 2));

/** The field of every position by the rules and by impulses, without positions near the borders. */
function compared(spec: LayerSpec, length: number) {
  const subject = layerSubject(spec, { inputShape: [1, length] });
  const [output] = subject.outputs.map(({ value }) => value as Tensor);
  const told = receptiveFields(subject).get(output) as ReceptiveField | undefined;
  const [path] = spatialPaths(subject).get(output) ?? [];
  if (told === undefined || path === undefined) throw new Error("a chain of windows has a field");
  const [size] = told.size;
  const reached = reachedPlaces(spec, length);
  const inner = reached.flatMap((pixels, place) => {
    const center = told.offset[0] + place * told.stride[0];
    return center - size < 0 || center + size > length - 1 ? [] : [{ place, pixels }];
  });
  const byRules = inner.map(({ place }) => rangeAt(path.phases, place));
  const byImpulses = inner.map(({ pixels }) =>
    pixels.length === 0 ? [Infinity, -Infinity] : [pixels[0], pixels.at(-1) as number],
  );
  const widest = Math.max(0, ...byImpulses.map(([first, last]) => last - first + 1));
  return { size, byRules, byImpulses, widest, period: path.phases.low.length };
}

describe("windows after upsampling see whole elements of the smaller map", () => {
  it.each<[string, number, LayerSpec[]]>([
    ["8 / 8, up 8, 3", 16, [window(8, 8, 0), up(8), window(3)]],
    ["4 / 4, up 4, 3", 8, [window(4, 4, 0), up(4), window(3)]],
    ["3 / 2, up 2, 3", 5, [...reduced(1), up(2), window(3)]],
    ["twice 3 / 2, twice up 2, 3", 15, [...reduced(2), up(2), window(3), up(2), window(3)]],
    [
      "three times 3 / 2, three times up 2, 3",
      31,
      [
        ...reduced(3),
        ...Array(3)
          .fill([up(2), window(3)])
          .flat(),
      ],
    ],
    ["7 / 7, up 7, 2, 3 / 3", 14, [window(7, 7, 0), up(7), window(2, 1, 0), window(3, 3)]],
    [
      "5 / 5, transposed 7 / 5, 4",
      10,
      [window(5, 5, 0), convTranspose1d({ filters: 1, kernel: 7, stride: 5 }), window(4)],
    ],
    [
      "6 / 6, transposed 2 / 6: places that see nothing",
      6,
      [window(6, 6, 0), convTranspose1d({ filters: 1, kernel: 2, stride: 6 })],
    ],
    ["linear: 4 / 4, up 4, 3", 12, [window(4, 4, 0), upsample({ scale: 4, mode: "linear" }), window(3)]],
  ])("%s: %i pixels", (_, expected, layers) => {
    const { size, byRules, byImpulses, widest, period } = compared(sequential(layers), Math.max(96, 8 * expected));
    expect(byRules.length).toBeGreaterThanOrEqual(period);
    expect(byRules).toEqual(byImpulses);
    expect([size, widest]).toEqual([expected, expected]);
  });

  it("a U-Net of four levels has the field 204, with and without skips", () => {
    const pair = [window(3), window(3)];
    const level = (inner: LayerSpec, skips: boolean): LayerSpec => {
      const below = sequential([window(2, 2, 0), inner, up(2)]);
      return sequential([...pair, skips ? residual({ branch: below }) : below, ...pair]);
    };
    const network = (skips: boolean): LayerSpec =>
      Array.from({ length: 4 }).reduce<LayerSpec>((inner) => level(inner, skips), sequential(pair));
    for (const skips of [false, true]) {
      const field = last(network(skips), [1, 512], "Conv");
      expect(field).toMatchObject({ size: [204], stride: [1], isAligned: true });
      expect(field.smallest[0]).toBe(skips ? 9 : 204);
    }
  });

  it("patterns that are too long to track have a close upper bound", () => {
    // 1021 is prime, so there are 1021 phases, times 3 for the next upsampling.
    const layers = [window(1021, 1021, 0), up(1021), window(3), up(3)];
    const subject = layerSubject(sequential(layers), { inputShape: [1, 4 * 1021] });
    const { size } = [...receptiveFields(subject).values()].at(-1) as ReceptiveField;
    expect(size[0]).toBeGreaterThanOrEqual(2 * 1021);
    expect(size[0]).toBeLessThanOrEqual(3 * 1021 + 2);
  });
});

/** A random chain of 1-D windows, sometimes with branches. All weights are 1, so no paths cancel. */
function randomLine(seed: number): LayerSpec {
  const stream = randomStream(seed, "receptive fields");
  let drawn = 0;
  const below = (count: number): number => Math.floor(stream.uniform(drawn++) * count);
  const drawLayer = (): LayerSpec => {
    const kernel = 1 + below(3);
    switch (below(6)) {
      case 0:
        return averagePool1d({ kernel: 2 + below(2), stride: 1 + below(3) });
      case 1:
        return convTranspose1d({
          ...{ filters: 1, kernel: 1 + below(5), stride: 1 + below(4), padding: below(2) },
          dilation: 1 + below(3),
        });
      case 2:
        return up(2 + below(3));
      case 3:
        return parallel([1, 3].map((size) => conv1d({ filters: 1, kernel: size, padding: (size - 1) / 2 })));
      default:
        return conv1d({ filters: 1, kernel, stride: 1 + below(3), dilation: 1 + below(2), padding: below(3) });
    }
  };
  // Without a sliding window there is no field.
  return sequential([conv1d({ filters: 1, kernel: 2 }), ...Array.from({ length: 2 + below(6) }, drawLayer)]);
}

describe("receptive fields equal the reach of impulses through random networks", () => {
  let complete = 0;
  it.each(Array.from({ length: 80 }, (_, seed) => [seed]))("seed %i", (seed) => {
    const { size, byRules, byImpulses, widest, period } = compared(randomLine(seed), 128);
    expect(byRules).toEqual(byImpulses);
    if (byRules.length < period) return;
    expect(widest).toBe(size);
    complete++;
  });

  it("most inputs are long enough for every phase", () => {
    expect(complete).toBeGreaterThan(50);
  });
});

/** Input positions that influence each output position, from one impulse per input position. */
function reachedPlaces(spec: LayerSpec, length: number): number[][] {
  const network = buildNetwork(spec, { mode: "inference", batchSize: length, inputShape: [1, length] });
  const impulses = ndFill("float32", [length, 1, length], (i) => (Math.floor(i / length) === i % length ? 1 : 0));
  // Positive weights, so that no paths cancel, and no biases, so that outputs without influence are 0.
  const weights = network.parameters.map(({ tensor, role }) =>
    ndFill("float32", tensor.shape, () => (role === "bias" ? 0 : 1)),
  );
  const tensors = [...network.inputs, ...network.parameters.map(({ tensor }) => tensor)];
  const [{ data, shape }] = evaluateGraph(graph(tensors, { y: network.output }), [impulses, ...weights]);
  const places = shape[2];
  const isReached = (place: number, at: number): boolean =>
    Array.from({ length: shape[1] }, (_, channel) => data[(at * shape[1] + channel) * places + place]).some(Boolean);
  const all = Array.from({ length }, (_, at) => at);
  return Array.from({ length: places }, (_, place) => all.filter((at) => isReached(place, at)));
}
