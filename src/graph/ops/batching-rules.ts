// Batching rules that several operators share: the same operator, with its axes counted from the front.
import { normalizeAxes, normalizeAxis } from "../../core/shape.js";
import { apply, int64s } from "../build.js";
import type { BatchContext } from "../op.js";
import type { Attributes, Tensor } from "../tensor.js";
import { knownInputs, knownValues } from "./known-value.js";

/**
 * For an operator along the attribute `axis`: places count from the front, so that the axis behind them is no matter.
 * The first `data` inputs carry elements; the others, as sizes, are the same for all networks.
 */
export function alongAxis(data = Number.POSITIVE_INFINITY) {
  return ({ node, attrs, inputs, spread }: BatchContext<Attributes & { readonly axis: number }>): readonly Tensor[] => {
    const axis = normalizeAxis(node.op.name, attrs.axis, node.inputs[0]!.shape.length);
    return apply(
      node.op,
      inputs.map((tensor, i) => (tensor === null || i >= data ? tensor : spread(i))),
      { ...attrs, axis },
    );
  };
}

/** For an operator over the axes that its second input lists: those of the single network, counted from the front. */
export function overListedAxes({ node, attrs, inputs }: BatchContext): readonly Tensor[] {
  const rank = node.inputs[0]!.shape.length;
  const given = knownValues(node.op.name, "axes", knownInputs(node.inputs)[1]);
  const axes = given === undefined ? Array.from({ length: rank }, (_, axis) => axis) : given;
  return apply(node.op, [inputs[0], int64s(normalizeAxes(node.op.name, axes, rank))], attrs);
}
