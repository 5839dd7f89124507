// Where the units of a tensor are: the axes that the last product made, followed through everything after it.
//
//   Conv            [examples, units, places...]
//   MatMul, Gemm    [examples, places..., units]: the axes of the weights that are left
//   everything else carries the units of its inputs: Add, BatchNormalization, Reshape, Transpose, Concat ...
import type { AxisReach } from "../graph/accounting/axis-reach.js";
import { reachOf } from "../graph/accounting/node-reach.js";
import { nodesInOrder } from "../graph/order.js";
import type { Node, Tensor } from "../graph/tensor.js";

type KnownAxes = ReadonlyMap<Tensor, readonly number[]>;

/**
 * Finds the unit axes of everything that an output is computed from. An empty list is a single unit. Without a product
 * before a tensor, axis 1 is taken; what has no axis 1, or is computed from parameters alone, has no units.
 * @param inputs the data, without parameters.
 */
export function unitAxes(output: Tensor, inputs: readonly Tensor[]): (tensor: Tensor) => readonly number[] | undefined {
  const found = new Map<Tensor, readonly number[]>();
  const fromData = new Set(inputs);
  for (const node of nodesInOrder([output])) {
    if (!node.inputs.some((tensor) => tensor !== null && fromData.has(tensor))) continue;
    for (const [i, tensor] of node.outputs.entries()) {
      fromData.add(tensor);
      const axes = axesAfter(node, i, fromData, found);
      if (axes !== undefined)
        found.set(
          tensor,
          [...axes].sort((a, b) => a - b),
        );
    }
  }
  return (tensor) => found.get(tensor) ?? (fromData.has(tensor) && tensor.shape.length > 1 ? [1] : undefined);
}

function axesAfter(
  node: Node,
  output: number,
  fromData: ReadonlySet<Tensor>,
  known: KnownAxes,
): Set<number> | undefined {
  const { op, inputs, outputs, attrs } = node;
  if (op.window !== undefined && op.cost(inputs, outputs, attrs).macs > 0) return new Set([1]);
  const reach = reachOf(node, output) ?? [];
  const isData = (i: number): boolean => inputs[i] !== null && fromData.has(inputs[i]);
  const carried = inputs.flatMap((_, i) => (isData(i) ? carriedTo(reach[i] ?? []) : []));
  const made = inputs.flatMap((_, i) => (isData(i) ? [] : wholeAxes(reach[i] ?? [])));
  const fresh = made.filter((axis) => !carried.includes(axis) && outputs[output].shape[axis] > 1);
  if (fresh.length > 0) return new Set(fresh);
  const { shape } = outputs[output];
  const before = inputs.flatMap((tensor, i) => {
    const axes = tensor === null ? undefined : known.get(tensor);
    const rules = reach[i];
    if (axes === undefined || rules === undefined || rules === null) return [];
    // Channels that are mixed with places, as by DepthToSpace, are on the axis that nothing else is on.
    const areMixed = axes.some((axis) => rules[axis].kind === "all" && (tensor as Tensor).shape[axis] > 1);
    const free = shape.flatMap((extent, axis) => (extent > 1 && ![...carried, ...made].includes(axis) ? [axis] : []));
    return [[...carriedTo(axes.map((axis) => rules[axis])), ...(areMixed ? free : [])]];
  });
  return before.length === 0 ? undefined : new Set(before.flat());
}

/** Output axes that read an input axis at one place or at neighboring ones. */
function carriedTo(rules: readonly AxisReach[]): number[] {
  return rules.flatMap((rule) => (rule.kind === "all" ? [] : rule.kind === "moved" ? rule.axes : [rule.axis]));
}

/** Output axes at which an input is read element by element. */
function wholeAxes(rules: readonly AxisReach[]): number[] {
  return rules.flatMap((rule) => (rule.kind === "same" ? [rule.axis] : []));
}
