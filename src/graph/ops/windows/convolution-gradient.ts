// Gradients of Conv and ConvTranspose. The same gradient has several lowerings to ONNX operators; all are exact,
// and `chooseLowering` selects one by shape.
import { sizeOf } from "../../../core/numbers/shape.js";
import { coveredExtent, placesBehind, type Window } from "../../accounting/window.js";
import { scalar } from "../../build.js";
import type { VjpContext } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { add } from "../elementwise/arithmetic.js";
import { expand, reshape, slice, transpose } from "../movement/shape-movement.js";
import { matMul } from "../products/matmul.js";
import { reduceSum } from "../reduction/reduction.js";
import { filledBlocks } from "./blocks.js";
import { columns, columnsToImage, groupAxis } from "./columns.js";
import {
  type ConvAttributes,
  type ConvTransposeAttributes,
  conv,
  convTranspose,
  convTransposeWindow,
  convWindow,
  type InputForm,
  type WeightForm,
} from "./convolution.js";
import {
  leading,
  weightByInputColumns,
  weightByOutputColumns,
  weightBySwappedConvolution,
  weightTapByTap,
} from "./convolution-weight.js";

/** The sizes of one convolution `y = conv(x, w)`. */
export interface Convolution {
  readonly window: Window;
  readonly batch: number;
  /** All channels of x, over all groups. */
  readonly channels: number;
  /** All channels of y, over all groups. */
  readonly filters: number;
  readonly group: number;
}

/**
 * Cotangent of x:
 * - `convolution`: Conv of ct with the flipped kernel and swapped channels (stride 1);
 * - `transposed`: ConvTranspose of ct, with output padding for positions that no window covers (always);
 * - `outputColumns`: one matrix product with the windows of ct laid out as columns (stride 1);
 * - `summedColumns`: Col2Im of one matrix product (one group, 2-D).
 */
export type InputLowering = "convolution" | "transposed" | "outputColumns" | "summedColumns";

/**
 * Cotangent of w:
 * - `inputColumns`: the windows of x as columns, times ct (always);
 * - `outputColumns`: the windows of ct as columns, times x (stride 1); the columns serve x's cotangent too;
 * - `tapByTap`: for every tap, the elements of x that it reads, times ct, summed (depthwise);
 * - `swapped`: Conv with batch and channels exchanged and strides for dilations (always; few nodes for large kernels,
 *   and
 *   the fastest of all where the runtime has blocked convolutions).
 */
export type WeightLowering = "inputColumns" | "outputColumns" | "tapByTap" | "swapped";

export interface ConvolutionLowering {
  readonly input: InputLowering;
  readonly weight: WeightLowering;
  /** The input of the columns if a `swapped` weight gradient is not blocked. */
  readonly columns?: "inputColumns" | "outputColumns";
}

// Columns need as many copies of x as the kernel has taps; beyond this they no longer pay off.
const mostTapsAsColumns = 128;
// Channels per block on machines with the shortest vectors.
const smallestBlock = 8;
// With fewer channels, the columns are so narrow that the matrix product gains less than arranging them costs.
const fewestFiltersForOutputColumns = 32;

/** The lowering for a shape: usually the side with fewer channels is arranged as columns. */
export function chooseLowering(c: Convolution): ConvolutionLowering {
  const taps = sizeOf(c.window.kernel);
  if (taps > mostTapsAsColumns) return { input: "transposed", weight: "swapped" };
  if (c.group > 1) return chooseGrouped(c);
  const narrow = c.filters <= c.channels && c.filters >= fewestFiltersForOutputColumns;
  const isPlain = c.group === 1 && c.window.kernel.length === 2;
  const isMirrored = hasMirroredWindows(c);
  // Convolutions that may be blocked stay convolutions; `convFromColumns` converts the others to columns.
  const fillsBlocks = isPlain && taps > 1 && filledBlocks(c.filters, smallestBlock) !== null;
  const ofOutput = isMirrored && (narrow || taps === 1);
  const columns = ofOutput ? "outputColumns" : "inputColumns";
  const input = ofOutput ? "outputColumns" : isPlain ? "summedColumns" : "transposed";
  const isConvolution =
    isMirrored && fillsBlocks && c.channels % smallestBlock === 0 && c.filters % smallestBlock === 0;
  const isSwapped = fillsBlocks && c.batch % smallestBlock === 0;
  return {
    input: isConvolution ? "convolution" : input,
    ...(isSwapped ? { weight: "swapped", columns } : { weight: columns }),
  };
}

// Every tap costs three passes over x; with more taps, the convolution with batch and channels swapped is faster.
const mostTapsOneByOne = 16;

/**
 * Products of single groups are small, so arranging columns for both gradients does not pay off; with one channel they
 * are not matrix products at all.
 */
function chooseGrouped(c: Convolution): ConvolutionLowering {
  const mirrored = hasMirroredWindows(c);
  const byColumns = mirrored ? "outputColumns" : "inputColumns";
  const ofOneChannel = sizeOf(c.window.kernel) <= mostTapsOneByOne ? "tapByTap" : "swapped";
  const weight = c.channels === c.group ? ofOneChannel : byColumns;
  return { input: mirrored ? "convolution" : "transposed", weight };
}

/** With stride 1 and no more padding than the kernel covers, x's cotangent is itself made of windows over ct. */
export function hasMirroredWindows({ window: { kernel, strides, dilations, padBegin, padEnd } }: Convolution): boolean {
  return kernel.every((extent, axis) => {
    const reach = coveredExtent(extent, dilations[axis]) - 1;
    return strides[axis] === 1 && padBegin[axis] <= reach && padEnd[axis] <= reach;
  });
}

/** The windows over ct whose sums are x's cotangent. */
function mirroredWindow({ input, output, kernel, strides, dilations, padBegin, padEnd }: Window): Window {
  const reach = kernel.map((extent, axis) => coveredExtent(extent, dilations[axis]) - 1);
  return {
    input: output,
    output: input,
    kernel,
    strides,
    dilations,
    padBegin: reach.map((extent, axis) => extent - padBegin[axis]),
    padEnd: reach.map((extent, axis) => extent - padEnd[axis]),
  };
}

export function convGradient({
  inputs: [x, w, bias],
  attrs,
  cotangents: [ct],
  wants,
}: VjpContext<ConvAttributes>): (Tensor | null)[] {
  const convolution: Convolution = {
    window: convWindow(x!.shape, w!.shape, attrs),
    batch: x!.shape[0],
    channels: x!.shape[1],
    filters: w!.shape[0],
    group: attrs.group,
  };
  const lowering = chooseLowering(convolution);
  const sides = { x: x!, w: w!, ct: ct! };
  const { dx, dw } = convolutionCotangents(convolution, lowering, sides, { x: wants[0], w: wants[1] });
  return [dx, dw, bias !== undefined && bias !== null && wants[2] ? sumOverPlaces(ct!) : null];
}

/** ConvTranspose is the transpose of a convolution, so its gradients are that convolution and its weight gradient. */
export function convTransposeGradient(context: VjpContext<ConvTransposeAttributes>): (Tensor | null)[] {
  const { inputs, attrs, cotangents, wants } = context;
  const [x, w, bias] = inputs as readonly [Tensor, Tensor, Tensor | null | undefined];
  const ct = cotangents[0]!;
  const db = bias !== undefined && bias !== null && wants[2] ? sumOverPlaces(ct) : null;
  const window = reachedWindow(convTransposeWindow("ConvTranspose", x.shape, w.shape, attrs));
  if (window.input.some((extent) => extent < 1)) {
    const zeros = (like: Tensor): Tensor => expand(scalar(0, like.dtype), like.shape);
    return [wants[0] ? zeros(x) : null, wants[1] ? zeros(w) : null, db];
  }
  const reached = leading(ct, window.input);
  const convolution: Convolution = {
    window,
    batch: x.shape[0],
    channels: ct.shape[1],
    filters: x.shape[1],
    group: attrs.group,
  };
  const { weight, columns } = chooseLowering(convolution);
  const lowering: ConvolutionLowering = { input: "transposed", weight, ...(columns === undefined ? {} : { columns }) };
  return [
    wants[0] ? conv(reached, w, null, convAttributes(convolution)) : null,
    wants[1] ? convolutionCotangents(convolution, lowering, { x: reached, w, ct: x }, { x: false, w: true }).dw : null,
    db,
  ];
}

/**
 * Without the whole strides behind all windows of a transposed convolution (`output_padding` up to the dilation, or a
 * larger `output_shape`), which hold the bias alone: the windows of a convolution would reach into them.
 */
function reachedWindow(window: Window): Window {
  const { input, strides, padEnd } = window;
  const beyond = placesBehind(window).map((behind, axis) => behind - (behind % strides[axis]));
  return {
    ...window,
    input: input.map((extent, axis) => extent - Math.max(0, beyond[axis] - padEnd[axis])),
    padEnd: padEnd.map((extent, axis) => Math.max(0, extent - beyond[axis])),
  };
}

/** The needed cotangents of x and w in the given lowering. Exported for tests and measurements. */
export function convolutionCotangents(
  convolution: Convolution,
  lowering: ConvolutionLowering,
  { x, w, ct }: { readonly x: Tensor; readonly w: Tensor; readonly ct: Tensor },
  wants: { readonly x: boolean; readonly w: boolean },
): { dx: Tensor | null; dw: Tensor | null } {
  let shared: Tensor | undefined;
  const outputColumns = (): Tensor => {
    shared ??= columns(ct, convolution.group, mirroredWindow(convolution.window), true);
    return shared;
  };
  const inputGradients: Record<InputLowering, () => Tensor> = {
    convolution: () => inputByConvolution(convolution, w, ct, otherForm(convolution, lowering)),
    transposed: () => inputByTransposedConvolution(convolution, w, ct),
    outputColumns: () => inputByColumns(convolution, w, outputColumns()),
    summedColumns: () => inputBySummedColumns(convolution, w, ct),
  };
  const weightGradients: Record<WeightLowering, () => Tensor> = {
    inputColumns: () => weightByInputColumns(convolution, x, ct),
    outputColumns: () => weightByOutputColumns(convolution, x, outputColumns()),
    tapByTap: () => weightTapByTap(convolution, x, ct),
    swapped: () => weightBySwappedConvolution(convolution, x, ct, weightForm(lowering)),
  };
  return {
    dx: wants.x ? inputGradients[lowering.input]() : null,
    dw: wants.w ? weightGradients[lowering.weight]() : null,
  };
}

// A product of so few rows is bound by reading the columns, which the weight gradient makes anyway; with more rows
// the convolution's own blocking wins.
const mostFiltersFromColumns = 32;

/** `w x` as a product with the columns of the weight gradient, or `null` if that gradient has no such columns. */
export function convFromColumns([x, w, bias]: readonly (Tensor | null)[], attrs: ConvAttributes): Tensor | null {
  const window = convWindow(x!.shape, w!.shape, attrs);
  const convolution: Convolution = {
    window,
    batch: x!.shape[0],
    channels: x!.shape[1],
    filters: w!.shape[0],
    group: attrs.group,
  };
  const form = attrs.gradient_form;
  if (form === "weightByInputColumns" || form === "weightByOutputColumns")
    return weightInForm(form, convolution, x!, w!);
  if (form !== undefined) return inputInForm(form, convolution, x!, w!);
  if (convolution.filters > mostFiltersFromColumns || attrs.group !== 1) return null;
  if (weightByColumns(chooseLowering(convolution)) !== "inputColumns") return null;
  const taps = window.kernel.map((_, axis) => axis + 2);
  const rows = reshape(transpose(w!, [0, ...taps, 1]), [convolution.filters, sizeOf(w!.shape) / convolution.filters]);
  const product = matMul(rows, columns(x!, 1, window, false));
  const shifted = bias === null || bias === undefined ? product : add(product, reshape(bias, [convolution.filters, 1]));
  return reshape(shifted, [convolution.batch, convolution.filters, ...window.output]);
}

/** The cotangent of the input if it is not a blocked convolution; grouped ones stay convolutions. */
function otherForm({ group }: Convolution, lowering: ConvolutionLowering): InputForm | undefined {
  if (group > 1) return undefined;
  return weightByColumns(lowering) === "outputColumns" ? "outputColumns" : "summedColumns";
}

/** How the weight's cotangent is computed if nothing is blocked. */
function weightByColumns({ weight, columns: laidOut }: ConvolutionLowering): WeightLowering {
  return laidOut ?? weight;
}

/** The cotangent of the weight if it is not a blocked convolution. */
function weightForm({ columns: laidOut }: ConvolutionLowering): WeightForm | undefined {
  if (laidOut === undefined) return undefined;
  return laidOut === "outputColumns" ? "weightByOutputColumns" : "weightByInputColumns";
}

/** Undoes `weightBySwappedConvolution`: `images` are x, and `kernels` ct, with batch and channels swapped. */
function weightInForm(form: WeightForm, swapped: Convolution, images: Tensor, kernels: Tensor): Tensor {
  const { input, output, kernel, strides, dilations, padBegin, padEnd } = swapped.window;
  const window: Window = {
    input,
    output: kernel,
    kernel: output,
    strides: dilations,
    dilations: strides,
    padBegin,
    padEnd,
  };
  const [channels, batch] = images.shape;
  const convolution: Convolution = { window, batch, channels, filters: kernels.shape[0], group: 1 };
  const [x, ct] = [exchangedChannels(images, 1), exchangedChannels(kernels, 1)];
  const dw =
    form === "weightByInputColumns"
      ? weightByInputColumns(convolution, x, ct)
      : weightByOutputColumns(convolution, x, columns(ct, 1, mirroredWindow(window), true));
  return exchangedChannels(dw, 1);
}

/** Undoes `inputByConvolution`: the same cotangent by columns. `turned` is the flipped kernel, `ct` its input. */
function inputInForm(
  form: InputForm,
  { window, batch, channels, filters, group }: Convolution,
  ct: Tensor,
  turned: Tensor,
): Tensor {
  const forward: Convolution = { window: mirroredWindow(window), batch, channels: filters, filters: channels, group };
  const w = turnedRound(turned, group, window.kernel.length);
  return form === "outputColumns"
    ? inputByColumns(forward, w, columns(ct, group, window, true))
    : inputBySummedColumns(forward, w, ct);
}

/** Sum over batch and space: the cotangent of a bias. */
function sumOverPlaces(ct: Tensor): Tensor {
  return reduceSum(
    ct,
    ct.shape.map((_, axis) => axis).filter((axis) => axis !== 1),
  );
}

function convAttributes({ window, group }: Convolution): ConvAttributes {
  return {
    auto_pad: "NOTSET",
    dilations: window.dilations,
    kernel_shape: window.kernel,
    pads: [...window.padBegin, ...window.padEnd],
    strides: window.strides,
    group,
  };
}

function inputByConvolution(convolution: Convolution, w: Tensor, ct: Tensor, form?: InputForm): Tensor {
  const window = mirroredWindow(convolution.window);
  return conv(ct, turnedRound(w, convolution.group, window.kernel.length), null, {
    ...convAttributes({ ...convolution, window }),
    ...(form === undefined ? {} : { gradient_form: form }),
  });
}

/** Flips the kernel and swaps its channels within each group; applied twice, it gives the kernel again. */
function turnedRound(w: Tensor, group: number, spatialAxes: number): Tensor {
  const axes = Array.from({ length: spatialAxes }, (_, axis) => axis + 2);
  const exchanged = exchangedChannels(w, group);
  // Backward from the last element to the one "before the first", which counts as -extent - 1.
  const ends = axes.map((axis) => -exchanged.shape[axis] - 1);
  return slice(exchanged, { starts: axes.map(() => -1), ends, axes, steps: axes.map(() => -1) });
}

/** A weight for the backward pass: inputs and outputs are swapped within every group. */
function exchangedChannels(w: Tensor, group: number): Tensor {
  const [filters, inner, ...kernel] = w.shape;
  const outer = filters / group;
  // With one channel on both sides, nothing moves.
  if (inner === 1 && outer === 1) return w;
  const taps = kernel.map((_, axis) => axis + 2);
  if (group === 1) return transpose(w, [1, 0, ...taps]);
  const perGroup = reshape(w, [group, outer, inner, ...kernel]);
  return reshape(transpose(perGroup, [0, 2, 1, ...taps.map((axis) => axis + 1)]), [group * inner, outer, ...kernel]);
}

/**
 * One product for the columns of dx, and their sum. The same work as ConvTranspose, whose product runs on one thread.
 */
function inputBySummedColumns({ window, channels, filters }: Convolution, w: Tensor, ct: Tensor): Tensor {
  const taps = sizeOf(window.kernel);
  const rows = transpose(reshape(w, [filters, channels * taps]), [1, 0]);
  const places = reshape(ct, [ct.shape[0], filters, sizeOf(window.output)]);
  return columnsToImage(matMul(rows, places), window);
}

function inputByTransposedConvolution(convolution: Convolution, w: Tensor, ct: Tensor): Tensor {
  const { input, kernel, strides, dilations, padBegin, padEnd } = convolution.window;
  const unreached = input.map(
    (extent, axis) =>
      (extent + padBegin[axis] + padEnd[axis] - coveredExtent(kernel[axis], dilations[axis])) % strides[axis],
  );
  return convTranspose(ct, w, null, { ...convAttributes(convolution), output_padding: unreached });
}

/** `[C, taps O] [taps O, places]` for every example and group. */
function inputByColumns(convolution: Convolution, w: Tensor, outputColumns: Tensor): Tensor {
  const { window, batch, channels, filters, group } = convolution;
  const [inner, outer] = [channels / group, filters / group];
  const taps = window.kernel.map((_, axis) => axis + 3);
  const perGroup = reshape(w, [group, outer, inner, ...window.kernel]);
  const rows = reshape(transpose(perGroup, [0, 2, ...taps, 1]), [
    ...groupAxis(group),
    inner,
    sizeOf(window.kernel) * outer,
  ]);
  return reshape(matMul(rows, outputColumns), [batch, channels, ...window.input]);
}
