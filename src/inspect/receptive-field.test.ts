// Receptive fields: published chains, and random networks against impulses sent through them.
import { describe, expect, it } from "vitest";
import { randomStream } from "../core/rng.js";
import { evaluateGraph } from "../graph/evaluate.js";
import { graph } from "../graph/graph.js";
import { ndFill } from "../graph/nd-array.js";
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
} from "../nn/index.js";
import type { LayerSpec } from "../nn/layer.js";
import { modelByName } from "../nn/models.js";
import { buildNetwork } from "../nn/network.js";
import { inspect } from "./inspect.js";
import type { ReceptiveField } from "./inspection.js";
import { layerSubject } from "./layer-subject.js";
import { receptiveFields } from "./receptive-field.js";

const fieldsOf = (spec: LayerSpec, inputShape: readonly number[]) =>
  inspect(spec, { inputShape }).layers.map(({ operator, receptiveField }) => ({ operator, field: receptiveField }));

/** Extents of windows alone, in order. */
const sizes = (spec: LayerSpec, inputShape: readonly number[]): number[] =>
  fieldsOf(spec, inputShape)
    .filter(({ operator }) => operator === "Conv" || operator === "MaxPool")
    .map(({ field }) => (field as ReceptiveField).size[0]);

const last = (spec: LayerSpec, inputShape: readonly number[], operator: string): ReceptiveField =>
  fieldsOf(spec, inputShape).findLast((layer) => layer.operator === operator)?.field as ReceptiveField;

describe("published receptive fields", () => {
  it("AlexNet, layer by layer", () => {
    expect(sizes(modelByName("alexnet"), [3, 227, 227])).toEqual([11, 19, 51, 67, 99, 131, 163, 195]);
  });

  it("VGG-16 and VGG-19 behind their last pooling", () => {
    // Effective padding 90: the centre of the first field lies (212 - 1) / 2 - 90 from the first pixel.
    expect(last(modelByName("vgg16"), [3, 224, 224], "MaxPool")).toMatchObject({
      size: [212, 212],
      stride: [32, 32],
      offset: [(212 - 1) / 2 - 90, (212 - 1) / 2 - 90],
      isAligned: true,
    });
    expect(last(modelByName("vgg19"), [3, 224, 224], "MaxPool").size).toEqual([268, 268]);
  });

  it("dilations 1, 2, 4 of 3 x 3: 15", () => {
    const dilated = [1, 2, 4].map((dilation) => conv2d({ filters: 1, kernel: 3, dilation, padding: dilation }));
    expect(last(sequential(dilated), [1, 20, 20], "Conv").size).toEqual([15, 15]);
  });

  it("N stacked F x F with stride 1: N F - N + 1", () => {
    for (const n of [1, 2, 3, 5]) {
      for (const f of [1, 2, 3, 5, 7]) {
        const stack = Array.from({ length: n }, () => conv2d({ filters: 1, kernel: f }));
        expect(last(sequential(stack), [1, 40, 40], "Conv").size).toEqual([n * f - n + 1, n * f - n + 1]);
      }
    }
  });
});

describe("branches", () => {
  it("see the union, and the least of the paths is told", () => {
    const branches = [1, 3, 5].map((kernel) => conv2d({ filters: 1, kernel, padding: (kernel - 1) / 2 }));
    const { layers } = inspect(parallel(branches), { inputShape: [1, 16, 16] });
    expect(layers.at(-1)?.receptiveField).toMatchObject({ size: [5, 5], smallest: [1, 1], isAligned: true });
  });

  it("whose centres disagree are told apart", () => {
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

  it("behind global pooling see everything", () => {
    const { layers } = inspect(sequential([conv2d({ filters: 2, kernel: 3 }), globalAveragePool()]), {
      inputShape: [1, 9, 9],
    });
    expect(layers.map(({ receptiveField }) => receptiveField === "all")).toEqual([false, true, true]);
  });

  it("of attention see everything from the first block on", () => {
    const { layers } = inspect(modelByName("visionTransformer"), { inputShape: [3, 32, 32] });
    expect(layers[0].receptiveField).toMatchObject({ size: [4, 4], stride: [4, 4], offset: [1.5, 1.5] });
    const firstSum = layers.findIndex(({ name }) => name === "5/Add");
    expect(layers.slice(firstSum).map(({ receptiveField }) => receptiveField)).toEqual(
      layers.slice(firstSum).map(() => "all"),
    );
  });
});

/** A random chain of windows over a line, sometimes with branches. All weights count as 1, so no paths cancel. */
function randomLine(seed: number): LayerSpec {
  const stream = randomStream(seed, "receptive fields");
  let drawn = 0;
  const below = (count: number): number => Math.floor(stream.uniform(drawn++) * count);
  const window = (): LayerSpec => {
    const kernel = 1 + below(3);
    switch (below(6)) {
      case 0:
        return averagePool1d({ kernel: 2 + below(2), stride: 1 + below(2) });
      case 1:
        return convTranspose1d({ filters: 1, kernel: 2 + below(3), stride: 1 + below(3), padding: below(2) });
      case 2:
        return upsample({ scale: 2 });
      case 3:
        return parallel([1, 3].map((size) => conv1d({ filters: 1, kernel: size, padding: (size - 1) / 2 })));
      default:
        return conv1d({ filters: 1, kernel, stride: 1 + below(2), dilation: 1 + below(2), padding: below(3) });
    }
  };
  // Without any window that slides there would be no answer.
  return sequential([conv1d({ filters: 1, kernel: 2 }), ...Array.from({ length: 2 + below(4) }, window)]);
}

describe("against impulses through random networks", () => {
  it.each(Array.from({ length: 60 }, (_, seed) => [seed]))("seed %i", (seed) => {
    const length = 64;
    const spec = randomLine(seed);
    const subject = layerSubject(spec, { inputShape: [1, length] });
    const told = receptiveFields(subject).get(subject.outputs[0].value as never) as ReceptiveField | undefined;
    if (told === undefined) throw new Error("a chain of windows has a field");
    const reachedAt = reachedPlaces(spec, length);
    const { size, stride, offset } = told;
    // Behind an enlargement elements of different phase see different extents, and a stride may leave some phases out.
    const enlarges = subject.steps.some(({ operator }) => operator === "ConvTranspose" || operator === "Resize");
    const tolerance = enlarges ? 1.5 : 0;
    let widest = 0;
    for (let place = 0; place < reachedAt.length; place++) {
      const reached = reachedAt[place];
      const first = reached[0] ?? Number.NaN;
      const end = reached.at(-1) ?? Number.NaN;
      const center = offset[0] + place * stride[0];
      const [low, high] = [center - (size[0] - 1) / 2, center + (size[0] - 1) / 2];
      if (reached.length === 0) continue;
      expect(first).toBeGreaterThanOrEqual(low - tolerance);
      expect(end).toBeLessThanOrEqual(high + tolerance);
      if (low >= 0 && high <= length - 1) widest = Math.max(widest, end - first + 1);
    }
    if (widest === 0) return;
    if (enlarges) expect(Math.abs(widest - size[0])).toBeLessThanOrEqual(1);
    else expect(widest).toBe(size[0]);
  });
});

/** For every place of the output those of the input on which it depends: one example for each place, with 1 there alone. */
function reachedPlaces(spec: LayerSpec, length: number): number[][] {
  const network = buildNetwork(spec, { mode: "inference", batchSize: length, inputShape: [1, length] });
  const impulses = ndFill("float32", [length, 1, length], (i) => (Math.floor(i / length) === i % length ? 1 : 0));
  // Positive weights, so that no paths cancel, and no biases, so that what is not reached is 0.
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
