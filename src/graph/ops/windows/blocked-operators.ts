// ONNX Runtime's own convolution over blocked channels (domain com.microsoft.nchwc), and the conversions to and from
// blocks.
//
// A blocked image has the nominal shape [N, C, H, W], but in memory it is [N, C/b, H, W, b]: b neighboring channels are
// adjacent, as many as a vector register holds; fewer channels than that are not blocked. ONNX Runtime arranges
// constant weights this way by itself. Trained weights are not constant, so training programs do it explicitly.
// The value of b depends on the machine.
import { sameShape, sizeOf } from "../../../core/numbers/shape.js";
import { apply } from "../../build.js";
import type { NdArray, Op } from "../../op.js";
import { noCost } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { type ConvAttributes, convOp } from "./convolution.js";

export const blockedDomain = "com.microsoft.nchwc";

export type BlockedConvAttributes = ConvAttributes & {
  /** Internal: channels per block, for the reference evaluation. */
  readonly block: number;
  /** An element-wise function of the result: `Relu`. */
  readonly activation?: string;
};

type BlockAttributes = { readonly block: number };
type ReorderOutputAttributes = BlockAttributes & { readonly channels: number };

const block = { type: "int", internal: true } as const;

/** Elements from `[outer, C, inner]` to `[outer, C/b, inner, b]`, or back. */
function rearranged(x: NdArray, outer: number, channels: number, size: number, isBack: boolean): NdArray {
  const inner = x.data.length / (outer * channels);
  const data = new Float64Array(x.data.length);
  let at = 0;
  for (let n = 0; n < outer; n++)
    for (let group = 0; group < channels / size; group++)
      for (let place = 0; place < inner; place++)
        for (let lane = 0; lane < size; lane++, at++) {
          const plain = (n * channels + group * size + lane) * inner + place;
          if (isBack) data[plain] = x.data[at];
          else data[at] = x.data[plain];
        }
  return { ...x, data };
}

/** From plain to blocked channels. */
export const reorderInputOp: Op<BlockAttributes> = {
  name: "ReorderInput",
  domain: blockedDomain,
  arity: [1, 1],
  attributes: { block },
  inputNames: ["X"],
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  vjp: "none",
  cost: noCost,
  evaluate: ([x], attrs) => [rearranged(x!, x!.shape[0], x!.shape[1], attrs.block, false)],
  simpler([x]) {
    const before = x?.node?.op === (reorderOutputOp as Op) ? (x.node.inputs[0] as Tensor) : null;
    return before !== null && sameShape(before.shape, x!.shape) ? before : null;
  },
};

/** From blocked to plain channels; trailing channels that only filled the block may be dropped. */
export const reorderOutputOp: Op<ReorderOutputAttributes> = {
  name: "ReorderOutput",
  domain: blockedDomain,
  arity: [1, 1],
  attributes: { block, channels: { type: "int" } },
  inputNames: ["X"],
  infer: ([x], { channels }) => [{ dtype: x!.dtype, shape: x!.shape.with(1, channels) }],
  vjp: "none",
  cost: noCost,
  evaluate([x], { block: size, channels }) {
    const plain = rearranged(x!, x!.shape[0], x!.shape[1], size, true);
    const shape = x!.shape.with(1, channels);
    const [inner, stride] = [sizeOf(shape.slice(1)), sizeOf(x!.shape.slice(1))];
    const read = (i: number): number => plain.data[Math.floor(i / inner) * stride + (i % inner)];
    return [{ dtype: x!.dtype, shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => read(i)) }];
  },
};

/**
 * Convolution of a blocked image, or of a plain one of fewer channels than a block. The weight has the nominal shape
 * `[O, C, kernel...]` and lies in memory as `[O/b, C/b, kernel..., b of C, b of O]`, for a plain image as
 * `[O/b, C, kernel..., b of O]`, and with a group for every channel as `[O/b, kernel..., b]`; the bias is plain; the
 * result is blocked.
 */
export const blockedConvOp: Op<BlockedConvAttributes> = {
  name: "Conv",
  weightUse: { 1: "weight", 2: "bias" },
  domain: blockedDomain,
  arity: [2, 4],
  optionalInputs: [2, 3],
  // Read lazily, because the operator files import each other in a circle.
  get attributes() {
    return { ...convOp.attributes, block, activation: { type: "string" } } as const;
  },
  inputNames: ["X", "W", "B", "Sum"],
  infer: (inputs, { block: _, activation: __, ...attrs }, where) => convOp.infer(inputs.slice(0, 3), attrs, where),
  vjp: "none",
  cost: (inputs, outputs, { block: _, activation: __, ...attrs }) => convOp.cost(inputs.slice(0, 3), outputs, attrs),
  evaluate([x, w, bias = null, sum = null], { block: size, activation, ...attrs }, context) {
    const plainX = x!.shape[1] < size ? x! : rearranged(x!, x!.shape[0], x!.shape[1], size, true);
    const [y] = convOp.evaluate([plainX, plainWeight(w!, size), bias], attrs, context);
    const result = rearranged(y, y.shape[0], y.shape[1], size, false);
    const summed = result.data.map((value, i) => value + (sum?.data[i] ?? 0));
    return [{ ...result, data: activation === undefined ? summed : summed.map((value) => Math.max(0, value)) }];
  },
};

/** The weight in the layout of Conv. */
function plainWeight(w: NdArray, size: number): NdArray {
  const [filters, channels, ...kernel] = w.shape;
  const lanes = channels < size ? 1 : size;
  const taps = sizeOf(kernel);
  const data = new Float64Array(w.data.length);
  let at = 0;
  for (let o = 0; o < filters; o += size)
    for (let c = 0; c < channels; c += lanes)
      for (let tap = 0; tap < taps; tap++)
        for (let channel = c; channel < c + lanes; channel++)
          for (let filter = o; filter < o + size; filter++, at++)
            data[(filter * channels + channel) * taps + tap] = w.data[at];
  return { ...w, data };
}

/** A convolution of a blocked image, with a bias for each channel and a blocked image of the result's shape added. */
export function blockedConv(
  x: Tensor,
  w: Tensor,
  { bias = null, sum = null }: { readonly bias?: Tensor | null; readonly sum?: Tensor | null },
  options: Partial<BlockedConvAttributes> & { readonly block: number },
): Tensor {
  const addends = sum !== null ? [bias, sum] : bias !== null ? [bias] : [];
  return apply(blockedConvOp as Op, [x, w, ...addends], { ...options })[0];
}

export function reorderInput(x: Tensor, size: number): Tensor {
  return apply(reorderInputOp as Op, [x], { block: size })[0];
}

export function reorderOutput(x: Tensor, size: number, channels: number): Tensor {
  return apply(reorderOutputOp as Op, [x], { block: size, channels })[0];
}
