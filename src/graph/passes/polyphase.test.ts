import { expect, test } from "vitest";
import type { Shape } from "../../core/numbers/shape.js";
import { randomStream } from "../../core/random/rng.js";
import { input } from "../build.js";
import { gradients } from "../gradient.js";
import { graph, rewriteGraph } from "../graph.js";
import { relu } from "../ops/activation/activation.js";
import { mul } from "../ops/elementwise/arithmetic.js";
import { batchNormalization } from "../ops/normalization/batch-normalization.js";
import { reduceSum } from "../ops/reduction/reduction.js";
import { conv } from "../ops/windows/convolution.js";
import { maxPool } from "../ops/windows/pooling.js";
import { nodesOf } from "../order.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { ndFill } from "../reference/nd-array.js";
import { onnxruntimeCpu } from "../targets/onnxruntime-cpu/index.js";
import type { Graph, Tensor } from "../tensor.js";
import { exchangePicks } from "./exchange.js";
import { shareGradientParts } from "./lower.js";
import { polyphasePooling } from "./polyphase.js";
import { simplify } from "./simplify.js";

const pooling = { kernel_shape: [2, 2], strides: [2, 2] };

function values(tensor: Tensor, seed: number) {
  const stream = randomStream(seed, tensor.name ?? "");
  // Coarse values make ties inside pooling windows likely, as the background of an image does.
  return ndFill(tensor.dtype, tensor.shape, (i) => Math.round(2 * stream.normal(i)) / 2);
}

/** The output, its batch statistics and the gradients of a weighted sum of the output. */
function withGradients(forward: Graph): Graph {
  const [y] = forward.outputs;
  const weights = input("weights", "float32", y.tensor.shape);
  const found = gradients({ of: reduceSum(mul(y.tensor, weights)), withRespectTo: forward.inputs });
  return {
    inputs: [...forward.inputs, weights],
    outputs: [...forward.outputs, ...found.map((tensor, i) => ({ name: `d${i}`, tensor }))],
  };
}

function network(xShape: Shape, normalized: boolean): Graph {
  const x = input("x", "float32", xShape);
  const w = input("w", "float32", [3, xShape[1], 5, 5]);
  const bias = input("bias", "float32", [3]);
  const y = conv(x, w, bias, { pads: [2, 2, 2, 2], kernel_shape: [5, 5] });
  if (!normalized) return graph([x, w, bias], { y: maxPool(relu(y), pooling) });
  const [scale, shift, mean, variance] = ["scale", "shift", "mean", "variance"].map((name) =>
    input(name, "float32", [3]),
  );
  const [z, batchMean, batchVariance] = batchNormalization(y, scale, shift, mean, variance, {
    training_mode: 1,
    momentum: 0,
  });
  return graph([x, w, bias, scale, shift, mean, variance], { y: maxPool(relu(z), pooling), batchMean, batchVariance });
}

test.each([
  { shape: [2, 1, 8, 8], normalized: false },
  { shape: [2, 3, 6, 10], normalized: false },
  { shape: [3, 2, 8, 6], normalized: true },
])(
  "values, statistics and gradients are those of the plain graph: $shape, normalized $normalized",
  ({ shape, normalized }) => {
    const plain = network(shape, normalized);
    const phases = polyphasePooling(rewriteGraph(plain, exchangePicks));
    const windows = nodesOf(phases).flatMap(({ attrs, op }) => (op.name === "MaxPool" ? [attrs.kernel_shape] : []));
    expect(windows).toEqual([[4, 1]]);
    const expected = withGradients(plain);
    const fast = simplify(rewriteGraph(withGradients(phases), shareGradientParts(onnxruntimeCpu)));
    const inputs = expected.inputs.map((tensor, i) => values(tensor, i));
    const [slow, quick] = [evaluateGraph(expected, inputs), evaluateGraph(fast, inputs)];
    for (const [i, { data }] of slow.entries()) {
      expect(quick[i].shape).toEqual(slow[i].shape);
      for (const [j, value] of data.entries()) expect(quick[i].data[j]).toBeCloseTo(value, 9);
    }
  },
);

test("the value and the weight gradient share one set of columns", () => {
  const shared = simplify(
    rewriteGraph(withGradients(network([2, 1, 8, 8], false)), shareGradientParts(onnxruntimeCpu)),
  );
  expect(nodesOf(shared).some(({ op }) => op.name === "Conv")).toBe(false);
  const columns = nodesOf(shared).filter(({ op, outputs }) => op.name === "Concat" && outputs[0].shape[1] === 25);
  expect(columns).toHaveLength(1);
});

test.each([
  [
    "many channels",
    () => maxPool(conv(input("x", "float32", [1, 6, 8, 8]), input("w", "float32", [2, 6, 5, 5])), pooling),
  ],
  [
    "odd extents",
    () => maxPool(conv(input("x", "float32", [1, 1, 9, 9]), input("w", "float32", [2, 1, 5, 5])), pooling),
  ],
  [
    "stride 2",
    () =>
      maxPool(
        conv(input("x", "float32", [1, 1, 19, 19]), input("w", "float32", [2, 1, 5, 5]), null, { strides: [2, 2] }),
        pooling,
      ),
  ],
  [
    "a second reader of the convolution",
    () => {
      const y = conv(input("x", "float32", [1, 1, 8, 8]), input("w", "float32", [2, 1, 5, 5]));
      return mul(maxPool(y, pooling), reduceSum(y));
    },
  ],
])("is not applied to %s", (_, build) => {
  const source = graph([], { y: build() });
  expect(polyphasePooling(source)).toBe(source);
});
