// Finds the non-linearities of a network, be they operators or written with several of them.
//
// Files write many functions by their parts: GELU with Erf, SiLU as x Sigmoid(x), ReLU6 as Clip. A tensor that is the
// same function of an earlier one as an operator that we know is that non-linearity. Functions are compared, not nodes,
// so that the way in which one is written does not matter.
import type { ActivationFacts, ActivationRecord } from "../graph/activation-record.js";
import type { Op } from "../graph/op.js";
import { type ClipBounds, clipActivation } from "../graph/ops/activation/activation.js";
import { ops } from "../graph/ops/index.js";
import { nodesInOrder } from "../graph/order.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import type { Attributes, Node, Tensor } from "../graph/tensor.js";
import { curvesAt, sourcesOf, type Written } from "./curves.js";

export interface NonLinearity {
  readonly activation: Tensor;
  readonly preActivation: Tensor;
  readonly facts: ActivationFacts;
}

interface Found extends NonLinearity {
  /** All its nodes; the last one makes the activation. */
  readonly nodes: readonly Node[];
}

/** The non-linearities in order of execution, each once, at its last node. */
export function nonLinearities(output: Tensor): NonLinearity[] {
  const order = nodesInOrder([output]);
  const sources = sourcesOf(output);
  const written = curvesAt(points);
  const found = new Map(
    order.flatMap((node) => entryOf(node, nonLinearityAt(node, sources(node.outputs[0]), written))),
  );
  const users = usersOf(order);
  // From the last to the first, so that the parts of a function go before parts of theirs are asked for.
  for (const node of order.toReversed()) {
    const whole = found.get(node);
    if (whole === undefined) continue;
    for (const part of whole.nodes.slice(0, -1))
      if (part.outputs[0] !== output && isWithin(part, whole.nodes, users)) found.delete(part);
  }
  return order.flatMap((node) => {
    const whole = found.get(node);
    if (whole === undefined) return [];
    const { nodes: _, ...rest } = whole;
    return [rest];
  });
}

const entryOf = (node: Node, found: Found | undefined): (readonly [Node, Found])[] =>
  found === undefined ? [] : [[node, found]];

function usersOf(order: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const users = new Map<Node, Node[]>(order.map((node) => [node, []]));
  for (const node of order)
    for (const input of node.inputs) if (input?.node !== undefined) users.get(input.node)?.push(node);
  return users;
}

/** Whether nothing else reads what a node makes. */
function isWithin(part: Node, nodes: readonly Node[], users: ReadonlyMap<Node, readonly Node[]>): boolean {
  return (users.get(part) as readonly Node[]).every((user) => nodes.includes(user));
}

/** The non-linearity that a node completes: seen from the farthest tensor of which it is a known function. */
function nonLinearityAt(
  node: Node,
  sources: readonly Tensor[],
  writtenFrom: ReturnType<typeof curvesAt>,
): Found | undefined {
  const { op, attrs, inputs, outputs } = node;
  const [activation] = outputs;
  const isOperator = op.activation !== undefined;
  const candidates = sources.filter((source) => !isOperator || source !== inputs[0]);
  for (const preActivation of candidates.toReversed()) {
    const written = writtenFrom(preActivation, activation);
    // Two operators in a row are two non-linearities, whatever function they are together.
    if (written === undefined || (isOperator && written.nodes.slice(0, -1).some((part) => part.op.activation)))
      continue;
    const facts = factsOf(written);
    if (facts !== undefined) return { activation, preActivation, facts, nodes: written.nodes };
  }
  if (op.activation === undefined) return undefined;
  return { activation, preActivation: inputs[0] as Tensor, facts: op.activation.facts(attrs), nodes: [node] };
}

/** Where functions are compared: densely where they bend, off their kinks, and far out. */
const points = [
  ...[-100, -50, -20, -12],
  ...Array.from({ length: 44 }, (_, i) => 0.37 * (i - 22) + 0.06),
  ...[12, 20, 50, 100],
];

/** Constants of files may be in half precision, and the two forms of GELU differ by 5e-4. */
const tolerance = 1e-3;

/** Whether numbers are the wanted ones. Where those are 0, a smallest number is there against a division by 0. */
const areClose = (numbers: ArrayLike<number>, wanted: ArrayLike<number>): boolean =>
  Array.from(wanted).every((value, i) =>
    value === 0 ? numbers[i] === 0 : Math.abs(numbers[i] - value) <= tolerance * Math.max(1, Math.abs(value)),
  );

interface Known {
  readonly record: ActivationRecord<Attributes>;
  value(attrs: Attributes): ArrayLike<number>;
}

const known: readonly Known[] = [
  ...Object.values(ops as Readonly<Record<string, Op>>).flatMap((op): Known[] => {
    if (op.activation === undefined || op.arity[1] !== 1) return [];
    const x = { dtype: "float64", shape: [points.length], data: Float64Array.from(points) } as const;
    const value = (attrs: Attributes) => op.evaluate([x], attrs, { evaluateGraph, outputCount: 1 })[0].data;
    return [{ record: op.activation, value }];
  }),
  { record: clipActivation, value: (attrs) => points.map((x) => clipActivation.value(x, attrs as ClipBounds)) },
];

/** The facts of the known function that a curve is; `undefined` for lines, and if the only input of the last node is the same already. */
function factsOf({ curve, values, before }: Written): ActivationFacts | undefined {
  if (isLine(values) || (before.length === 1 && areClose(before[0], values))) return undefined;
  for (const { record, value } of known) {
    const attrs = record.fit === undefined ? {} : record.fit(curve);
    if (attrs !== undefined && areClose(values, value(attrs))) return record.facts(attrs);
  }
  return undefined;
}

function isLine(values: ArrayLike<number>): boolean {
  const last = points.length - 1;
  const slope = (values[last] - values[0]) / (points[last] - points[0]);
  return areClose(
    points.map((x) => values[0] + slope * (x - points[0])),
    values,
  );
}
