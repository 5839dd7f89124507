// Random element-wise operators with broadcasting, products, reductions, normalization and losses.
import { bools, type CaseInput, distinct, float, integers, list, type OpCase } from "../../src/graph/ops/cases/case.js";
import type { Attributes } from "../../src/graph/tensor.js";
import type { Dice } from "./dice.js";
import type { RandomCase } from "./windows.js";

const shapeOf = (d: Dice, least = 0, most = 4): number[] => d.ints(d.int(least, most), 1, 4);

/** Shapes that broadcast with one another. */
function broadcast(d: Dice, count: number): number[][] {
  const whole = shapeOf(d);
  return Array.from({ length: count }, () =>
    whole.slice(d.oneIn(2) ? 0 : d.int(0, whole.length)).map((extent) => (d.oneIn(4) ? 1 : extent)),
  );
}

type Range = readonly [number, number];

const binary =
  (...ranges: readonly Range[]) =>
  (d: Dice): RandomCase => {
    const shapes = broadcast(d, ranges.length);
    return { inputs: shapes.map((shape, i) => float(shape, ranges[i])) };
  };
const several = (d: Dice): RandomCase => ({ inputs: broadcast(d, d.int(1, 4)).map((shape) => float(shape)) });
const unary =
  (range: Range, attrs: (d: Dice) => Attributes = () => ({})) =>
  (d: Dice): RandomCase => ({
    inputs: [float(shapeOf(d), range)],
    attrs: attrs(d),
  });

const where = (d: Dice): RandomCase => {
  const [condition, a, b] = broadcast(d, 3);
  return { inputs: [bools(condition), float(a), float(b)] };
};

const clip = (d: Dice): RandomCase => {
  const low: OpCase["inputs"][number] = d.oneIn(3) ? null : float([], [-1, 0]);
  const high: OpCase["inputs"][number] = d.oneIn(3) ? null : float([], [0, 1]);
  return { inputs: [float(shapeOf(d)), low, high] };
};

function matMul(d: Dice): RandomCase {
  const [m, k, n] = d.ints(3, 1, 5);
  const [left, right] = broadcast(d, 2).map((shape) => shape.slice(-2));
  const form = d.int(0, 5);
  if (form === 0) return { inputs: [float([k]), float([...right, k, n])] };
  if (form === 1) return { inputs: [float([...left, m, k]), float([k])] };
  if (form === 2) return { inputs: [float([k]), float([k])] };
  return { inputs: [float([...left, m, k]), float([...right, k, n])] };
}

function gemm(d: Dice): RandomCase {
  const [m, k, n, transA, transB] = [...d.ints(3, 1, 5), ...d.ints(2, 0, 1)];
  const inputs = [float(transA ? [k, m] : [m, k]), float(transB ? [n, k] : [k, n])];
  if (!d.oneIn(3)) inputs.push(float(d.pick([[], [1], [n], [1, n], [m, 1], [m, n], [1, 1]])));
  return { inputs, attrs: { transA, transB, alpha: d.pick([1, 0.5, -2]), beta: d.pick([1, 0.25, 0]) } };
}

function einsum(d: Dice): RandomCase {
  const extents: Record<string, number> = { i: d.int(1, 3), j: d.int(1, 3), k: d.int(1, 3), l: d.int(1, 3) };
  const letters = Object.keys(extents);
  const term = (): string[] => d.ints(d.int(0, 3), 0, 3).map((at) => letters[at]);
  const terms = Array.from({ length: d.int(1, 2) }, term);
  const used = [...new Set(terms.flat())];
  const kept = used.filter(() => d.oneIn(2));
  const equation = `${terms.map((one) => one.join("")).join(",")}${d.oneIn(5) ? "" : `->${d.shuffled(kept).join("")}`}`;
  return { inputs: terms.map((one) => float(one.map((letter) => extents[letter]))), attrs: { equation } };
}

const reduction =
  (input: (shape: number[]) => CaseInput) =>
  (d: Dice): RandomCase => {
    const shape = shapeOf(d);
    const attrs = { keepdims: d.int(0, 1), noop_with_empty_axes: d.oneIn(4) ? 1 : 0 };
    if (d.oneIn(4)) return { inputs: [input(shape)], attrs };
    const axes = d.oneIn(6) ? [] : d.some(shape.length, 0);
    return { inputs: [input(shape), list(axes.map((axis) => (d.oneIn(2) ? axis : axis - shape.length)))], attrs };
  };

const arg = (d: Dice): RandomCase => {
  const shape = shapeOf(d, 1);
  return {
    inputs: [d.oneIn(2) ? distinct(shape) : integers("float32", shape, [0, 3])],
    attrs: { axis: d.int(-shape.length, shape.length - 1), keepdims: d.int(0, 1), select_last_index: d.int(0, 1) },
  };
};

const alongAxis =
  (least: number, input: (shape: number[]) => CaseInput = (shape) => float(shape)) =>
  (d: Dice): RandomCase => {
    const shape = shapeOf(d, least);
    return { inputs: [input(shape)], attrs: { axis: d.int(-shape.length, shape.length - 1) } };
  };

function batchNormalization(d: Dice): RandomCase {
  const shape = [d.int(2, 4), d.int(1, 3), ...shapeOf(d, 0, 3)];
  const channels = [shape[1]];
  const training = d.int(0, 1);
  const inputs = [float(shape), float(channels), float(channels), float(channels), float(channels, [0.5, 2])];
  return {
    inputs,
    attrs: { epsilon: 1e-2, training_mode: training, momentum: training === 1 ? 0 : 0.9 },
    withRespectTo: [0, 1, 2],
  };
}

function layerNormalization(d: Dice): RandomCase {
  const shape = shapeOf(d, 1).with(-1, d.int(2, 5));
  const axis = d.int(-shape.length, shape.length - 1);
  const behind = shape.slice(axis);
  return {
    inputs: [float(shape), float(behind), ...(d.oneIn(3) ? [] : [float(behind)])],
    attrs: { axis, epsilon: 1e-2 },
  };
}

function rmsNormalization(d: Dice): RandomCase {
  const shape = shapeOf(d, 1).with(-1, d.int(2, 5));
  const axis = d.int(-shape.length, shape.length - 1);
  return { inputs: [float(shape), float(shape.slice(axis))], attrs: { axis, epsilon: 1e-2 } };
}

function instanceNormalization(d: Dice): RandomCase {
  const channels = d.int(1, 3);
  const shape = [d.int(1, 3), channels, ...d.ints(d.int(1, 3), 1, 4)];
  return { inputs: [float(shape), float([channels]), float([channels])], attrs: { epsilon: 1e-2 } };
}

function groupNormalization(d: Dice): RandomCase {
  const groups = d.int(1, 3);
  const channels = groups * d.int(1, 3);
  const shape = [d.int(1, 3), channels, ...d.ints(d.int(0, 3), 1, 3)];
  return { inputs: [float(shape), float([channels]), float([channels])], attrs: { epsilon: 1e-2, num_groups: groups } };
}

const lrn = (d: Dice): RandomCase => ({
  inputs: [float([d.int(1, 2), d.int(1, 6), ...d.ints(d.int(0, 2), 1, 3)])],
  attrs: { size: d.int(1, 7), alpha: d.pick([1e-4, 0.9]), beta: d.pick([0.75, 0.5, 1.3]), bias: d.pick([1, 2]) },
});

const loss = (d: Dice): RandomCase => {
  const [examples, classes, places] = [d.int(1, 4), d.int(2, 4), d.ints(d.int(0, 2), 1, 3)];
  const attrs: Record<string, Attributes[string]> = { reduction: d.pick(["none", "sum", "mean"]) };
  // If all targets of a batch are ignored, the mean is undefined.
  if (d.oneIn(3)) attrs.ignore_index = d.pick(attrs.reduction === "mean" ? [-1, 100] : [-1, 0, 1, 100]);
  const inputs = [float([examples, classes, ...places]), integers("int64", [examples, ...places], [0, classes])];
  return { inputs: d.oneIn(2) ? inputs : [...inputs, float([classes], [0.5, 2])], attrs };
};

const pRelu = (d: Dice): RandomCase => {
  const shape = shapeOf(d);
  return {
    inputs: [float(shape), float(shape.slice(d.int(0, shape.length)).map((extent) => (d.oneIn(3) ? 1 : extent)))],
  };
};

const some: Range = [-2, 2];
const positive: Range = [0.3, 2];

export const arithmeticCases: Readonly<Record<string, (d: Dice) => RandomCase>> = {
  Add: binary(some, some),
  Sub: binary(some, some),
  Mul: binary(some, some),
  Div: binary(some, positive),
  Pow: binary(positive, some),
  Mod: (d) => ({ ...binary([0.2, 0.9], [1, 2])(d), attrs: { fmod: 1 } }),
  Max: several,
  Min: several,
  Sum: several,
  Mean: several,
  Where: where,
  Clip: clip,
  PRelu: pRelu,
  Elu: unary(some, (d) => ({ alpha: d.pick([1, 0.5, 2]) })),
  Celu: unary(some, (d) => ({ alpha: d.pick([1, 0.5, 2]) })),
  Selu: unary(some),
  Gelu: unary(some, (d) => ({ approximate: d.pick(["none", "tanh"]) })),
  Swish: unary(some, (d) => ({ alpha: d.pick([1, 0.5, 1.702]) })),
  Mish: unary(some),
  Shrink: unary(some, (d) => ({ lambd: d.pick([0.5, 1]), bias: d.pick([0, 0.3]) })),
  Abs: unary(positive),
  Acos: unary([-0.8, 0.8]),
  Acosh: unary([1.2, 3]),
  Asin: unary([-0.8, 0.8]),
  Asinh: unary(some),
  Atan: unary(some),
  Ceil: unary([0.1, 0.9]),
  Cos: unary(some),
  Cosh: unary(some),
  Exp: unary(some),
  Floor: unary([0.1, 0.9]),
  HardSigmoid: unary([-1, 1]),
  HardSwish: unary([-2.9, 2.9]),
  LeakyRelu: unary(positive, (d) => ({ alpha: d.pick([0.01, 0.3]) })),
  Log: unary(positive),
  Neg: unary(some),
  Reciprocal: unary(positive),
  Relu: unary(positive),
  Round: unary([0.6, 1.4]),
  Sigmoid: unary(some),
  Sign: unary(positive),
  Sin: unary(some),
  Sinh: unary(some),
  Softplus: unary(some),
  Softsign: unary(positive),
  Sqrt: unary(positive),
  Tan: unary([-1, 1]),
  Tanh: unary(some),
  ThresholdedRelu: unary([1.1, 2]),
  Atanh: unary([-0.8, 0.8]),
  Erf: unary(some),
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
  ReduceL1: reduction((shape) => float(shape, positive)),
  ReduceL2: reduction((shape) => float(shape, positive)),
  ReduceLogSum: reduction((shape) => float(shape, positive)),
  ReduceLogSumExp: reduction((shape) => float(shape)),
  ReduceMax: reduction(distinct),
  ReduceMean: reduction((shape) => float(shape)),
  ReduceMin: reduction(distinct),
  ReduceProd: reduction((shape) => float(shape, positive)),
  ReduceSum: reduction((shape) => float(shape)),
  ReduceSumSquare: reduction((shape) => float(shape)),
  ArgMax: arg,
  ArgMin: arg,
  Softmax: alongAxis(1),
  LogSoftmax: alongAxis(1),
  Hardmax: alongAxis(1, distinct),
  LpNormalization: (d) => {
    const made = alongAxis(1, (shape) => float(shape, positive))(d);
    return { ...made, attrs: { ...made.attrs, p: d.int(1, 2) } };
  },
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LRN: lrn,
  MeanVarianceNormalization: (d) => {
    // Two elements always become -1 and 1, up to rounding.
    const shape = d.ints(4, 3, 4);
    return { inputs: [float(shape)], attrs: d.oneIn(2) ? {} : { axes: d.some(4).sort() } };
  },
  NegativeLogLikelihoodLoss: loss,
  SoftmaxCrossEntropyLoss: loss,
};
