// Products with a matrix that is split into parts: large weights, updated part by part while a part is in the cache.
import type { Rewrite } from "../graph.js";
import { nodesOf } from "../order.js";
import type { Graph, Tensor } from "../tensor.js";

/**
 * The axis of `tensor` that all its readers sum over, along which it can be split; `null` if they differ, or
 * one of them needs it whole.
 */
export function summedAxis(source: Graph, tensor: Tensor): number | null {
  const axes = new Set<number | null>();
  for (const { op, inputs, attrs } of nodesOf(source)) {
    for (const [i, read] of inputs.entries())
      if (read === tensor) axes.add(i === 1 ? (op.summed?.axis(inputs, attrs) ?? null) : null);
  }
  if (source.outputs.some((output) => output.tensor === tensor)) axes.add(null);
  return axes.size === 1 ? [...axes][0] : null;
}

/** For `rewriteGraph`: products with a tensor of `partsOf` become sums of products with its parts. */
export function multiplyByParts(partsOf: ReadonlyMap<Tensor, readonly Tensor[]>): Rewrite {
  return ({ op, outputs, attrs }, inputs) => {
    const parts = op.summed === undefined || outputs.length !== 1 ? undefined : partsOf.get(inputs[1] as Tensor);
    return parts === undefined ? undefined : [op.summed!.build(inputs, attrs, parts)];
  };
}
