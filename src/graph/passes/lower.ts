// After differentiation: other forms of single nodes, for speed and for the same bits on any number of threads.
import { apply } from "../build.js";
import { cast } from "../ops/elementwise/cast.js";
import type { Node, Tensor } from "../tensor.js";

/**
 * For `rewriteGraph`, on a graph that holds its own gradients. A convolution becomes a product with the columns that its
 * weight gradient lays out; `simplify` then finds both columns equal and keeps one. Operators that the writer would
 * write as compositions become them here, for the same reason.
 */
export function shareGradientParts(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  const value = node.outputs.length === 1 ? (node.op.fromGradientParts?.(inputs, node.attrs) ?? null) : null;
  return value === null ? lowerNewer(node, inputs) : [value];
}

/** For `rewriteGraph`: products whose rounding would depend on the number of threads change rows and columns. */
export function fixThreadRounding(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  const value = node.op.threadInvariant?.(inputs, node.outputs, node.attrs) ?? null;
  return value === null ? undefined : [value];
}

/**
 * For `rewriteGraph`, before a graph is written: operators that the file's operator set lacks become compositions, and
 * elements of a type without kernel are carried in another.
 */
export function lowerNewer(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  return node.op.lower?.(inputs, node.attrs) ?? inCarriers(node, inputs);
}

function inCarriers({ op, attrs, outputs }: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  const { carried } = op;
  const carrierOf = (tensor: Tensor | null, i: number) =>
    tensor !== null && carried?.inputs.includes(i) ? carried.as[tensor.dtype] : undefined;
  if (!inputs.some((tensor, i) => carrierOf(tensor, i) !== undefined)) return undefined;
  const wide = inputs.map((tensor, i) => (tensor === null ? null : cast(tensor, carrierOf(tensor, i) ?? tensor.dtype)));
  return apply(op, wide, attrs).map((y, i) => cast(y, outputs[i].dtype));
}
