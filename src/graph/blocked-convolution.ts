// Convolutions over blocked channels, where the runtime has them: up to twice as fast as over plain ones.
import { sizeOf } from "../core/shape.js";
import { blockedConvOp, reorderInput, reorderOutput } from "./blocked-operators.js";
import { apply } from "./build.js";
import type { Rewrite } from "./graph.js";
import type { Op } from "./op.js";
import { type ConvAttributes, convOp } from "./ops/convolution.js";
import { reshape, transpose } from "./ops/shape-movement.js";
import type { Tensor } from "./tensor.js";

// A kernel of one place has so little work for each number that the ways in and out cost what is gained.
const fewestTaps = 2;

/**
 * For `rewriteGraph`, after differentiation: plain convolutions of images whose channels and filters fill whole blocks.
 * @param block channels of a block on the machine that runs the program.
 */
export function blockedConvolutions(block: number): Rewrite {
  return (node, inputs) => {
    if (node.op !== (convOp as Op)) return undefined;
    const [x, w, bias = null] = inputs as readonly [Tensor, Tensor, Tensor | null | undefined];
    const { gradient_form: _, ...attrs } = node.attrs as unknown as ConvAttributes;
    const [filters, channels, ...kernel] = w.shape;
    const fits = filters % block === 0 && channels % block === 0 && attrs.group === 1 && kernel.length === 2;
    if (!fits || x.dtype !== "float32" || sizeOf(kernel) < fewestTaps) return undefined;
    const operands = [reorderInput(x, block), blockedWeight(w, block), ...(bias === null ? [] : [bias])];
    const [y] = apply(blockedConvOp as Op, operands, { ...attrs, block });
    return [reorderOutput(y, block)];
  };
}

/** `[O, C, kernel...]` as `[O/b, C/b, kernel..., b of C, b of O]`, under its nominal shape. */
function blockedWeight(w: Tensor, block: number): Tensor {
  const [filters, channels, height, width] = w.shape;
  const split = reshape(w, [filters / block, block, channels / block, block, height, width]);
  return reshape(transpose(split, [0, 2, 4, 5, 3, 1]), w.shape);
}
