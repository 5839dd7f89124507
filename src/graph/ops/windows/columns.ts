// Windows as columns (im2col), and the sum of columns back into an image (Col2Im): transposes of each other.
import { ShapeError } from "../../../core/errors.js";
import { shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { type Window, windowOver, windowTaps } from "../../accounting/window.js";
import { apply, int64s } from "../../build.js";
import type { InferInput, NdArray, Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { concat, pad, reshape, slice, transpose } from "../movement/shape-movement.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";

export type Col2ImAttributes = {
  readonly dilations?: readonly number[];
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
};

/** The windows from which the columns were taken. */
function imageWindow(
  where: string,
  [x, image, block]: readonly (InferInput | null)[],
  attrs: Col2ImAttributes,
): Window {
  const input = knownValues(where, "image_shape", image) as number[];
  const kernel = knownValues(where, "block_shape", block) as number[];
  const window = windowOver(where, input, kernel, { ...attrs, auto_pad: "NOTSET" });
  const taps = sizeOf(kernel);
  if (x!.shape.length !== 3 || x!.shape[1] % taps !== 0 || x!.shape[2] !== sizeOf(window.output)) {
    throw new ShapeError("columns do not fit the image", {
      where,
      expected: `[batch, a multiple of ${taps}, ${sizeOf(window.output)}]`,
      received: shapeText(x!.shape),
    });
  }
  return window;
}

export const col2ImOp: Op<Col2ImAttributes> = {
  name: "Col2Im",
  arity: [3, 3],
  attributes: { dilations: { type: "ints" }, pads: { type: "ints" }, strides: { type: "ints" } },
  inputNames: ["input", "image_shape", "block_shape"],
  staticInputs: [1, 2],
  infer(inputs, attrs, where) {
    const window = imageWindow(where, inputs, attrs);
    const [x] = inputs;
    return [{ dtype: x!.dtype, shape: [x!.shape[0], x!.shape[1] / sizeOf(window.kernel), ...window.input] }];
  },
  vjp({ inputs, attrs, cotangents: [ct] }) {
    const window = imageWindow("Col2Im", knownInputs(inputs), attrs);
    const [batch, channels] = ct!.shape;
    const places = sizeOf(window.output);
    const tapsFirst = reshape(columns(ct!, 1, window, false), [batch, sizeOf(window.kernel), channels, places]);
    return [reshape(transpose(tapsFirst, [0, 2, 1, 3]), inputs[0]!.shape), null, null];
  },
  cost: ([x]) => ({ macs: 0, flops: sizeOf(x!.shape) }),
  evaluate: (inputs, attrs) => [summedColumns(inputs[0]!, imageWindow("Col2Im", asKnown(inputs), attrs))],
};

/** Adds every column element at its source position. */
function summedColumns(x: NdArray, window: Window): NdArray {
  const [batch, rows, places] = x.shape;
  const [taps, size] = [sizeOf(window.kernel), sizeOf(window.input)];
  const data = new Float64Array(((batch * rows) / taps) * size);
  for (const [place, members] of windowTaps(window).entries()) {
    for (let channel = 0; channel < (batch * rows) / taps; channel++) {
      for (const tap of members)
        data[channel * size + tap.input] += x.data[(channel * taps + tap.kernel) * places + place];
    }
  }
  return { dtype: x.dtype, shape: [batch, rows / taps, ...window.input], data };
}

/**
 * Sums columns into an image, the transpose of im2col: `[batch, channels x taps, windows]` to `[batch, channels, ...image]`.
 *  image `int64`, the spatial sizes of the image; `block` those of a window. Both must be known.
 */
export function col2Im(x: Tensor, image: Tensor, block: Tensor, options: Col2ImAttributes = {}): Tensor {
  return apply(col2ImOp, [x, image, block], options)[0];
}

/** Sums columns `[batch, channels x taps, places]`, channels slowest, into the image `[batch, channels, ...]`. */
export function columnsToImage(x: Tensor, { input, kernel, strides, dilations, padBegin, padEnd }: Window): Tensor {
  return apply(col2ImOp, [x, int64s(input), int64s(kernel)], { dilations, pads: [...padBegin, ...padEnd], strides })[0];
}

/** The group axis, omitted if there is only one group, because fewer axes are faster. */
export function groupAxis(group: number): number[] {
  return group === 1 ? [] : [group];
}

/**
 * The windows of x as columns (im2col): `[batch, (group,) taps x channels, places]`, taps slowest.
 * Proceeds axis by axis, the last one first: only its slices are short runs in memory, the others copy whole rows. For
 * a 5x5 kernel that is 10 slices instead of 25, at 0.6 of the time.
 * @param mirrored takes the taps in reverse order, like flipping the kernel.
 */
export function columns(x: Tensor, group: number, window: Window, mirrored: boolean): Tensor {
  const [batch, channels] = x.shape;
  const lead = [batch, ...groupAxis(group)];
  const grouped = group === 1 ? x : reshape(x, [...lead, channels / group, ...window.input]);
  let staged = padSpatial(grouped, window.kernel.length, window);
  for (let axis = window.kernel.length - 1; axis >= 0; axis--) {
    const parts = Array.from({ length: window.kernel[axis] }, (_, tap) =>
      tapPlaces(staged, lead.length + 1 + axis, tap, axis, window),
    );
    staged = parts.length === 1 ? parts[0] : concat(mirrored ? parts.reverse() : parts, { axis: lead.length });
  }
  return reshape(staged, [...lead, sizeOf(window.kernel) * (channels / group), sizeOf(window.output)]);
}

/**
 * For every kernel tap, the elements of x that it reads: `[batch, channels, output...]`, in kernel order. The last
 * axis is sliced first, because only its slices are short runs in memory.
 */
export function tapViews(x: Tensor, window: Window): Tensor[] {
  const axes = window.kernel.length;
  let views = [padSpatial(x, axes, window)];
  for (let axis = axes - 1; axis >= 0; axis--) {
    const taps = Array.from({ length: window.kernel[axis] }, (_, tap) => tap);
    views = taps.flatMap((tap) => views.map((view) => tapPlaces(view, axis + 2, tap, axis, window)));
  }
  return views;
}

function padSpatial(x: Tensor, axes: number, { padBegin, padEnd }: Window): Tensor {
  if ([...padBegin, ...padEnd].every((extent) => extent === 0)) return x;
  const none = Array<number>(x.shape.length - axes).fill(0);
  return pad(x, [...none, ...padBegin, ...none, ...padEnd]);
}

/** The elements that one kernel tap reads along one axis: for every window, the value at `tap`. */
function tapPlaces(
  x: Tensor,
  xAxis: number,
  tap: number,
  axis: number,
  { output, strides, dilations }: Window,
): Tensor {
  const start = tap * dilations[axis];
  const end = start + (output[axis] - 1) * strides[axis] + 1;
  if (start === 0 && end === x.shape[xAxis] && strides[axis] === 1) return x;
  return slice(x, { starts: [start], ends: [end], axes: [xAxis], steps: [strides[axis]] });
}
