// Slice, Concat and Split. Together with Pad, each is the gradient of another.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { normalizeAxis, type Shape, shapeText, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import type { AxisReach } from "../../accounting/axis-reach.js";
import { same, shifted } from "../../accounting/reach.js";
import { apply, int64s, scalar } from "../../build.js";
import { type InferInput, type NdArray, noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { type NoAttributes, unlimited } from "../record/elementwise.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";
import { pad } from "./padding.js";
import { expand, reshape, unsqueeze } from "./shape-movement.js";

export type ConcatAttributes = { readonly axis: number };
export type SplitAttributes = { readonly axis: number; readonly num_outputs?: number };

/** The selection of one axis: `count` elements from `start` in steps of `step`. */
interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export const sliceOp: Op<NoAttributes> = {
  name: "Slice",
  reach({ inputs }) {
    return [sliceRanges("Slice", inputs).map(({ start, step }, axis) => shifted(axis, -start, step))];
  },
  arity: [3, 5],
  attributes: {},
  inputNames: ["data", "starts", "ends", "axes", "steps"],
  staticInputs: [1, 2, 3, 4],
  infer: (inputs, _attrs, where) => [
    { dtype: inputs[0]!.dtype, shape: sliceRanges(where, inputs).map(({ count }) => count) },
  ],
  vjp({ inputs, cotangents: [ct] }) {
    return [spread(ct!, sliceRanges("gradient of Slice", knownInputs(inputs)), inputs[0]!.shape)];
  },
  cost: noCost,
  evaluate(inputs) {
    const ranges = sliceRanges("Slice", asKnown(inputs));
    const [x] = inputs;
    const shape = ranges.map(({ count }) => count);
    return [ndFill(x!.dtype, shape, positionReader(shape, ranges, x!))];
  },
};

/** The clamping of the ONNX specification: negative positions count from the end, then are cut to the axis. */
function sliceRanges(where: string, inputs: readonly (InferInput | null)[]): Range[] {
  const { shape } = inputs[0]!;
  const starts = knownValues(where, "starts", inputs[1])!;
  const ends = knownValues(where, "ends", inputs[2])!;
  const axes = knownValues(where, "axes", inputs[3]) ?? starts.map((_, axis) => axis);
  const steps = knownValues(where, "steps", inputs[4]) ?? starts.map(() => 1);
  const ranges = shape.map((count): Range => ({ start: 0, step: 1, count }));
  for (const [i, given] of axes.entries()) {
    const axis = normalizeAxis(where, given, shape.length);
    ranges[axis] = rangeOf(where, shape[axis], starts[i], ends[i], steps[i]);
  }
  return ranges;
}

function rangeOf(where: string, extent: number, start: number, end: number, step: number): Range {
  if (step === 0) throw new InvalidInputError("a step of 0", { where, expected: "a step other than 0" });
  if (extent === 0) return { start: 0, step, count: 0 };
  const [least, most] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (position: number): number =>
    Math.min(most, Math.max(least, position < 0 ? position + extent : position));
  const from = step > 0 ? clamp(start) : Math.max(0, clamp(start));
  return { start: from, step, count: Math.max(0, Math.ceil((clamp(end) - from) / step)) };
}

function positionReader(shape: Shape, ranges: readonly Range[], x: NdArray): (index: number) => number {
  const outer = stridesOf(shape);
  const inner = stridesOf(x.shape);
  return (index) => {
    let position = 0;
    for (const [axis, { start, step }] of ranges.entries()) {
      position += (start + step * (Math.floor(index / outer[axis]) % shape[axis])) * inner[axis];
    }
    return x.data[position];
  };
}

/** Returns every element to its original position, with zeros elsewhere. */
function spread(ct: Tensor, ranges: readonly Range[], shape: Shape): Tensor {
  if (sizeOf(ct.shape) === 0) return expand(scalar(0, ct.dtype), shape);
  const before: number[] = [];
  const after: number[] = [];
  let result = ct;
  for (const [axis, { start, step, count }] of ranges.entries()) {
    if (step < 0) result = flip(result, axis);
    const gap = Math.abs(step);
    if (gap > 1 && count > 1) result = dilate(result, axis, gap);
    const first = step < 0 ? start + (count - 1) * step : start;
    before.push(first);
    after.push(shape[axis] - first - result.shape[axis]);
  }
  return [...before, ...after].every((extent) => extent === 0) ? result : pad(result, [...before, ...after]);
}

/** Reverses an axis. */
export function flip(x: Tensor, axis: number): Tensor {
  return slice(x, { starts: [-1], ends: [-x.shape[axis] - 1], axes: [axis], steps: [-1] });
}

/** Inserts `gap - 1` zeros between neighbors on an axis. */
function dilate(x: Tensor, axis: number, gap: number): Tensor {
  const rank = x.shape.length;
  const pads = new Array<number>(2 * rank + 2).fill(0);
  pads[rank + 1 + axis + 1] = gap - 1;
  const padded = pad(unsqueeze(x, [axis + 1]), pads);
  const merged = reshape(
    padded,
    x.shape.map((extent, i) => (i === axis ? extent * gap : extent)),
  );
  return slice(merged, { starts: [0], ends: [(x.shape[axis] - 1) * gap + 1], axes: [axis] });
}

export const concatOp: Op<ConcatAttributes> = {
  name: "Concat",
  reach({ inputs, attrs }) {
    const axis = normalizeAxis("Concat", attrs.axis, inputs[0]!.shape.length);
    const joined: AxisReach = inputs.length === 1 ? same(axis) : { kind: "moved", axes: [axis] };
    return inputs.map((x) => x!.shape.map((_, i) => (i === axis ? joined : same(i))));
  },
  arity: [1, unlimited],
  attributes: { axis: { type: "int" } },
  infer(inputs, attrs, where) {
    const { dtype, shape } = inputs[0]!;
    const axis = normalizeAxis(where, attrs.axis, shape.length);
    for (const type of inputs) {
      const fits = type!.dtype === dtype && type!.shape.length === shape.length;
      if (!fits || type!.shape.some((extent, i) => i !== axis && extent !== shape[i])) {
        throw new ShapeError("parts do not fit together", {
          where,
          expected: `one element type, and equal extents on every axis but ${axis}`,
          received: inputs.map((part) => `${part!.dtype}${shapeText(part!.shape)}`).join(" and "),
        });
      }
    }
    const total = inputs.reduce((sum, type) => sum + type!.shape[axis], 0);
    return [{ dtype, shape: shape.map((extent, i) => (i === axis ? total : extent)) }];
  },
  vjp({ inputs, attrs, cotangents: [ct] }) {
    if (inputs.length === 1) return [ct];
    const axis = normalizeAxis("gradient of Concat", attrs.axis, ct!.shape.length);
    return split(
      ct!,
      inputs.map((x) => x!.shape[axis]),
      { axis },
    );
  },
  cost: noCost,
  evaluate(inputs, attrs) {
    const parts = inputs.map((x) => x!);
    const { dtype, shape: first } = parts[0];
    const axis = normalizeAxis("Concat", attrs.axis, first.length);
    const shape = first.map((extent, i) =>
      i === axis ? parts.reduce((sum, part) => sum + part.shape[axis], 0) : extent,
    );
    const data = new Float64Array(sizeOf(shape));
    const rows = sizeOf(first.slice(0, axis));
    let offset = 0;
    for (let row = 0; row < rows; row++) {
      for (const part of parts) {
        const width = sizeOf(part.shape.slice(axis));
        data.set(part.data.subarray(row * width, (row + 1) * width), offset);
        offset += width;
      }
    }
    return [{ dtype, shape, data }];
  },
};

export const splitOp: Op<SplitAttributes> = {
  name: "Split",
  reach({ inputs, outputs, attrs, output }) {
    const { shape } = inputs[0]!;
    const axis = normalizeAxis("Split", attrs.axis, shape.length);
    const start = outputs.slice(0, output).reduce((sum, part) => sum + part.shape[axis], 0);
    return [shape.map((_, i) => (i === axis ? shifted(i, -start) : same(i)))];
  },
  arity: [1, 2],
  attributes: { axis: { type: "int", default: 0 }, num_outputs: { type: "int" } },
  inputNames: ["input", "split"],
  staticInputs: [1],
  infer(inputs, attrs, where) {
    const { dtype, shape } = inputs[0]!;
    const axis = normalizeAxis(where, attrs.axis, shape.length);
    return splitSizes(where, inputs, attrs).map((size) => ({
      dtype,
      shape: shape.map((extent, i) => (i === axis ? size : extent)),
    }));
  },
  vjp({ outputs, attrs, cotangents }) {
    const parts = outputs.map((output, i) => cotangents[i] ?? expand(scalar(0, output.dtype), output.shape));
    return [parts.length === 1 ? parts[0] : concat(parts, { axis: attrs.axis }), null];
  },
  cost: noCost,
  evaluate(inputs, attrs) {
    const x = inputs[0]!;
    const axis = normalizeAxis("Split", attrs.axis, x.shape.length);
    let from = 0;
    return splitSizes("Split", asKnown(inputs), attrs).map((size) => {
      const ranges = x.shape.map(
        (count, i): Range => (i === axis ? { start: from, step: 1, count: size } : { start: 0, step: 1, count }),
      );
      from += size;
      const shape = ranges.map(({ count }) => count);
      return ndFill(x.dtype, shape, positionReader(shape, ranges, x));
    });
  },
};

function splitSizes(
  where: string,
  inputs: readonly (InferInput | null)[],
  { axis, num_outputs }: SplitAttributes,
): number[] {
  const { shape } = inputs[0]!;
  const extent = shape[normalizeAxis(where, axis, shape.length)];
  const given = knownValues(where, "split", inputs[1]);
  if ((given === undefined) === (num_outputs === undefined)) {
    throw new InvalidInputError("how to split is unclear", {
      where,
      expected: "either the input split or the attribute num_outputs",
    });
  }
  if (given === undefined) {
    // The last part is smaller if the size is not a multiple.
    const size = Math.ceil(extent / num_outputs!);
    return Array.from({ length: num_outputs! }, (_, i) => Math.max(0, Math.min(size, extent - i * size)));
  }
  if (given.some((size) => size < 0) || given.reduce((sum, size) => sum + size, 0) !== extent) {
    throw new ShapeError("parts do not add up", {
      where,
      expected: `sizes with the sum ${extent}`,
      received: shapeText(given),
    });
  }
  return given;
}

export interface SliceOptions {
  readonly starts: readonly number[];
  /** Exclusive. Negative positions count from the end; positions beyond the axis are cut. */
  readonly ends: readonly number[];
  /** All leading axes by default. */
  readonly axes?: readonly number[];
  /** 1 by default; negative steps walk backward. */
  readonly steps?: readonly number[];
}

/** Every `step`-th element from `start` up to but excluding `end`, on each of `axes`. */
export function slice(x: Tensor, { starts, ends, axes, steps }: SliceOptions): Tensor {
  const axesInput = int64s(axes ?? starts.map((_, axis) => axis));
  return apply(sliceOp, [
    x,
    int64s(starts),
    int64s(ends),
    axesInput,
    ...(steps === undefined ? [] : [int64s(steps)]),
  ])[0];
}

/** Joins tensors along an axis. */
export function concat(parts: readonly Tensor[], { axis }: { readonly axis: number }): Tensor {
  return apply(concatOp, parts, { axis })[0];
}

/** Cuts an axis (0 by default) into parts of these sizes. */
export function split(x: Tensor, sizes: readonly number[], { axis = 0 }: { readonly axis?: number } = {}): Tensor[] {
  return [...apply(splitOp, [x, int64s(sizes)], { axis })];
}
