// After differentiation: values computed from what the gradient computes anyway.
import type { Node, Tensor } from "./tensor.js";

/**
 * For `rewriteGraph`, on a graph that holds its own gradients: a convolution becomes a product with the columns that its
 * weight gradient lays out. `simplify` then finds both columns equal and keeps one.
 */
export function shareGradientParts(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  if (node.outputs.length !== 1) return undefined;
  const value = node.op.fromGradientParts?.(inputs, node.attrs) ?? null;
  return value === null ? undefined : [value];
}
