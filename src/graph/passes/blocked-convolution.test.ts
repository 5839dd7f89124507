// In the reference evaluation, blocked convolutions give the same numbers as plain ones, forward and backward.
import { describe, expect, test } from "vitest";
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import { randomStream } from "../../core/random/rng.js";
import { input } from "../build.js";
import { mul, relu } from "../builders.js";
import { gradients } from "../gradient.js";
import { graph, rewriteGraph } from "../graph.js";
import { reduceSum } from "../ops/reduction/reduction.js";
import { blockedDomain } from "../ops/windows/blocked-operators.js";
import { conv } from "../ops/windows/convolution.js";
import { nodesOf } from "../order.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { onnxruntimeCpu } from "../targets/onnxruntime-cpu/index.js";
import type { Graph } from "../tensor.js";
import { blockedConvolutions } from "./blocked-convolution.js";
import { shareGradientParts } from "./lower.js";
import { simplify } from "./simplify.js";

const block = 4;

interface Case {
  readonly x: Shape;
  readonly w: Shape;
  readonly attrs?: Parameters<typeof conv>[3];
  readonly blocked: number;
}

const cases: Readonly<Record<string, Case>> = {
  "fewer filters than channels": { x: [2, 16, 5, 6], w: [8, 16, 3, 3], attrs: { pads: [1, 1, 1, 1] }, blocked: 2 },
  "more filters than channels": { x: [2, 8, 5, 6], w: [16, 8, 3, 3], attrs: { pads: [1, 1, 1, 1] }, blocked: 2 },
  "many filters": { x: [1, 40, 4, 4], w: [32, 40, 3, 3], attrs: {}, blocked: 2 },
  "strides: the input's gradient is no plain convolution": {
    x: [2, 8, 7, 7],
    w: [8, 8, 3, 3],
    attrs: { strides: [2, 2] },
    blocked: 1,
  },
  "asymmetric padding and dilation": {
    x: [1, 8, 6, 7],
    w: [8, 8, 3, 2],
    attrs: { pads: [0, 1, 2, 0], dilations: [1, 2] },
    blocked: 2,
  },
  "a batch that fills blocks: the weight's gradient too": {
    x: [8, 8, 5, 6],
    w: [16, 8, 3, 3],
    attrs: { pads: [1, 1, 1, 1] },
    blocked: 3,
  },
  "more channels than filters, uneven padding": {
    x: [8, 16, 5, 4],
    w: [8, 16, 3, 2],
    attrs: { pads: [0, 1, 2, 0] },
    blocked: 3,
  },
  "a batch that fills blocks, strides with rows that no window reaches": {
    x: [8, 8, 8, 10],
    w: [8, 8, 3, 3],
    attrs: { strides: [2, 3] },
    blocked: 2,
  },
  "the same, in the padding": {
    x: [8, 8, 7, 8],
    w: [8, 8, 2, 2],
    attrs: { strides: [2, 3], pads: [0, 0, 1, 2] },
    blocked: 2,
  },
  "a kernel of one place stays plain": { x: [2, 8, 3, 3], w: [8, 8, 1, 1], blocked: 0 },
  "channels that fill no block stay plain": { x: [2, 6, 4, 4], w: [8, 6, 3, 3], blocked: 0 },
  "fewer channels than a block": { x: [8, 3, 6, 5], w: [8, 3, 3, 3], attrs: { pads: [1, 1, 1, 1] }, blocked: 2 },
  "filters that nearly fill a block": { x: [8, 3, 6, 5], w: [6, 3, 3, 3], attrs: { pads: [1, 1, 1, 1] }, blocked: 2 },
  "filters that would leave a block half empty stay plain": { x: [8, 8, 5, 5], w: [2, 8, 3, 3], blocked: 0 },
  "groups stay plain": { x: [2, 8, 4, 4], w: [8, 4, 3, 3], attrs: { group: 2 }, blocked: 0 },
};

function trained({ x: xShape, w: wShape, attrs = {} }: Case): Graph {
  const [x, w, bias] = [
    input("x", "float32", xShape),
    input("w", "float32", wShape),
    input("b", "float32", [wShape[0]]),
  ];
  const y = relu(conv(x, w, bias, attrs));
  const loss = reduceSum(mul(y, y));
  const [dx, dw, db] = gradients({ of: loss, withRespectTo: [x, w, bias] });
  return graph([x, w, bias], { y, dx, dw, db });
}

describe.each(Object.entries(cases))("%s", (_name, given) => {
  const plain = trained(given);
  const values = plain.inputs.map(({ shape, name = "" }) => {
    const stream = randomStream(4, name);
    return {
      dtype: "float32" as const,
      shape,
      data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => stream.normal(i)),
    };
  });
  const expected = evaluateGraph(plain, values);
  const close = (source: Graph): void => {
    for (const [i, { data }] of evaluateGraph(source, values).entries())
      for (const [at, value] of data.entries()) expect(value).toBeCloseTo(expected[i].data[at], 9);
  };

  test("has the same values and gradients when blocked", () => {
    const blocked = simplify(rewriteGraph(plain, blockedConvolutions({ ...onnxruntimeCpu, blockedChannels: block })));
    const found = nodesOf(blocked).filter(({ op }) => op.domain === blockedDomain && op.name === "Conv");
    expect(found.length).toBe(given.blocked);
    close(blocked);
  });

  test("has the same gradients in their faster forms when not blocked", () => {
    const columns = simplify(rewriteGraph(plain, shareGradientParts(onnxruntimeCpu)));
    expect(nodesOf(columns).filter(({ attrs }) => attrs.gradient_form !== undefined)).toEqual([]);
    close(columns);
  });
});

test("a conversion from blocks and back to blocks is removed", () => {
  const [x, w] = [input("x", "float32", [1, 8, 4, 4]), input("w", "float32", [8, 8, 3, 3])];
  const twice = graph([x, w], { y: conv(conv(x, w, null, {}), w, null, { pads: [1, 1, 1, 1] }) });
  const blocked = simplify(rewriteGraph(twice, blockedConvolutions({ ...onnxruntimeCpu, blockedChannels: block })));
  const names = nodesOf(blocked).flatMap(({ op }) => (op.domain === blockedDomain ? [op.name] : []));
  expect(names).toEqual(["ReorderInput", "Conv", "Conv", "ReorderOutput"]);
});
