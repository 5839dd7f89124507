// Moves picks before order-preserving functions: max-pooling first leaves ReLU a quarter of the work.
import { apply } from "../build.js";
import type { Node, Tensor } from "../tensor.js";

/**
 * For `rewriteGraph`: `MaxPool(Relu(x))` becomes `Relu(MaxPool(x))`. Values and gradients keep their bits: the largest
 * value of a window is at the same position, and where ReLU makes several positions equal, its gradient is zero anyway.
 */
export function exchangePicks(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  const before = inputs[0]?.node;
  if (node.op.order !== "picks" || node.outputs.length !== 1 || before?.op.order !== "preserves") return undefined;
  const [picked] = apply(node.op, [before.inputs[0], ...inputs.slice(1)], node.attrs);
  return apply(before.op, [picked, ...before.inputs.slice(1)], before.attrs);
}
