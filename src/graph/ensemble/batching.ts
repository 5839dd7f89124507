// Turns the graph of one network into a graph of many: some inputs get a network axis, the last.
//
//   x [batch, features]  --n networks-->  x [batch, features, n]
//
// The network axis is last and therefore contiguous: an operation on one value of every network is one run over memory,
// which makes thousands of small networks fast (docs/performance.md, "Ensembles"). Every operator has its rule
// (ops/network-axis/rules.ts); since the whole training step is a graph, gradients, losses and optimizers need none of
// their own.
import { InvalidInputError } from "../../core/errors.js";
import { sameShape, shapeText } from "../../core/numbers/shape.js";
import { apply, input, withScope } from "../build.js";
import { expand, reshape } from "../ops/movement/shape-movement.js";
import type { BatchContext } from "../ops/network-axis/ensemble-rule.js";
import { ensembleRules } from "../ops/network-axis/rules.js";
import { nodesOf } from "../order.js";
import type { Graph, NamedTensor, Node, Tensor } from "../tensor.js";

export interface BatchedGraph {
  readonly graph: Graph;
  /** Which outputs have the network axis; the others are the same for all networks. */
  readonly batched: readonly boolean[];
}

/**
 * The graph for `networks` networks. Inputs in `varying` get a last axis of that size; the others are shared. Values
 * that depend on a varying input also have the axis.
 * @throws InvalidInputError that names operator and layer if an operator has no batching rule.
 */
export function batchGraph(source: Graph, varying: ReadonlySet<Tensor>, networks: number): BatchedGraph {
  const images = new Map<Tensor, Tensor>();
  const batched = new Set<Tensor>();
  for (const tensor of source.inputs) {
    if (!varying.has(tensor)) continue;
    images.set(tensor, withNetworkAxis(tensor, networks));
    batched.add(tensor);
  }
  const imageOf = (tensor: Tensor): Tensor => images.get(tensor) ?? tensor;
  for (const node of nodesOf(source)) {
    const inputs = node.inputs.map((tensor) => (tensor === null ? null : imageOf(tensor)));
    const flags = node.inputs.map((tensor) => tensor !== null && batched.has(tensor));
    if (!flags.includes(true)) continue;
    const outputs = withScope(node.scope, () => batchNode(node, inputs, flags, networks));
    for (const [i, output] of node.outputs.entries()) {
      images.set(output, outputs[i]);
      batched.add(output);
    }
  }
  const outputs = source.outputs.map(({ name, tensor }): NamedTensor => ({ name, tensor: imageOf(tensor) }));
  return {
    graph: { inputs: source.inputs.map(imageOf), outputs },
    batched: source.outputs.map(({ tensor }) => batched.has(tensor)),
  };
}

/** A graph input with one more axis. */
export function withNetworkAxis({ name = "", dtype, shape, axisNames }: Tensor, networks: number): Tensor {
  return input(name, dtype, [...shape, networks], axisNames === undefined ? undefined : [...axisNames, null]);
}

/** The outputs of a node for many networks. Some of its inputs have the network axis. */
export function batchNode(
  node: Node,
  inputs: readonly (Tensor | null)[],
  batched: readonly boolean[],
  networks: number,
): readonly Tensor[] {
  const { op, attrs } = node;
  const rules = ensembleRules(op);
  if (op.batch === undefined && rules === undefined) {
    throw new InvalidInputError("this operator cannot be in an ensemble", {
      where: node.scope === undefined ? op.name : `${node.scope} > ${op.name}`,
      expected: "an operator with a batching rule, as in dense and element-wise layers",
      remedy: "Train the networks one by one, each with its own seed",
    });
  }
  const shared = (i: number): Tensor => inputs[i] as Tensor;
  const aligned = (i: number): Tensor => {
    const tensor = shared(i);
    return batched[i] || tensor.shape.length === 0 ? tensor : reshape(tensor, [...tensor.shape, 1]);
  };
  const spread = (i: number): Tensor => (batched[i] ? shared(i) : expand(aligned(i), [...shared(i).shape, networks]));
  const context: BatchContext = {
    ...{ node, attrs, inputs, batched, networks, aligned, spread },
    batchGraph: (source, varying) => batchGraph(source, varying, networks),
  };
  const outputs =
    rules === undefined
      ? apply(
          op,
          inputs.map((tensor, i) => (tensor === null ? null : aligned(i))),
          attrs,
        )
      : rules.batch(context);
  for (const [i, output] of node.outputs.entries()) checkOutput(node, output, outputs[i], networks);
  return outputs;
}

/** Checks the position of the axis: elsewhere, broadcasting would hide the error and give wrong numbers. */
function checkOutput({ op, scope }: Node, single: Tensor, many: Tensor, networks: number): void {
  const expected = [...single.shape, networks];
  if (many.dtype === single.dtype && sameShape(many.shape, expected)) return;
  throw new InvalidInputError(`the batching rule of ${op.name} broke its shape`, {
    where: scope ?? op.name,
    expected: `${single.dtype} ${shapeText(expected)}`,
    received: `${many.dtype} ${shapeText(many.shape)}`,
  });
}
