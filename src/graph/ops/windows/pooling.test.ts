import { describe, expect, test } from "vitest";
import { type Shape, sizeOf } from "../../../core/numbers/shape.js";
import { randomStream } from "../../../core/random/rng.js";
import { type Window, windowOver } from "../../accounting/window.js";
import { input, withScope } from "../../build.js";
import { gradients } from "../../gradient.js";
import { graph } from "../../graph.js";
import type { NdArray } from "../../op.js";
import { nodesOf } from "../../order.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { enlarge } from "../resize/resize.js";
import { globalAveragePool } from "./global-pooling.js";
import { averagedPlaces, averagePool, maxPool, maxPoolWithIndices, type PoolOptions } from "./pooling.js";

function noise(shape: Shape, seed: number): NdArray {
  const stream = randomStream(seed, "test");
  return ndFill("float64", shape, (i) => stream.normal(i));
}

/** Few distinct values: every window has ties. */
function manyTies(shape: Shape, seed: number): NdArray {
  const stream = randomStream(seed, "ties");
  return ndFill("float64", shape, (i) => stream.word(i) % 3);
}

function run(inputs: readonly Tensor[], values: readonly NdArray[], ...outputs: readonly Tensor[]): NdArray[] {
  return evaluateGraph(graph(inputs, Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor]))), values);
}

const windows: Record<string, { readonly x: Shape; readonly options: PoolOptions }> = {
  tiles: { x: [2, 2, 6, 4], options: { kernel_shape: [3, 2], strides: [3, 2] } },
  "tiles that leave a rest": { x: [2, 2, 7, 5], options: { kernel_shape: [2, 3], strides: [2, 3] } },
  "tiles in 1-D": { x: [2, 3, 8], options: { kernel_shape: [4], strides: [4] } },
  "tiles in 3-D": { x: [1, 2, 4, 2, 6], options: { kernel_shape: [2, 2, 3], strides: [2, 2, 3] } },
  "single elements": { x: [1, 2, 3, 3], options: { kernel_shape: [1, 1] } },
  "stride 1": { x: [2, 2, 5, 6], options: { kernel_shape: [3, 2] } },
  "stride 1, padded": { x: [2, 2, 5, 6], options: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } },
  "stride 2, padded": { x: [2, 2, 7, 6], options: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 0, 0, 2] } },
  "gaps between windows": { x: [1, 2, 8, 7], options: { kernel_shape: [2, 2], strides: [3, 3] } },
  dilated: { x: [1, 2, 7, 7], options: { kernel_shape: [2, 3], dilations: [3, 2], strides: [1, 2] } },
  "dilated as far as the stride": {
    x: [1, 1, 9, 9],
    options: { kernel_shape: [2, 2], dilations: [2, 2], strides: [2, 2] },
  },
  "auto_pad SAME_UPPER": {
    x: [1, 2, 7, 6],
    options: { kernel_shape: [3, 2], strides: [2, 2], auto_pad: "SAME_UPPER" },
  },
};

describe.each(Object.entries(windows))("pooling, %s", (_name, { x: shape, options }) => {
  const x = input("x", "float64", shape);

  test.each([noise, manyTies])("the gradient of MaxPool goes to the first maximum only, %o", (values) => {
    const [y, indices] = maxPoolWithIndices(x, options);
    const plain = maxPool(x, options);
    const ct = input("ct", "float64", y.shape);
    const [dx] = gradients({ of: plain, withRespectTo: [x], cotangent: ct });
    const [xs, cts] = [values(shape, 1), noise(y.shape, 2)];
    const [ys, positions, gradient] = run([x, ct], [xs, cts], y, indices, dx);
    expect([...ys.data]).toEqual([...positions.data].map((position) => xs.data[position]));
    const expected = new Float64Array(xs.data.length);
    for (const [i, position] of positions.data.entries()) expected[position] += cts.data[i];
    expect([...gradient.data]).toEqual([...expected].map((value) => expect.closeTo(value, 12)));
  });

  test.each([0, 1])("the gradient of AveragePool with count_include_pad %i is its adjoint", (count_include_pad) => {
    const y = averagePool(x, { ...options, count_include_pad });
    const ct = input("ct", "float64", y.shape);
    const [dx] = gradients({ of: y, withRespectTo: [x], cotangent: ct });
    const [xs, cts] = [noise(shape, 3), noise(y.shape, 4)];
    const [ys, dxs] = run([x, ct], [xs, cts], y, dx);
    const dot = (a: NdArray, b: NdArray) => a.data.reduce((sum, value, i) => sum + value * b.data[i], 0);
    expect(dxs.shape).toEqual(shape);
    expect(dot(dxs, xs)).toBeCloseTo(dot(cts, ys), 10);
  });
});

describe("windows that are averaged over fewer places", () => {
  // Every window of an axis by itself, tap by tap.
  const slowCounts = ({ input, output, kernel, strides, dilations, padBegin, padEnd }: Window, countPadding: boolean) =>
    output.map((extent, axis) =>
      Array.from({ length: extent }, (_, place) => {
        const taps = Array.from(
          { length: kernel[axis] },
          (_, tap) => place * strides[axis] - padBegin[axis] + tap * dilations[axis],
        );
        const [least, most] = countPadding ? [-padBegin[axis], input[axis] + padEnd[axis]] : [0, input[axis]];
        return taps.filter((at) => at >= least && at < most).length;
      }),
    );

  test("runs of counts are those of every window, whatever kernel, stride, dilation, padding and rounding", () => {
    let compared = 0;
    for (const extent of [1, 2, 3, 5, 8, 13])
      for (const kernel of [1, 2, 3, 5])
        for (const [stride, dilation] of [
          [1, 1],
          [2, 1],
          [3, 1],
          [1, 2],
          [2, 3],
        ])
          for (const [before, after] of [
            [0, 0],
            [1, 0],
            [0, 2],
            [kernel - 1, kernel - 1],
          ])
            for (const ceil of [false, true]) {
              if (extent + before + after < dilation * (kernel - 1) + 1) continue;
              const attrs = { auto_pad: "NOTSET", strides: [stride], dilations: [dilation], pads: [before, after] };
              const window = windowOver("here", [extent], [kernel], attrs, ceil);
              for (const countPadding of [false, true]) {
                const runs = averagedPlaces(window, countPadding);
                const counts = runs.map((axis) => axis.flatMap(({ count, windows }) => Array(windows).fill(count)));
                expect(counts).toEqual(slowCounts(window, countPadding));
                compared++;
              }
            }
    expect(compared).toBeGreaterThan(1000);
  });

  test("gradients of pooling hold nothing that grows with the extents of the image", () => {
    const x = input("x", "float32", [1, 2, 40_000_000, 40_000_000]);
    const images = [
      averagePool(x, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      averagePool(x, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 }),
      maxPool(x, { kernel_shape: [2, 3], strides: [1, 2], dilations: [3, 1], pads: [1, 1, 1, 1] }),
    ];
    for (const y of images) {
      const [dx] = gradients({ of: y, withRespectTo: [x], cotangent: input("ct", "float32", y.shape) });
      expect(dx.shape).toEqual(x.shape);
      const held = nodesOf(graph([x], { dx })).filter((node) => node.op.name === "Constant");
      for (const { outputs } of held) expect(sizeOf(outputs[0].shape)).toBeLessThan(10);
    }
  });
});

test.each([
  { window: [2, 2], by: "SpaceToDepth", pools: 1 },
  { window: [2, 4], by: "Resize", pools: 2 },
  { window: [28, 1], by: "Resize", pools: 2 },
  { window: [4, 1], by: "Resize", pools: 2 },
])("disjoint windows of $window need neither indices nor scattering", ({ window, by, pools }) => {
  const x = input("x", "float32", [64, 6, 28, 28]);
  const y = maxPool(x, { kernel_shape: window, strides: window });
  const [dx] = gradients({ of: y, withRespectTo: [x], cotangent: input("ct", "float32", y.shape) });
  const names = nodesOf(graph([x], { dx })).map((node) => node.op.name);
  expect(names).toContain(by);
  expect(names).not.toContain("ScatterElements");
  expect(names.filter((name) => name === "MaxPool")).toHaveLength(pools);
});

test("values of known examples", () => {
  const x = input("x", "float64", [1, 1, 3, 3]);
  const xs = ndFill("float64", [1, 1, 3, 3], (i) => i + 1);
  const pads = [0, 0, 1, 1];
  const options: PoolOptions = { kernel_shape: [2, 2], strides: [2, 2], pads };
  const [max, excluding, including, ceil, global, large] = run(
    [x],
    [xs],
    maxPool(x, options),
    averagePool(x, options),
    averagePool(x, { ...options, count_include_pad: 1 }),
    maxPool(x, { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
    globalAveragePool(x),
    enlarge(x, [1, 1, 1, 2]),
  );
  expect([...max.data]).toEqual([5, 6, 8, 9]);
  expect([...excluding.data]).toEqual([3, 4.5, 7.5, 9]);
  expect([...including.data]).toEqual([3, 2.25, 3.75, 2.25]);
  expect([...ceil.data]).toEqual([5, 6, 8, 9]);
  expect([...global.data]).toEqual([5]);
  expect([...large.data]).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
});

describe("errors", () => {
  const failure = (build: () => unknown): string => {
    try {
      withScope("layers.2 (maxPool2d)", build);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };
  const x = input("x", "float32", [64, 6, 5, 5]);

  test("a window larger than the image", () => {
    expect(failure(() => maxPool(x, { kernel_shape: [6, 2] }))).toMatchInlineSnapshot(
      `"layers.2 (maxPool2d) > MaxPool: the window is larger than the padded input: expected spatial sizes of at least [6, 2], received [5, 5]. Use a smaller kernel, more padding or larger images"`,
    );
  });
  test("no spatial axes", () => {
    expect(failure(() => maxPool(input("x", "float32", [64, 6]), { kernel_shape: [2] }))).toMatchInlineSnapshot(
      `"layers.2 (maxPool2d) > MaxPool: pooling needs spatial axes: expected an input [batch, channels, spatial...], received [64, 6]"`,
    );
  });
  test("padding as large as the window", () => {
    expect(failure(() => averagePool(x, { kernel_shape: [2, 2], pads: [2, 0, 0, 0] }))).toMatchInlineSnapshot(
      `"layers.2 (maxPool2d) > AveragePool: padding is as large as the window: expected pads smaller than the kernel [2, 2], received [2, 0, 0, 0]"`,
    );
  });
});

test("a dilated window over padding alone passes nothing back", () => {
  // The second of two elements stands where the index of the empty window would count to from the end.
  const x = input("x", "float64", [1, 1, 2]);
  const y = maxPool(x, { kernel_shape: [2], dilations: [3], pads: [1, 1] });
  const ct = input("ct", "float64", y.shape);
  const [dx] = gradients({ of: y, withRespectTo: [x], cotangent: ct });
  const [value, slope] = run([x, ct], [noise(x.shape, 4), noise(y.shape, 3)], y, dx);
  expect([[...value.data], [...slope.data]]).toEqual([[-Infinity], [0, 0]]);
});
