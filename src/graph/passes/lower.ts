// Rewrites of single nodes for a target, after differentiation: cheaper forms, operators it lacks, and forms whose
// rounding does not depend on the number of threads.
import { apply } from "../build.js";
import type { Rewrite } from "../graph.js";
import { cast } from "../ops/elementwise/cast.js";
import { factsOf, type Target } from "../targets/target.js";
import type { Node, Tensor } from "../tensor.js";

/**
 * For `rewriteGraph`, on a graph that includes its gradients. A convolution becomes a product with the columns that its
 * weight gradient makes; `simplify` then merges the equal columns. Operators that the writer would
 * write as compositions are expanded here, for the same reason.
 */
export function shareGradientParts(target: Target): Rewrite {
  const lower = lowerNewer(target);
  return (node, inputs) => {
    const value = node.outputs.length === 1 ? (node.op.fromGradientParts?.(inputs, node.attrs) ?? null) : null;
    return value === null ? lower(node, inputs) : [value];
  };
}

/** For `rewriteGraph`: swaps rows and columns of products whose rounding depends on the number of threads. */
export function fixThreadRounding(target: Target): Rewrite {
  return (node, inputs) => {
    const value = factsOf(target, node.op).threadInvariant?.(inputs, node.outputs, node.attrs) ?? null;
    return value === null ? undefined : [value];
  };
}

/**
 * For `rewriteGraph`, before a graph is written: expands operators that the target lacks, and casts elements of
 * types without a kernel to another type.
 */
export function lowerNewer(target: Target): Rewrite {
  return (node, inputs) =>
    factsOf(target, node.op).lower?.(inputs, node.attrs, node) ?? inCarriers(target, node, inputs);
}

function inCarriers(
  target: Target,
  { op, attrs, outputs }: Node,
  inputs: readonly (Tensor | null)[],
): readonly Tensor[] | undefined {
  const { carried } = factsOf(target, op);
  const carrierOf = (tensor: Tensor | null, i: number) =>
    tensor !== null && carried?.inputs.includes(i) ? carried.as[tensor.dtype] : undefined;
  if (!inputs.some((tensor, i) => carrierOf(tensor, i) !== undefined)) return undefined;
  const wide = inputs.map((tensor, i) => (tensor === null ? null : cast(tensor, carrierOf(tensor, i) ?? tensor.dtype)));
  return apply(op, wide, attrs).map((y, i) => cast(y, outputs[i].dtype));
}
