// Non-linearities written with several operators are found once, at their last node, with the facts of the function.
import { describe, expect, test } from "vitest";
import { filled, input, scalar } from "../graph/build.js";
import * as ops from "../graph/builders.js";
import type { Tensor } from "../graph/tensor.js";
import { nonLinearities } from "./non-linearities.js";

type Write = (x: Tensor) => Tensor;

const n = (value: number): Tensor => scalar(value);
const one = n(1);
const half = n(0.5);

/** Ways to write a function, beside the operator. */
const written: Readonly<Record<string, readonly [operator: Write, ...ways: Write[]]>> = {
  relu: [
    ops.relu,
    (x) => ops.max(x, n(0)),
    (x) => ops.clip(x, n(0)),
    (x) => ops.where(ops.greater(x, n(0)), x, n(0)),
    (x) => ops.mul(x, ops.cast(ops.greater(x, n(0)), "float32")),
    (x) => ops.div(ops.add(x, ops.abs(x)), n(2)),
  ],
  leakyRelu: [
    (x) => ops.leakyRelu(x, { alpha: 0.1 }),
    (x) => ops.max(x, ops.mul(x, n(0.1))),
    (x) => ops.where(ops.greaterOrEqual(x, n(0)), x, ops.mul(x, n(0.1))),
    (x) => ops.sub(ops.relu(x), ops.mul(ops.relu(ops.neg(x)), n(0.1))),
  ],
  gelu: [
    ops.gelu,
    // PyTorch's exporter before opset 20.
    (x) => ops.mul(ops.mul(x, ops.add(ops.erf(ops.div(x, n(Math.SQRT2))), one)), half),
    (x) => ops.mul(ops.mul(half, x), ops.add(one, ops.erf(ops.mul(x, n(Math.SQRT1_2))))),
    (x) => ops.mul(x, ops.mul(half, ops.add(one, ops.erf(ops.div(x, n(1.4141)))))),
    (x) => ops.mul(x, ops.mul(half, ops.add(one, ops.tanh(geluInner(x))))),
  ],
  quickGelu: [(x) => ops.swish(x, { alpha: 1.702 }), (x) => ops.mul(x, ops.sigmoid(ops.mul(x, n(1.702))))],
  silu: [
    ops.swish,
    (x) => ops.mul(x, ops.sigmoid(x)),
    (x) => ops.mul(ops.sigmoid(x), x),
    (x) => ops.div(x, ops.add(one, ops.exp(ops.neg(x)))),
  ],
  mish: [
    ops.mish,
    (x) => ops.mul(x, ops.tanh(ops.softplus(x))),
    (x) => ops.mul(x, ops.tanh(ops.log(ops.add(ops.exp(x), one)))),
  ],
  hardSwish: [
    ops.hardSwish,
    (x) => ops.mul(x, ops.hardSigmoid(x, { alpha: 1 / 6, beta: 0.5 })),
    (x) => ops.div(ops.mul(x, ops.clip(ops.add(x, n(3)), n(0), n(6))), n(6)),
    (x) => ops.mul(x, ops.div(ops.min(ops.max(ops.add(x, n(3)), n(0)), n(6)), n(6))),
    (x) => ops.mul(ops.mul(x, ops.clip(ops.relu(ops.add(x, n(3))), null, n(6))), n(1 / 6)),
  ],
  softplus: [
    ops.softplus,
    (x) => ops.log(ops.add(ops.exp(x), one)),
    (x) => ops.add(ops.relu(x), ops.log(ops.add(one, ops.exp(ops.neg(ops.abs(x)))))),
    (x) => ops.where(ops.greater(x, n(20)), x, ops.log(ops.add(ops.exp(x), one))),
  ],
  sigmoid: [
    ops.sigmoid,
    (x) => ops.div(one, ops.add(one, ops.exp(ops.neg(x)))),
    (x) => ops.reciprocal(ops.add(one, ops.exp(ops.neg(x)))),
    (x) => ops.add(ops.mul(ops.tanh(ops.mul(x, half)), half), half),
  ],
  tanh: [
    ops.tanh,
    (x) => ops.sub(ops.mul(ops.sigmoid(ops.mul(x, n(2))), n(2)), one),
    (x) => ops.div(ops.sub(ops.exp(x), ops.exp(ops.neg(x))), ops.add(ops.exp(x), ops.exp(ops.neg(x)))),
  ],
  softsign: [ops.softsign, (x) => ops.div(x, ops.add(one, ops.abs(x)))],
  hardSigmoid: [
    (x) => ops.hardSigmoid(x, { alpha: 1 / 6, beta: 0.5 }),
    (x) => ops.div(ops.clip(ops.add(x, n(3)), n(0), n(6)), n(6)),
    (x) => ops.clip(ops.add(ops.mul(x, n(1 / 6)), half), n(0), one),
  ],
  elu: [
    (x) => ops.elu(x, { alpha: 0.7 }),
    (x) => ops.where(ops.greater(x, n(0)), x, ops.mul(n(0.7), ops.sub(ops.exp(x), one))),
    (x) => ops.add(ops.relu(x), ops.mul(n(0.7), ops.sub(ops.exp(ops.min(x, n(0))), one))),
  ],
  selu: [
    (x) => ops.selu(x),
    (x) => ops.mul(ops.elu(x, { alpha: 1.6732632 }), n(1.050701)),
    (x) => ops.mul(n(1.0507), ops.where(ops.greater(x, n(0)), x, ops.mul(n(1.67326), ops.sub(ops.exp(x), one)))),
  ],
  celu: [
    (x) => ops.celu(x, { alpha: 2 }),
    (x) => ops.add(ops.max(x, n(0)), ops.min(ops.mul(n(2), ops.sub(ops.exp(ops.div(x, n(2))), one)), n(0))),
  ],
  thresholdedRelu: [
    (x) => ops.thresholdedRelu(x, { alpha: 1.5 }),
    (x) => ops.where(ops.greater(x, n(1.5)), x, n(0)),
    (x) => ops.mul(x, ops.cast(ops.greater(x, n(1.5)), "float32")),
  ],
  negativeThreshold: [
    (x) => ops.thresholdedRelu(x, { alpha: -1.5 }),
    (x) => ops.where(ops.greater(x, n(-1.5)), x, n(0)),
  ],
  hardShrink: [(x) => ops.shrink(x, { lambd: 0.7 }), (x) => ops.where(ops.greater(ops.abs(x), n(0.7)), x, n(0))],
  softShrink: [
    (x) => ops.shrink(x, { lambd: 0.7, bias: 0.7 }),
    (x) => ops.mul(ops.sign(x), ops.max(ops.sub(ops.abs(x), n(0.7)), n(0))),
    (x) => ops.sub(x, ops.clip(x, n(-0.7), n(0.7))),
  ],
  relu6: [
    (x) => ops.clip(x, n(0), n(6)),
    (x) => ops.clip(ops.relu(x), null, n(6)),
    (x) => ops.min(ops.max(x, n(0)), n(6)),
    (x) => ops.max(ops.min(x, n(6)), n(0)),
    (x) => ops.relu(ops.min(x, n(6))),
    (x) => ops.min(ops.relu(x), n(6)),
  ],
  hardTanh: [(x) => ops.clip(x, n(-1), one), (x) => ops.min(ops.max(x, n(-1)), one)],
};

const geluInner = (x: Tensor): Tensor =>
  ops.mul(n(Math.sqrt(2 / Math.PI)), ops.add(x, ops.mul(n(0.044715), ops.pow(x, n(3)))));

const cases = Object.entries(written).flatMap(([name, [operator, ...ways]]) =>
  ways.map((way, i) => [name, i + 1, way, operator] as const),
);

const given = (): Tensor => input("x", "float32", [4, 3]);
const product = (x: Tensor): Tensor => ops.matMul(x, filled("float32", [3, 3], 0.5));

describe.each([
  ["in a network", (y: Tensor) => product(y)],
  ["as its output", (y: Tensor) => y],
])("%s", (_, rest) => {
  test.each(cases)("%s written in way %d is one non-linearity", (_name, _way, way, operator) => {
    const x = product(given());
    const y = way(x);
    const found = nonLinearities(rest(y));
    expect(found.map(({ activation, preActivation }) => [activation === y, preActivation === x])).toEqual([
      [true, true],
    ]);
    const [{ facts: wanted }] = nonLinearities(rest(operator(x)));
    const numbers = (facts: object): unknown =>
      JSON.parse(JSON.stringify(facts), (_key, value) =>
        typeof value === "number" ? Number(value.toPrecision(3)) : value,
      );
    expect(numbers(found[0].facts)).toEqual(numbers(wanted));
  });
});

test("ReLU6 is off at 0 and saturated below 6; hard tanh is saturated at both ends", () => {
  const facts = (low: number, high: number) => nonLinearities(ops.clip(given(), n(low), n(high)))[0].facts;
  expect(facts(0, 6)).toEqual({ off: { value: 0, within: 0 }, unsaturated: [Number.NEGATIVE_INFINITY, 5.4] });
  expect(facts(-1, 1)).toEqual({ unsaturated: [-0.9, 0.9] });
});

test.each<[string, Write]>([
  ["a line", (x) => ops.add(ops.mul(x, n(2)), n(3))],
  ["a square root with an epsilon", (x) => ops.sqrt(ops.add(ops.mul(x, x), n(1e-5)))],
  ["a square", (x) => ops.pow(x, n(2))],
  ["an absolute value", ops.abs],
  ["a guard against zero", (x) => ops.max(x, n(1e-6))],
  ["a guarded probability", (x) => ops.clip(x, n(1e-7), n(1 - 1e-7))],
  ["a guard against overflow", (x) => ops.clip(x, n(-65504), n(65504))],
  ["an exponential", ops.exp],
  [
    "a dropout",
    (x) => ops.mul(ops.div(x, n(0.5)), ops.cast(ops.greater(input("mask", "float32", [4, 3]), half), "float32")),
  ],
  ["a reshape", (x) => ops.add(ops.reshape(x, [4, 3]), n(1))],
  ["a triangle", (x) => ops.mul(ops.trilu(x), n(2))],
  ["a normalization", (x) => ops.div(ops.sub(x, ops.reduceMean(x)), ops.sqrt(ops.reduceMean(ops.mul(x, x))))],
])("%s is no non-linearity", (_, write) => {
  expect(nonLinearities(product(write(product(given()))))).toEqual([]);
});

test("parts that something else reads are non-linearities of their own", () => {
  const x = product(given());
  const gate = ops.sigmoid(x);
  const y = ops.mul(x, gate);
  const found = nonLinearities(ops.add(product(y), gate));
  expect(found.map(({ activation }) => activation)).toEqual([gate, y]);
});

test("a gate of one tensor for another is a sigmoid", () => {
  const x = product(given());
  const gate = ops.sigmoid(product(x));
  const found = nonLinearities(product(ops.mul(x, gate)));
  expect(found.map(({ activation }) => activation)).toEqual([gate]);
});

test("a residual sum with a non-linearity of the same tensor is not part of it", () => {
  const x = product(given());
  const y = ops.relu(x);
  expect(nonLinearities(product(ops.add(x, y))).map(({ activation }) => activation)).toEqual([y]);
});

test("what changes nothing after a non-linearity is not its last node", () => {
  const y = ops.relu(product(given()));
  expect(nonLinearities(product(ops.identity(ops.mul(y, one)))).map(({ activation }) => activation)).toEqual([y]);
  const g = ops.mul(y, n(3));
  expect(nonLinearities(product(g)).map(({ activation }) => activation)).toEqual([y]);
});

test("two operators in a row are two non-linearities", () => {
  const first = ops.relu(product(given()));
  const second = ops.elu(first);
  expect(nonLinearities(product(second)).map(({ activation }) => activation)).toEqual([first, second]);
});

test("a long chain of element-wise operators ends the search, not the program", () => {
  let x = product(given());
  for (let i = 0; i < 3000; i++) x = ops.mul(ops.add(x, n(1)), n(0.9));
  const y = ops.relu(x);
  expect(nonLinearities(product(y)).map(({ activation }) => activation)).toEqual([y]);
});
