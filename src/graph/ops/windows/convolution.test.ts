import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Shape } from "../../../core/numbers/shape.js";
import { randomStream } from "../../../core/random/rng.js";
import { allIndices } from "../../accounting/window.js";
import { input, withScope } from "../../build.js";
import { gradients } from "../../gradient.js";
import { graph } from "../../graph.js";
import type { NdArray } from "../../op.js";
import { nodesInOrder } from "../../order.js";
import { simplify } from "../../passes/simplify.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { type ConvAttributes, conv, convTranspose, convWindow } from "./convolution.js";
import {
  type Convolution,
  type ConvolutionLowering,
  chooseLowering,
  convolutionCotangents,
  hasMirroredWindows,
} from "./convolution-gradient.js";

interface Case {
  readonly x: Shape;
  readonly w: Shape;
  readonly attrs: Partial<ConvAttributes>;
}

const cases: Record<string, Case> = {
  "plain 1-D": { x: [2, 3, 7], w: [4, 3, 3], attrs: {} },
  "plain 2-D": { x: [2, 3, 6, 5], w: [2, 3, 3, 2], attrs: {} },
  "1 x 1": { x: [2, 3, 4, 3], w: [5, 3, 1, 1], attrs: {} },
  "same padding": { x: [2, 2, 5, 5], w: [3, 2, 3, 3], attrs: { pads: [1, 1, 1, 1] } },
  "asymmetric pads": { x: [1, 2, 5, 6], w: [2, 2, 3, 2], attrs: { pads: [2, 0, 1, 1] } },
  "more padding than the kernel": { x: [1, 2, 4, 4], w: [2, 2, 2, 2], attrs: { pads: [3, 2, 2, 3] } },
  "stride that leaves rows over": { x: [2, 2, 8, 7], w: [3, 2, 3, 3], attrs: { strides: [3, 2], pads: [1, 0, 0, 1] } },
  "stride larger than the kernel": { x: [1, 2, 9, 8], w: [2, 2, 2, 1], attrs: { strides: [4, 3] } },
  dilation: { x: [2, 2, 8, 7], w: [2, 2, 3, 2], attrs: { dilations: [2, 3], pads: [1, 1, 0, 2] } },
  "stride and dilation": {
    x: [1, 2, 11, 9],
    w: [3, 2, 3, 3],
    attrs: { strides: [2, 3], dilations: [2, 1], pads: [1, 2, 1, 0] },
  },
  groups: { x: [2, 4, 5, 5], w: [6, 2, 3, 3], attrs: { group: 2, pads: [1, 1, 1, 1] } },
  "depthwise with stride": {
    x: [2, 3, 7, 6],
    w: [6, 1, 3, 3],
    attrs: { group: 3, strides: [2, 2], pads: [0, 1, 1, 0] },
  },
  "groups with dilation": { x: [1, 4, 7, 7], w: [4, 2, 3, 2], attrs: { group: 2, dilations: [2, 2] } },
  "auto_pad SAME_UPPER": { x: [1, 2, 6, 5], w: [2, 2, 4, 2], attrs: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
  "auto_pad SAME_LOWER": { x: [1, 2, 6, 5], w: [2, 2, 4, 2], attrs: { auto_pad: "SAME_LOWER" } },
  "3-D": { x: [1, 2, 4, 5, 3], w: [3, 2, 2, 3, 2], attrs: { pads: [1, 0, 0, 0, 1, 1], strides: [1, 2, 1] } },
};

function noise(shape: Shape, seed: number): NdArray {
  const stream = randomStream(seed, "test");
  return ndFill("float64", shape, (i) => stream.normal(i));
}

function dot(a: NdArray, b: NdArray): number {
  expect(a.shape).toEqual(b.shape);
  return a.data.reduce((sum, value, i) => sum + value * b.data[i], 0);
}

function run(inputs: readonly Tensor[], values: readonly NdArray[], ...outputs: readonly Tensor[]): NdArray[] {
  const named = Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor]));
  return evaluateGraph(graph(inputs, named), values);
}

/** The definition, by coordinates, without anything shared with the record. */
function literalConvolution(
  x: NdArray,
  w: NdArray,
  strides: readonly number[],
  pads: readonly number[],
  dilations: readonly number[],
  group: number,
) {
  const spatial = x.shape.slice(2);
  const kernel = w.shape.slice(2);
  const padded = (axis: number): number => spatial[axis] + pads[axis] + pads[axis + spatial.length];
  const out = spatial.map((_, axis) => {
    let count = 0;
    while (count * strides[axis] + (kernel[axis] - 1) * dilations[axis] < padded(axis)) count++;
    return count;
  });
  const read = (array: NdArray, index: readonly number[]): number => {
    if (index.some((at, axis) => at < 0 || at >= array.shape[axis])) return 0;
    return array.data[index.reduce((flat, at, axis) => flat * array.shape[axis] + at, 0)];
  };
  const shape = [x.shape[0], w.shape[0], ...out];
  const values = allIndices(shape).map(([n, o, ...place]) => {
    let sum = 0;
    for (const [c, ...tap] of allIndices(w.shape.slice(1))) {
      const channel = Math.floor(o / (w.shape[0] / group)) * w.shape[1] + c;
      const at = place.map((p, axis) => p * strides[axis] + tap[axis] * dilations[axis] - pads[axis]);
      sum += read(x, [n, channel, ...at]) * read(w, [o, c, ...tap]);
    }
    return sum;
  });
  return { shape, values };
}

const perAxis = (rank: number, least: number, most: number) =>
  fc.array(fc.integer({ min: least, max: most }), { minLength: rank, maxLength: rank });

const randomConvolution = fc.integer({ min: 1, max: 3 }).chain((rank) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    inner: fc.integer({ min: 1, max: 2 }),
    outer: fc.integer({ min: 1, max: 2 }),
    kernel: perAxis(rank, 1, 3),
    strides: perAxis(rank, 1, 3),
    dilations: perAxis(rank, 1, 2),
    pads: perAxis(2 * rank, 0, 2),
    extra: perAxis(rank, 0, 2),
  }),
);

describe("Conv", () => {
  test("equals the definition for random shapes and attributes", () => {
    const property = fc.property(
      randomConvolution,
      ({ batch, group, inner, outer, kernel, strides, dilations, pads, extra }) => {
        const spatial = kernel.map((extent, axis) => (extent - 1) * dilations[axis] + 1 + extra[axis]);
        const x = noise([batch, inner * group, ...spatial], 1);
        const w = noise([outer * group, inner, ...kernel], 2);
        const inputs = [input("x", "float64", x.shape), input("w", "float64", w.shape)];
        const [y] = run(inputs, [x, w], conv(inputs[0], inputs[1], null, { strides, dilations, pads, group }));
        const expected = literalConvolution(x, w, strides, pads, dilations, group);
        expect(y.shape).toEqual(expected.shape);
        for (const [i, value] of expected.values.entries()) expect(y.data[i]).toBeCloseTo(value, 10);
      },
    );
    fc.assert(property, { seed: 7, numRuns: 60 });
  });

  test("adds the bias of each filter", () => {
    const [x, w, b] = [input("x", "float64", [1, 1, 2]), input("w", "float64", [2, 1, 1]), input("b", "float64", [2])];
    const fill = (shape: Shape, ...values: number[]) => ndFill("float64", shape, (i) => values[i]);
    const [y] = run([x, w, b], [fill([1, 1, 2], 1, 2), fill([2, 1, 1], 3, 4), fill([2], 10, 20)], conv(x, w, b));
    expect([...y.data]).toEqual([13, 16, 24, 28]);
  });

  test("costs one multiplication a weight and place", () => {
    const y = conv(
      input("x", "float32", [2, 4, 5, 5]),
      input("w", "float32", [6, 2, 3, 3]),
      input("b", "float32", [6]),
      { group: 2 },
    );
    const node = y.node!;
    const macs = 2 * 6 * 3 * 3 * (2 * 3 * 3);
    expect(node.op.cost(node.inputs, node.outputs, node.attrs)).toEqual({ macs, flops: 2 * macs + 2 * 6 * 3 * 3 });
  });
});

// A convolution is linear in each operand, so its gradients are adjoints: exact in every direction, no differences needed.
describe.each(Object.entries(cases))("gradients of Conv, %s", (_name, { x: xShape, w: wShape, attrs }) => {
  const x = input("x", "float64", xShape);
  const w = input("w", "float64", wShape);
  const y = conv(x, w, null, attrs);
  const ct = input("ct", "float64", y.shape);
  const [xs, ws, cts, u, v] = [xShape, wShape, y.shape, xShape, wShape].map(noise);
  const convolution: Convolution = {
    window: convWindow(xShape, wShape, { auto_pad: "NOTSET", group: 1, ...attrs }),
    batch: xShape[0],
    channels: xShape[1],
    filters: wShape[0],
    group: attrs.group ?? 1,
  };

  function expectAdjoint(dx: NdArray, dw: NdArray): void {
    const [along] = run([x, w], [u, ws], y);
    expect(dot(dx, u)).toBeCloseTo(dot(cts, along), 9);
    const [across] = run([x, w], [xs, v], y);
    expect(dot(dw, v)).toBeCloseTo(dot(cts, across), 9);
  }

  test("the rule is the adjoint", () => {
    const [dx, dw] = run([x, w, ct], [xs, ws, cts], ...gradients({ of: y, withRespectTo: [x, w], cotangent: ct }));
    expectAdjoint(dx, dw);
  });

  const mirrored = hasMirroredWindows(convolution);
  const lowerings: ConvolutionLowering[] = [
    { input: "transposed", weight: "inputColumns" },
    { input: "transposed", weight: "swapped" },
    ...(mirrored ? [{ input: "outputColumns", weight: "outputColumns" } as const] : []),
    ...(mirrored ? [{ input: "convolution", weight: "swapped" } as const] : []),
    ...(convolution.group === convolution.channels ? [{ input: "transposed", weight: "tapByTap" } as const] : []),
  ];
  test.each(lowerings)("lowered as $input and $weight it is the adjoint", (lowering) => {
    const { dx, dw } = convolutionCotangents(convolution, lowering, { x, w, ct }, { x: true, w: true });
    const [dxs, dws] = run([x, w, ct], [xs, ws, cts], dx!, dw!);
    expectAdjoint(dxs, dws);
  });

  test("ConvTranspose is the adjoint of Conv, and so are its gradients", () => {
    const { window, group } = convolution;
    const { strides, dilations, padBegin, padEnd } = window;
    const reached = window.input.map(
      (extent, axis) => extent + padBegin[axis] + padEnd[axis] - (window.kernel[axis] - 1) * dilations[axis] - 1,
    );
    const output_padding = reached.map((extent, axis) => extent % strides[axis]);
    const back = convTranspose(ct, w, null, {
      strides,
      dilations,
      group,
      output_padding,
      pads: [...padBegin, ...padEnd],
    });
    const [dct, dw] = gradients({ of: back, withRespectTo: [ct, w], cotangent: x });
    const [backs, dcts, dws, ys] = run([x, w, ct], [xs, ws, cts], back, dct, dw, y);
    expect(dot(backs, xs)).toBeCloseTo(dot(cts, ys), 9);
    expect([...dcts.data]).toEqual([...ys.data].map((value) => expect.closeTo(value, 9)));
    expect(dot(dws, ws)).toBeCloseTo(dot(backs, xs), 9);
  });
});

test("no gradient of the images is built where none is wanted", () => {
  const x = input("x", "float32", [8, 1, 28, 28]);
  const w = input("w", "float32", [6, 1, 5, 5]);
  const b = input("b", "float32", [6]);
  const y = conv(x, w, b, { pads: [2, 2, 2, 2] });
  const [dx, ...others] = convOpGradient(y, [false, true, true]);
  expect(dx).toBeNull();
  expect(others.map((tensor) => tensor?.shape)).toEqual([w.shape, b.shape]);
});

function convOpGradient(y: Tensor, wants: readonly boolean[]): readonly (Tensor | null)[] {
  const { op, inputs, outputs, attrs } = y.node!;
  if (op.vjp === "none") throw new Error("Conv has a gradient");
  return op.vjp({ inputs, outputs, attrs, cotangents: [input("ct", "float32", y.shape)], wants });
}

test("the gradient of a depthwise convolution has no node for each of hundreds of groups", () => {
  const x = input("x", "float32", [2, 512, 14, 14]);
  const w = input("w", "float32", [512, 1, 3, 3]);
  const of = conv(x, w, null, { group: 512, pads: [1, 1, 1, 1] });
  const slopes = gradients({ of, withRespectTo: [x, w], cotangent: input("ct", "float32", of.shape) });
  const nodes = nodesInOrder(slopes).filter(({ op }) => op.name !== "Constant");
  expect(nodes.length).toBeLessThan(60);
});

test("simplify writes out the pads of auto_pad", () => {
  const x = input("x", "float32", [1, 2, 6, 5]);
  const w = input("w", "float32", [2, 2, 3, 2]);
  const { node } = conv(x, w, null, { auto_pad: "SAME_LOWER", dilations: [2, 1], strides: [1, 2] });
  const [kept] = nodesInOrder([simplify(graph([x, w], { y: node!.outputs[0] })).outputs[0].tensor]);
  expect(kept.attrs).toEqual({ ...node!.attrs, auto_pad: "NOTSET", pads: [2, 1, 2, 0] });
});

test("the lowering follows the shape", () => {
  const lowering = (x: Shape, w: Shape, attrs: Partial<ConvAttributes> = {}): string => {
    const complete = { auto_pad: "NOTSET", group: 1, ...attrs };
    const window = convWindow(x, w, complete);
    const chosen = chooseLowering({ window, batch: x[0], channels: x[1], filters: w[0], group: complete.group });
    return [chosen.input, chosen.weight, ...(chosen.columns === undefined ? [] : [chosen.columns])].join(", ");
  };
  expect(lowering([64, 1, 28, 28], [5, 1, 5, 5], { pads: [2, 2, 2, 2] })).toBe("summedColumns, inputColumns");
  expect(lowering([64, 1, 28, 28], [6, 1, 5, 5])).toBe("summedColumns, swapped, inputColumns");
  expect(lowering([64, 96, 28, 28], [32, 96, 3, 3], { pads: [1, 1, 1, 1] })).toBe(
    "convolution, swapped, outputColumns",
  );
  expect(lowering([63, 96, 28, 28], [32, 96, 3, 3], { pads: [1, 1, 1, 1] })).toBe("convolution, outputColumns");
  expect(lowering([64, 96, 28, 28], [36, 96, 3, 3], { pads: [1, 1, 1, 1] })).toBe(
    "outputColumns, swapped, outputColumns",
  );
  expect(lowering([4, 3, 32, 32], [96, 3, 3, 3], { pads: [1, 1, 1, 1] })).toBe("summedColumns, inputColumns");
  expect(lowering([64, 96, 28, 28], [80, 96, 3, 3], { strides: [2, 2] })).toBe("summedColumns, swapped, inputColumns");
  expect(lowering([64, 64, 28, 28], [96, 64, 1, 1])).toBe("outputColumns, outputColumns");
  expect(lowering([8, 3, 224, 224], [64, 3, 15, 15])).toBe("transposed, swapped");
  const depthwise = { group: 96, pads: [1, 1, 1, 1] };
  expect(lowering([8, 96, 56, 56], [96, 1, 3, 3], depthwise)).toBe("convolution, tapByTap");
  expect(lowering([8, 96, 56, 56], [96, 1, 3, 3], { ...depthwise, strides: [2, 2] })).toBe("transposed, tapByTap");
  expect(lowering([8, 96, 56, 56], [96, 1, 7, 7], depthwise)).toBe("convolution, swapped");
  expect(lowering([8, 96, 14, 14], [96, 12, 3, 3], { ...depthwise, group: 8 })).toBe("convolution, outputColumns");
});

describe("shape errors name both shapes", () => {
  const failure = (build: () => unknown): string => {
    try {
      withScope("layers.0 (conv2d)", build);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };
  const x = input("x", "float32", [64, 3, 28, 28]);

  test("channels", () => {
    expect(failure(() => conv(x, input("w", "float32", [6, 4, 5, 5])))).toMatchInlineSnapshot(
      `"layers.0 (conv2d) > Conv: channels do not fit the weight: expected channels = weight channels x group, and filters a multiple of group, received input [64, 3, 28, 28], weight [6, 4, 5, 5], group 1"`,
    );
  });
  test("a kernel larger than the image", () => {
    expect(
      failure(() => conv(x, input("w", "float32", [6, 3, 31, 5]), null, { pads: [1, 0, 1, 0] })),
    ).toMatchInlineSnapshot(
      `"layers.0 (conv2d) > Conv: the window is larger than the padded input: expected spatial sizes of at least [29, 5], received [28, 28]. Use a smaller kernel, more padding or larger images"`,
    );
  });
  test("bias", () => {
    expect(
      failure(() => conv(x, input("w", "float32", [6, 3, 5, 5]), input("b", "float32", [5]))),
    ).toMatchInlineSnapshot(
      `"layers.0 (conv2d) > Conv: the bias does not fit: expected one value an output channel, [6], received [5]"`,
    );
  });
  test("rank", () => {
    expect(failure(() => conv(x, input("w", "float32", [6, 3, 5])))).toMatchInlineSnapshot(
      `"layers.0 (conv2d) > Conv: ranks do not fit: expected an input [batch, channels, spatial...] and a weight [filters, channels / group, kernel...] of the same rank, at least 3, received [64, 3, 28, 28] and [6, 3, 5]"`,
    );
  });
  test("pads", () => {
    expect(failure(() => conv(x, input("w", "float32", [6, 3, 5, 5]), null, { pads: [2, 2] }))).toMatchInlineSnapshot(
      `"layers.0 (conv2d) > Conv: pads do not fit: expected 4 integers from 0: all begins, then all ends, received [2, 2]"`,
    );
  });
  test("strides", () => {
    expect(
      failure(() => conv(x, input("w", "float32", [6, 3, 5, 5]), null, { strides: [0, 1] })),
    ).toMatchInlineSnapshot(
      `"layers.0 (conv2d) > Conv: strides does not fit: expected 2 positive integers, one per spatial axis, received [0, 1]"`,
    );
  });
  test("a transposed convolution", () => {
    expect(failure(() => convTranspose(x, input("w", "float32", [4, 6, 5, 5])))).toMatchInlineSnapshot(
      `"layers.0 (conv2d) > ConvTranspose: channels do not fit the weight: expected channels = weight rows, a multiple of group, received input [64, 3, 28, 28], weight [4, 6, 5, 5], group 1"`,
    );
  });
});
