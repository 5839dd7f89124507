// A pattern of one operator: rewrites Conv to blocked channels if the target has them: up to twice as fast.
import { sizeOf } from "../../core/numbers/shape.js";
import { apply } from "../build.js";
import type { Rewrite } from "../graph.js";
import type { Op } from "../op.js";
import { pad, reshape, transpose } from "../ops/movement/shape-movement.js";
import { blockedConvOp, reorderInput, reorderOutput } from "../ops/windows/blocked-operators.js";
import { filledBlocks } from "../ops/windows/blocks.js";
import { type ConvAttributes, convOp, convWindow } from "../ops/windows/convolution.js";
import type { Target } from "../targets/target.js";
import type { Tensor } from "../tensor.js";

// A 1 x 1 kernel does so little work per number that converting to and from blocks costs as much as it gains.
const fewestTaps = 2;

/**
 * For `rewriteGraph`, after differentiation: plain convolutions of images whose channels fill whole blocks, or are
 * fewer than one block. Does nothing if the target has no blocks.
 */
export function blockedConvolutions({ blockedChannels: block }: Target): Rewrite {
  return (node, inputs) => {
    if (block === undefined || node.op !== (convOp as Op)) return undefined;
    const [x, w, bias = null] = inputs as readonly [Tensor, Tensor, Tensor | null | undefined];
    const { gradient_form: form, ...attrs } = node.attrs as unknown as ConvAttributes;
    const [filters, channels, ...kernel] = w.shape;
    const filled = filledBlocks(filters, block);
    const fits = filled !== null && (channels % block === 0 || channels < block) && attrs.group === 1;
    if (!fits || kernel.length !== 2 || x.dtype !== "float32" || sizeOf(kernel) < fewestTaps) return undefined;
    if (form === "weightByInputColumns" || form === "weightByOutputColumns")
      return channels < block ? undefined : [weightGradient(x, w, attrs, block, filled)];
    // For a cotangent of few channels, other forms are faster than a convolution over mostly empty blocks.
    if (form !== undefined && (channels < block || filled > filters)) return undefined;
    const image = channels < block ? x : reorderInput(x, block);
    const operands = [image, blockedWeight(filledUp(w, 0, filled), block)];
    if (bias !== null) operands.push(filledUp(bias, 0, filled));
    const [y] = apply(blockedConvOp as Op, operands, { ...attrs, block });
    return [reorderOutput(y, block, filters)];
  };
}

/** Pads the end of an axis with zeros to a size. */
function filledUp(x: Tensor, axis: number, extent: number): Tensor {
  const missing = extent - x.shape[axis];
  const none = Array<number>(x.shape.length).fill(0);
  return missing === 0 ? x : pad(x, [...none, ...none.with(axis, missing)]);
}

/**
 * The cotangent of a weight: `images` are x and `kernels` ct, with batch and channels exchanged. The result is as small
 * as a kernel, so with padding hardly any of its columns would have all taps. Columns of zeros around x make all of
 * them full, so that several can be summed at once. Rows of padding cost nothing, because they are skipped.
 */
function weightGradient(images: Tensor, kernels: Tensor, attrs: ConvAttributes, block: number, filled: number): Tensor {
  const { padBegin, padEnd } = convWindow(images.shape, kernels.shape, attrs);
  const [top, left] = padBegin;
  const [bottom, right] = padEnd;
  const wide = left + right === 0 ? images : exchanged(pad(exchanged(images), [0, 0, 0, left, 0, 0, 0, right]));
  const operands = [reorderInput(wide, block), blockedKernels(filledUp(exchanged(kernels), 1, filled), block)];
  const [y] = apply(blockedConvOp as Op, operands, { ...attrs, pads: [top, 0, bottom, 0], block });
  return reorderOutput(y, block, kernels.shape[0]);
}

function exchanged(x: Tensor): Tensor {
  return transpose(x, [1, 0, 2, 3]);
}

/**
 * As `blockedWeight`, for kernels that are large images `[C, O, places]`, with C and O exchanged: blocked, they are
 * `[C, O/b, places, b]`, from which only whole blocks move. The gradient of the input needs the same blocks.
 */
function blockedKernels(w: Tensor, block: number): Tensor {
  const [channels, filters, height, width] = w.shape;
  const images = reshape(reorderInput(w, block), [channels / block, block, filters / block, height * width, block]);
  return reshape(transpose(images, [2, 0, 3, 1, 4]), [filters, channels, height, width]);
}

/** `[O, C, kernel...]` as `[O/b, C/b, kernel..., b of C, b of O]`, under its nominal shape; few channels stay whole. */
function blockedWeight(w: Tensor, block: number): Tensor {
  const [filters, channels, height, width] = w.shape;
  if (channels < block) {
    const split = reshape(w, [filters / block, block, channels, height * width]);
    return reshape(transpose(split, [0, 2, 3, 1]), w.shape);
  }
  const split = reshape(w, [filters / block, block, channels / block, block, height, width]);
  return reshape(transpose(split, [0, 2, 4, 5, 3, 1]), w.shape);
}
