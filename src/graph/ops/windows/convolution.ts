// Conv and its transpose, over one, two or three spatial axes. Gradients: convolution-gradient.ts.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { type Shape, sameShape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import {
  coveredExtent,
  explicitPads,
  stepsOf,
  type Window,
  type WindowAttributes,
  windowAttributeRecords,
  windowOver,
  windowTaps,
} from "../../accounting/window.js";
import { apply } from "../../build.js";
import type { NdArray, Op } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { requireOneType } from "../record/element-types.js";
import { convFromColumns, convGradient, convTransposeGradient } from "./convolution-gradient.js";

/** Forms of the cotangent of an input, see `InputLowering`. */
export type InputForm = "outputColumns" | "summedColumns";
/** Forms of the cotangent of a weight: `inputColumns` and `outputColumns` of `WeightLowering`. */
export type WeightForm = "weightByInputColumns" | "weightByOutputColumns";

export type ConvAttributes = WindowAttributes & {
  readonly group: number;
  /**
   * Internal: marks the cotangent of another convolution's input or weight, with the form that is faster
   * if the runtime has no blocked convolution.
   */
  readonly gradient_form?: InputForm | WeightForm;
};

export type ConvTransposeAttributes = ConvAttributes & {
  readonly output_padding?: readonly number[];
  readonly output_shape?: readonly number[];
};

/** Checks rank, kernel and bias of a convolution; `outputs` is the number of output channels. */
function checkOperands(
  where: string,
  x: TensorType,
  w: TensorType,
  bias: TensorType | null | undefined,
  outputs: number,
  attrs: ConvAttributes,
) {
  requireOneType(where, x, w, bias);
  if (bias !== null && bias !== undefined && !sameShape(bias.shape, [outputs])) {
    throw new ShapeError("the bias does not fit", {
      where,
      expected: `one value an output channel, ${shapeText([outputs])}`,
      received: shapeText(bias.shape),
    });
  }
  const kernel = w.shape.slice(2);
  if (attrs.kernel_shape !== undefined && !sameShape(attrs.kernel_shape, kernel)) {
    throw new ShapeError("kernel_shape contradicts the weight", {
      where,
      expected: `the spatial extents of the weight ${shapeText(w.shape)}`,
      received: shapeText(attrs.kernel_shape),
    });
  }
}

function checkRanks(where: string, x: Shape, w: Shape, weightLayout: string): void {
  if (x.length >= 3 && w.length === x.length) return;
  throw new ShapeError("ranks do not fit", {
    where,
    expected: `an input [batch, channels, spatial...] and a weight ${weightLayout} of the same rank, at least 3`,
    received: `${shapeText(x)} and ${shapeText(w)}`,
  });
}

function checkGroup(where: string, group: number, fits: boolean, expected: string, x: Shape, w: Shape): void {
  if (Number.isInteger(group) && group > 0 && fits) return;
  throw new ShapeError("channels do not fit the weight", {
    where,
    expected,
    received: `input ${shapeText(x)}, weight ${shapeText(w)}, group ${group}`,
  });
}

/** The windows of a checked convolution. */
export function convWindow(x: Shape, w: Shape, attrs: ConvAttributes): Window {
  return windowOver("Conv", x.slice(2), w.slice(2), attrs);
}

export const convOp: Op<ConvAttributes> = {
  name: "Conv",
  weightUse: { 1: "weight", 2: "bias" },
  arity: [2, 3],
  attributes: {
    ...windowAttributeRecords,
    group: { type: "int", default: 1 },
    gradient_form: { type: "string", internal: true },
  },
  inputNames: ["X", "W", "B"],
  infer([x, w, bias], attrs, where) {
    checkRanks(where, x!.shape, w!.shape, "[filters, channels / group, kernel...]");
    const [filters, channelsPerGroup] = w!.shape;
    const fits = x!.shape[1] === channelsPerGroup * attrs.group && filters % attrs.group === 0;
    checkGroup(
      where,
      attrs.group,
      fits,
      "channels = weight channels x group, and filters a multiple of group",
      x!.shape,
      w!.shape,
    );
    checkOperands(where, x!, w!, bias, filters, attrs);
    const { output } = windowOver(where, x!.shape.slice(2), w!.shape.slice(2), attrs);
    return [{ dtype: x!.dtype, shape: [x!.shape[0], filters, ...output] }];
  },
  vjp: convGradient,
  // Pads are explicit, because ONNX Runtime refuses dilations with auto_pad, and so that equal convolutions look equal.
  simpler([x, w, bias], [y]) {
    const attrs = y.node?.attrs as ConvAttributes;
    if (attrs.auto_pad === "NOTSET") return null;
    const { padBegin, padEnd } = convWindow(x!.shape, w!.shape, attrs);
    const explicit = { ...attrs, auto_pad: "NOTSET", pads: [...padBegin, ...padEnd] };
    return apply(convOp, bias === undefined ? [x, w] : [x, w, bias], explicit)[0];
  },
  fromGradientParts: convFromColumns,
  window: ([x, w], attrs) => ({ ...convWindow(x!.shape, w!.shape, attrs), groups: attrs.group }),
  cost([, w, bias], [y]) {
    const macs = sizeOf(y.shape) * sizeOf(w!.shape.slice(1));
    return { macs, flops: 2 * macs + (bias === null || bias === undefined ? 0 : sizeOf(y.shape)) };
  },
  evaluate: ([x, w, bias], attrs) => [convolve(x!, w!, bias ?? null, attrs)],
};

/**
 * `y[n, o, p] = bias[o] + sum over channels c of o's group and taps k of x[n, c, p stride + k dilation - pad] w[o, c,
 * k]`.
 */
function convolve(x: NdArray, w: NdArray, bias: NdArray | null, attrs: ConvAttributes): NdArray {
  const window = convWindow(x.shape, w.shape, attrs);
  const [batch, channels] = x.shape;
  const [filters, channelsPerGroup] = w.shape;
  const [inputs, outputs, kernels] = [sizeOf(window.input), sizeOf(window.output), sizeOf(window.kernel)];
  const taps = windowTaps(window);
  const data = new Float64Array(batch * filters * outputs);
  for (let i = 0; i < data.length; i++) {
    const filter = Math.floor(i / outputs) % filters;
    const example = Math.floor(i / (outputs * filters));
    const first = example * channels + Math.floor(filter / (filters / attrs.group)) * channelsPerGroup;
    data[i] = bias?.data[filter] ?? 0;
    for (let c = 0; c < channelsPerGroup; c++) {
      for (const tap of taps[i % outputs]) {
        data[i] +=
          x.data[(first + c) * inputs + tap.input] * w.data[(filter * channelsPerGroup + c) * kernels + tap.kernel];
      }
    }
  }
  return { dtype: x.dtype, shape: [batch, filters, ...window.output], data };
}

/** The windows of the convolution that this operator transposes: its input is our output and vice versa. */
export function convTransposeWindow(where: string, x: Shape, w: Shape, attrs: ConvTransposeAttributes): Window {
  const output = x.slice(2);
  const kernel = w.slice(2);
  const { strides, dilations } = stepsOf(where, output.length, attrs);
  const extra = attrs.output_padding ?? output.map(() => 0);
  if (
    extra.length !== output.length ||
    extra.some((pad, axis) => pad < 0 || pad >= Math.max(strides[axis], dilations[axis]))
  ) {
    throw new InvalidInputError("output_padding does not fit", {
      where,
      expected: "one integer a spatial axis, from 0 and smaller than stride or dilation",
      received: shapeText(extra),
    });
  }
  // Size before cropping by the padding.
  const full = output.map(
    (extent, axis) => (extent - 1) * strides[axis] + coveredExtent(kernel[axis], dilations[axis]) + extra[axis],
  );
  const same = attrs.auto_pad === "SAME_UPPER" || attrs.auto_pad === "SAME_LOWER";
  const wanted = attrs.output_shape ?? (same ? output.map((extent, axis) => extent * strides[axis]) : undefined);
  const pads =
    wanted === undefined ? explicitPads(where, output.length, attrs) : padsToReach(where, full, wanted, attrs.auto_pad);
  // Positions outside all windows contain only the bias.
  const input = wanted ?? full.map((extent, axis) => extent - pads.padBegin[axis] - pads.padEnd[axis]);
  if (input.some((extent) => extent < 1)) {
    throw new ShapeError("padding leaves no output", {
      where,
      expected: `pads smaller than ${shapeText(full)}`,
      received: shapeText(input),
    });
  }
  return { input, output, kernel, strides, dilations, ...pads };
}

function padsToReach(where: string, full: Shape, wanted: readonly number[], autoPad: string) {
  if (wanted.length !== full.length) {
    throw new ShapeError("output_shape does not fit", {
      where,
      expected: `${full.length} extents, one per spatial axis`,
      received: shapeText(wanted),
    });
  }
  const total = full.map((extent, axis) => Math.max(0, extent - wanted[axis]));
  const smaller = total.map((pad) => Math.floor(pad / 2));
  const larger = total.map((pad) => Math.ceil(pad / 2));
  return autoPad === "SAME_UPPER" ? { padBegin: smaller, padEnd: larger } : { padBegin: larger, padEnd: smaller };
}

export const convTransposeOp: Op<ConvTransposeAttributes> = {
  name: "ConvTranspose",
  weightUse: { 1: "weight", 2: "bias" },
  arity: [2, 3],
  attributes: {
    ...windowAttributeRecords,
    group: { type: "int", default: 1 },
    output_padding: { type: "ints" },
    output_shape: { type: "ints" },
  },
  inputNames: ["X", "W", "B"],
  infer([x, w, bias], attrs, where) {
    checkRanks(where, x!.shape, w!.shape, "[channels, filters / group, kernel...]");
    const [channels, filtersPerGroup] = w!.shape;
    checkGroup(
      where,
      attrs.group,
      x!.shape[1] === channels && channels % attrs.group === 0,
      "channels = weight rows, a multiple of group",
      x!.shape,
      w!.shape,
    );
    const filters = filtersPerGroup * attrs.group;
    checkOperands(where, x!, w!, bias, filters, attrs);
    const { input } = convTransposeWindow(where, x!.shape, w!.shape, attrs);
    return [{ dtype: x!.dtype, shape: [x!.shape[0], filters, ...input] }];
  },
  vjp: convTransposeGradient,
  window: ([x, w], attrs) => ({
    ...convTransposeWindow("ConvTranspose", x!.shape, w!.shape, attrs),
    groups: attrs.group,
    isTransposed: true,
  }),
  cost([x, w, bias], [y]) {
    const macs = sizeOf(x!.shape) * sizeOf(w!.shape.slice(1));
    return { macs, flops: 2 * macs + (bias === null || bias === undefined ? 0 : sizeOf(y.shape)) };
  },
  evaluate: ([x, w, bias], attrs) => [convolveTransposed(x!, w!, bias ?? null, attrs)],
};

/** Adds every input value times the kernel at its window. */
function convolveTransposed(x: NdArray, w: NdArray, bias: NdArray | null, attrs: ConvTransposeAttributes): NdArray {
  const window = convTransposeWindow("ConvTranspose", x.shape, w.shape, attrs);
  const [batch, channels] = x.shape;
  const filtersPerGroup = w.shape[1];
  const filters = filtersPerGroup * attrs.group;
  const [large, small, kernels] = [sizeOf(window.input), sizeOf(window.output), sizeOf(window.kernel)];
  const taps = windowTaps(window);
  const data = Float64Array.from(
    { length: batch * filters * large },
    (_, i) => bias?.data[Math.floor(i / large) % filters] ?? 0,
  );
  for (let i = 0; i < x.data.length; i++) {
    const channel = Math.floor(i / small) % channels;
    const example = Math.floor(i / (small * channels));
    const first = example * filters + Math.floor(channel / (channels / attrs.group)) * filtersPerGroup;
    for (let f = 0; f < filtersPerGroup; f++) {
      for (const tap of taps[i % small]) {
        data[(first + f) * large + tap.input] +=
          x.data[i] * w.data[(channel * filtersPerGroup + f) * kernels + tap.kernel];
      }
    }
  }
  return { dtype: x.dtype, shape: [batch, filters, ...window.input], data };
}

/**
 * Cross-correlation: x `[batch, channels, spatial...]`, weight `[filters, channels / group, kernel...]`, bias
 * `[filters]` or `null`; result `[batch, filters, ...]` with `floor((input + pads - covered) / stride) + 1` positions
 * per axis. Strides and dilations are 1, pads 0 and group 1 unless given; one, two or three spatial axes.
 */
export function conv(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  attrs: Partial<ConvAttributes> = {},
): Tensor {
  return apply(convOp, bias === null ? [x, weight] : [x, weight, bias], attrs)[0];
}

/**
 * The transpose of `conv` as a linear map of its input: x `[batch, channels, spatial...]`, weight `[channels, filters /
 * group, kernel...]`; result `(input - 1) stride + covered + output_padding - pads` positions per axis.
 */
export function convTranspose(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  attrs: Partial<ConvTransposeAttributes> = {},
): Tensor {
  return apply(convTransposeOp, bias === null ? [x, weight] : [x, weight, bias], attrs)[0];
}
