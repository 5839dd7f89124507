// The geometry of sliding windows for convolution and pooling, with any number of spatial axes.
import { InvalidInputError, ShapeError } from "../../core/errors.js";
import { type Shape, shapeText, sizeOf, stridesOf } from "../../core/numbers/shape.js";

/** The window attributes of ONNX. Lists have one entry per spatial axis; `pads` has all begins, then all ends. */
export type WindowAttributes = {
  readonly auto_pad: string;
  readonly dilations?: readonly number[];
  readonly kernel_shape?: readonly number[];
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
};

/** Windows over spatial axes with all attributes resolved. All lists have one entry per spatial axis. */
export interface Window {
  readonly input: Shape;
  readonly output: Shape;
  readonly kernel: Shape;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padBegin: readonly number[];
  readonly padEnd: readonly number[];
}

/** The attribute records for `WindowAttributes`. */
export const windowAttributeRecords = {
  auto_pad: { type: "string", default: "NOTSET" },
  dilations: { type: "ints" },
  kernel_shape: { type: "ints" },
  pads: { type: "ints" },
  strides: { type: "ints" },
} as const;

/** The size that a kernel covers on one axis: `dilation (kernel - 1) + 1`. */
export function coveredExtent(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}

/**
 * Resolves window attributes. On every axis `output = floor((input + pads - covered) / stride) + 1`, rounded up
 * with `ceil` (but the last window must start inside the input or the padding before it).
 * @throws InvalidInputError for attributes out of range, ShapeError if no window fits.
 */
export function windowOver(where: string, input: Shape, kernel: Shape, attrs: WindowAttributes, ceil = false): Window {
  const { strides, dilations } = stepsOf(where, input.length, attrs);
  requirePositive(where, "kernel_shape", kernel, input.length);
  const covered = kernel.map((extent, axis) => coveredExtent(extent, dilations[axis]));
  const { padBegin, padEnd } = padsOf(where, input, strides, covered, attrs);
  const output = input.map((extent, axis) => {
    const room = extent + padBegin[axis] + padEnd[axis] - covered[axis];
    const count = (ceil ? Math.ceil(room / strides[axis]) : Math.floor(room / strides[axis])) + 1;
    return ceil && (count - 1) * strides[axis] >= extent + padBegin[axis] ? count - 1 : count;
  });
  if (output.some((extent) => extent < 1)) {
    throw new ShapeError("the window is larger than the padded input", {
      where,
      expected: `spatial sizes of at least ${shapeText(covered.map((extent, axis) => extent - padBegin[axis] - padEnd[axis]))}`,
      received: shapeText(input),
      remedy: "Use a smaller kernel, more padding or larger images",
    });
  }
  return { input, output, kernel, strides, dilations, padBegin, padEnd };
}

/** Strides and dilations; default 1. */
export function stepsOf(where: string, rank: number, attrs: WindowAttributes) {
  const strides = attrs.strides ?? Array<number>(rank).fill(1);
  const dilations = attrs.dilations ?? Array<number>(rank).fill(1);
  requirePositive(where, "strides", strides, rank);
  requirePositive(where, "dilations", dilations, rank);
  return { strides, dilations };
}

/** Checks a list of pads: two non-negative entries per spatial axis. */
export function explicitPads(where: string, rank: number, attrs: WindowAttributes) {
  const pads = attrs.pads ?? Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank || pads.some((pad) => !Number.isInteger(pad) || pad < 0)) {
    throw new InvalidInputError("pads do not fit", {
      where,
      expected: `${2 * rank} integers from 0: all begins, then all ends`,
      received: shapeText(pads),
    });
  }
  return { padBegin: pads.slice(0, rank), padEnd: pads.slice(rank) };
}

function requirePositive(where: string, name: string, values: readonly number[], rank: number): void {
  if (values.length === rank && values.every((value) => Number.isInteger(value) && value > 0)) return;
  throw new InvalidInputError(`${name} does not fit`, {
    where,
    expected: `${rank} positive ${rank === 1 ? "integer" : "integers"}, one per spatial axis`,
    received: shapeText(values),
  });
}

function padsOf(
  where: string,
  input: Shape,
  strides: readonly number[],
  covered: readonly number[],
  attrs: WindowAttributes,
) {
  if (attrs.auto_pad === "NOTSET") return explicitPads(where, input.length, attrs);
  const none = Array<number>(input.length).fill(0);
  if (attrs.auto_pad === "VALID") return { padBegin: none, padEnd: none };
  const total = input.map((extent, axis) =>
    Math.max(0, (Math.ceil(extent / strides[axis]) - 1) * strides[axis] + covered[axis] - extent),
  );
  return splitPads(where, total, attrs.auto_pad);
}

/**
 * Splits the padding of each axis in half; an odd element goes to the end with SAME_UPPER, to the begin with
 * SAME_LOWER.
 */
function splitPads(where: string, total: readonly number[], autoPad: string) {
  const smaller = total.map((pad) => Math.floor(pad / 2));
  const larger = total.map((pad) => Math.ceil(pad / 2));
  if (autoPad === "SAME_UPPER") return { padBegin: smaller, padEnd: larger };
  if (autoPad === "SAME_LOWER") return { padBegin: larger, padEnd: smaller };
  throw new InvalidInputError("unknown auto_pad", {
    where,
    expected: "NOTSET, VALID, SAME_UPPER or SAME_LOWER",
    received: `"${autoPad}"`,
  });
}

/** Places behind the last window of each axis, padding included; negative where that window reaches beyond the padding. */
export function placesBehind({ input, output, kernel, strides, dilations, padBegin, padEnd }: Window): number[] {
  return input.map((extent, axis) => {
    const lastEnd = (output[axis] - 1) * strides[axis] + coveredExtent(kernel[axis], dilations[axis]);
    return extent + padBegin[axis] + padEnd[axis] - lastEnd;
  });
}

/** Every index of a shape, the last axis fastest. */
export function allIndices(shape: Shape): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, flat) =>
    shape.map((extent, axis) => Math.floor(flat / strides[axis]) % extent),
  );
}

/** One element of a window that lies inside the input: flat positions in the kernel and in the input. */
export interface Tap {
  readonly kernel: number;
  readonly input: number;
}

/** For every output position (row-major), the taps of its window, in the order of the kernel. */
export function windowTaps({ input, output, kernel, strides, dilations, padBegin }: Window): Tap[][] {
  const offsets = allIndices(kernel);
  const inputStrides = stridesOf(input);
  return allIndices(output).map((position) => {
    const taps: Tap[] = [];
    for (const [flat, offset] of offsets.entries()) {
      const at = position.map((index, axis) => index * strides[axis] + offset[axis] * dilations[axis] - padBegin[axis]);
      if (at.some((index, axis) => index < 0 || index >= input[axis])) continue;
      taps.push({ kernel: flat, input: at.reduce((sum, index, axis) => sum + index * inputStrides[axis], 0) });
    }
    return taps;
  });
}
