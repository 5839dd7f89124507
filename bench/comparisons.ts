// The comparisons of bench/lowerings.ts: alternative forms of gradients and updates with the same results.
import { type Shape, sizeOf } from "../src/core/numbers/shape.js";
import { tensorData } from "../src/core/numbers/tensor-data.js";
import { constant, scalar } from "../src/graph/build.js";
import { gradients } from "../src/graph/gradient.js";
import { add, mul } from "../src/graph/ops/elementwise/arithmetic.js";
import { cast } from "../src/graph/ops/elementwise/cast.js";
import { equal, greater } from "../src/graph/ops/elementwise/comparison.js";
import { where } from "../src/graph/ops/elementwise/selection.js";
import { sign } from "../src/graph/ops/elementwise/unary.js";
import { gather, gatherElements, scatterElements } from "../src/graph/ops/indexing/indexing.js";
import { concat, expand, pad, reshape, slice, split, transpose } from "../src/graph/ops/movement/shape-movement.js";
import { flip } from "../src/graph/ops/movement/slicing.js";
import { matMul, transposeMatrices } from "../src/graph/ops/products/matmul.js";
import { reduceSum } from "../src/graph/ops/reduction/reduction.js";
import { enlarge } from "../src/graph/ops/resize/resize.js";
import { convWindow } from "../src/graph/ops/windows/convolution.js";
import {
  type Convolution,
  convolutionCotangents,
  hasMirroredWindows,
  type InputLowering,
  type WeightLowering,
} from "../src/graph/ops/windows/convolution-gradient.js";
import { maxPool, maxPoolWithIndices } from "../src/graph/ops/windows/pooling.js";
import type { Tensor } from "../src/graph/tensor.js";
import { adam } from "../src/optim/optimizers/adam.js";
import type { Comparison } from "./graph-timer.js";

type Inputs = Readonly<Record<string, Tensor>>;

interface ConvolutionCase {
  readonly name: string;
  readonly x: Shape;
  readonly w: Shape;
  readonly padding: number;
}

const convolutionCases: readonly ConvolutionCase[] = [
  { name: "LeNet-5's first: 64x1x28x28 -> 6, 5x5 pad 2", x: [64, 1, 28, 28], w: [6, 1, 5, 5], padding: 2 },
  { name: "LeNet-5's second: 64x6x14x14 -> 16, 5x5", x: [64, 6, 14, 14], w: [16, 6, 5, 5], padding: 0 },
  { name: "64x96x28x28 -> 32, 3x3 pad 1", x: [64, 96, 28, 28], w: [32, 96, 3, 3], padding: 1 },
];

function convolutionOf({ x, w, padding }: ConvolutionCase): { convolution: Convolution; ct: Shape } {
  const pads = [padding, padding, padding, padding];
  const attrs = { auto_pad: "NOTSET", dilations: [1, 1], kernel_shape: w.slice(2), pads, strides: [1, 1], group: 1 };
  const window = convWindow(x, w, attrs);
  const [batch, channels, filters] = [x[0], x[1], w[0]];
  return { convolution: { window, batch, channels, filters, group: 1 }, ct: [batch, filters, ...window.output] };
}

/** Only dw, without sharing columns with dx. */
function weightGradient(example: ConvolutionCase): Comparison {
  const { convolution, ct } = convolutionOf(example);
  const by = (weight: WeightLowering) => (t: Inputs) => {
    const sides = { x: t.x, w: t.w, ct: t.ct };
    return [
      convolutionCotangents(convolution, { input: "transposed", weight }, sides, { x: false, w: true }).dw as Tensor,
    ];
  };
  return {
    title: `convolution, weight gradient: ${example.name}`,
    inputs: { x: example.x, w: example.w, ct },
    forms: {
      "columns of x, axis by axis": by("inputColumns"),
      "columns of x, tap by tap": (t) => [weightByTaps(t.x, t.ct, example)],
      "columns of ct": by("outputColumns"),
      "batch and channels swapped": by("swapped"),
    },
  };
}

/** im2col with one slice per kernel element: 25 for a 5x5 kernel. */
function weightByTaps(x: Tensor, ct: Tensor, { w, padding }: ConvolutionCase): Tensor {
  const [filters, channels, height, width] = w;
  const [batch, , rows, columns] = ct.shape;
  const padded = padding === 0 ? x : pad(x, [0, 0, padding, padding, 0, 0, padding, padding]);
  const taps = Array.from({ length: height * width }, (_, tap) => {
    const [row, column] = [Math.floor(tap / width), tap % width];
    return slice(padded, { starts: [row, column], ends: [row + rows, column + columns], axes: [2, 3] });
  });
  const all = reshape(concat(taps, { axis: 1 }), [batch, height * width * channels, rows * columns]);
  const product = reduceSum(matMul(reshape(ct, [batch, filters, rows * columns]), transposeMatrices(all)), [0]);
  return transpose(reshape(product, [filters, height, width, channels]), [0, 3, 1, 2]);
}

/** dx and dw together, since they can share columns. */
function bothGradients(example: ConvolutionCase): Comparison {
  const { convolution, ct } = convolutionOf(example);
  const by = (input: InputLowering, weight: WeightLowering) => (t: Inputs) => {
    const sides = { x: t.x, w: t.w, ct: t.ct };
    const { dx, dw } = convolutionCotangents(convolution, { input, weight }, sides, { x: true, w: true });
    return [dx as Tensor, dw as Tensor];
  };
  return {
    title: `convolution, both gradients: ${example.name}`,
    inputs: { x: example.x, w: example.w, ct },
    forms: {
      "ConvTranspose, columns of x": by("transposed", "inputColumns"),
      ...(hasMirroredWindows(convolution)
        ? {
            "Conv with the kernel turned, columns of x": by("convolution", "inputColumns"),
            "both from columns of ct": by("outputColumns", "outputColumns"),
          }
        : {}),
    },
  };
}

/** Depthwise 3x3: dw, then dx. */
function depthwiseGradients(x: Shape, stride: number): Comparison[] {
  const [batch, channels] = x;
  const w = [channels, 1, 3, 3];
  const attrs = { auto_pad: "NOTSET", pads: [1, 1, 1, 1], strides: [stride, stride], group: channels };
  const window = convWindow(x, w, attrs);
  const convolution: Convolution = { window, batch, channels, filters: channels, group: channels };
  const inputs = { x, w, ct: [batch, channels, ...window.output] };
  const sides = (t: Inputs) => ({ x: t.x, w: t.w, ct: t.ct });
  const dw = (weight: WeightLowering) => (t: Inputs) => {
    const wants = { x: false, w: true };
    return [convolutionCotangents(convolution, { input: "transposed", weight }, sides(t), wants).dw as Tensor];
  };
  const dx = (from: InputLowering) => (t: Inputs) => {
    const wants = { x: true, w: false };
    return [convolutionCotangents(convolution, { input: from, weight: "swapped" }, sides(t), wants).dx as Tensor];
  };
  const title = `${x.join("x")}, 3x3, stride ${stride}`;
  return [
    {
      title: `depthwise convolution, weight gradient: ${title}`,
      inputs,
      forms: {
        "tap by tap": dw("tapByTap"),
        "columns of x": dw("inputColumns"),
        "batch and channels swapped": dw("swapped"),
      },
    },
    {
      title: `depthwise convolution, input gradient: ${title}`,
      inputs,
      forms: {
        ConvTranspose: dx("transposed"),
        ...(hasMirroredWindows(convolution)
          ? { "Conv with the kernel turned": dx("convolution"), "columns of ct": dx("outputColumns") }
          : {}),
      },
    },
  ];
}

/** Forward and backward. Random numbers have no ties, so all forms agree. */
function maxPoolGradient(x: Shape, kernel: number): Comparison {
  const window = { kernel_shape: [kernel, kernel], strides: [kernel, kernel] };
  const tiles = [1, 1, kernel, kernel];
  const pooled = [x[0], x[1], x[2] / kernel, x[3] / kernel];
  return {
    title: `max-pool ${kernel}x${kernel}, forward and backward: ${x.join("x")}`,
    inputs: { x, ct: pooled },
    forms: {
      "first maximum by blocks of channels (ours)": (t) => {
        const y = maxPool(t.x, window);
        return [...gradients({ of: y, withRespectTo: [t.x], cotangent: t.ct }), y];
      },
      "equal to the maximum (ties all receive it)": (t) => {
        const y = maxPool(t.x, window);
        return [where(equal(t.x, enlarge(y, tiles)), enlarge(t.ct, tiles), scalar(0)), y];
      },
      "indices and ScatterElements": (t) => {
        const [y, indices] = maxPoolWithIndices(t.x, window);
        const places = sizeOf(pooled);
        const zeros = expand(reshape(scalar(0), [1]), [sizeOf(x)]);
        const flat = scatterElements(zeros, reshape(indices, [places]), reshape(t.ct, [places]), {
          axis: 0,
          reduction: "add",
        });
        return [reshape(flat, x), y];
      },
    },
  };
}

function reluGradient(shape: Shape): Comparison {
  const isPositive = (y: Tensor) => greater(y, scalar(0));
  return {
    title: `ReLU, backward: ${shape.join("x")}`,
    inputs: { y: shape, ct: shape },
    values: { y: (normal) => Math.max(0, normal) },
    forms: {
      "ct * sign(y)": (t) => [mul(t.ct, sign(t.y))],
      "ct * (y > 0), the mask as numbers (ours)": (t) => [mul(t.ct, cast(isPositive(t.y), "float32"))],
      "ct where y > 0": (t) => [where(isPositive(t.y), t.ct, scalar(0))],
    },
  };
}

/** Adam on all tensors of a network: as one vector, including the splits and joins, or separately. */
function packing(name: string, shapes: readonly Shape[]): Comparison {
  const sizes = shapes.map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const spec = adam();
  const hyper = { size: scalar(1e-3), epsilon: scalar(1e-8), b1: scalar(spec.b1) };
  const update = (t: Inputs, part: string, gradient: Tensor) => {
    const slots = { mu: t[`mu${part}`], nu: t[`nu${part}`] };
    const { parameter, slots: next } = adam.update(spec, { parameter: t[`theta${part}`], gradient, slots, hyper });
    return { parameter, slots: [next.mu, next.nu] };
  };
  const each = shapes.map((shape, i) => ({ part: ` ${i}`, shape }));
  const state = [{ part: "", shape: [total] as Shape }, ...each].flatMap(({ part, shape }) =>
    ["theta", "mu", "nu"].map((slot) => [slot + part, shape] as const),
  );
  return {
    title: `packing: Adam, ${name}, ${shapes.length} tensors, ${total} numbers`,
    inputs: Object.fromEntries([...state, ...each.map(({ part, shape }) => [`gradient${part}`, shape] as const)]),
    values: Object.fromEntries(state.filter(([key]) => key.startsWith("nu")).map(([key]) => [key, (v) => v * v])),
    incomparable: true,
    forms: {
      "one vector, gradients joined, parameters cut": (t) => {
        const flat = each.map(({ part }, i) => reshape(t[`gradient${part}`], [sizes[i]]));
        const { parameter, slots } = update(t, "", concat(flat, { axis: 0 }));
        return [parameter, ...slots, ...split(parameter, sizes, { axis: 0 })];
      },
      "each tensor by itself": (t) =>
        each.flatMap(({ part }) => {
          const { parameter, slots } = update(t, part, t[`gradient${part}`]);
          return [parameter, ...slots];
        }),
    },
  };
}

/** A random part of the images mirrored: how pixels that differ from image to image are best fetched. */
function mirroredImages([batch, channels, height, width]: Shape): Comparison {
  const size = height * width;
  const places = (count: number, placeOf: (i: number) => number): Tensor =>
    constant(
      tensorData(
        "int32",
        [1, count],
        Int32Array.from({ length: count }, (_, i) => placeOf(i)),
      ),
    );
  const mirrored = (count: number) => places(count, (i) => i - (i % width) + width - 1 - (i % width));
  const isMirrored = (t: Inputs): Tensor => greater(t.choice, scalar(0));
  return {
    title: `mirrored images, ${batch}x${channels}x${height}x${width}`,
    inputs: { x: [batch, channels, height, width], choice: [batch, 1] },
    forms: {
      "GatherElements in each plane (ours)": (t) => {
        const own = where(
          isMirrored(t),
          mirrored(size),
          places(size, (i) => i),
        );
        const all = expand(reshape(own, [batch, 1, size]), [batch, channels, size]);
        const planes = reshape(t.x, [batch * channels, size]);
        return [gatherElements(planes, reshape(all, [batch * channels, size]), { axis: 1 })];
      },
      "Gather from one list of pixels": (t) => {
        const images = channels * size;
        const own = where(
          isMirrored(t),
          mirrored(images),
          places(images, (i) => i),
        );
        const first = reshape(
          places(batch, (n) => n * images),
          [batch, 1],
        );
        const pixels = gather(reshape(t.x, [batch * images]), add(own, first), { axis: 0 });
        return [reshape(pixels, [batch * channels, size])];
      },
      "Where between all images and all mirrored": (t) => {
        const chosen = where(reshape(isMirrored(t), [batch, 1, 1, 1]), flip(t.x, 3), t.x);
        return [reshape(chosen, [batch * channels, size])];
      },
    },
  };
}

const lenetShapes: readonly Shape[] = [
  [6, 1, 5, 5],
  [6],
  [16, 6, 5, 5],
  [16],
  [400, 120],
  [120],
  [120, 84],
  [84],
  [84, 10],
  [10],
];

const perceptronShapes: readonly Shape[] = [[3072, 1000], [1000], [1000, 1000], [1000], [1000, 10], [10]];

export const comparisons: readonly Comparison[] = [
  ...convolutionCases.map(weightGradient),
  ...convolutionCases.slice(1).map(bothGradients),
  ...depthwiseGradients([8, 96, 56, 56], 1),
  ...depthwiseGradients([8, 144, 56, 56], 2),
  ...depthwiseGradients([8, 384, 14, 14], 1),
  maxPoolGradient([64, 6, 28, 28], 2),
  maxPoolGradient([64, 16, 10, 10], 2),
  reluGradient([64, 6, 28, 28]),
  reluGradient([64, 96, 28, 28]),
  mirroredImages([64, 1, 28, 28]),
  mirroredImages([64, 3, 32, 32]),
  packing("LeNet-5", lenetShapes),
  packing("3072-1000-1000-10", perceptronShapes),
];
