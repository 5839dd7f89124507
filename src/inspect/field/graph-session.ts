// The port for measurements that execute a graph, possibly many times. The reference implementation is general but
// slow.
import { InvalidInputError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { NdArray } from "../../graph/op.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { fromTensorData } from "../../graph/reference/nd-array.js";
import type { Graph, Tensor } from "../../graph/tensor.js";

/** A graph that is ready to run. */
export interface GraphSession {
  /**
   * Returns outputs by name.
   * @param feeds the inputs without a constant value, by name.
   */
  run(
    feeds: Readonly<Record<string, TensorData>>,
  ): Promise<Readonly<Record<string, { readonly data: ArrayLike<number> }>>>;
  dispose(): Promise<void>;
}

/** @param constants inputs with the same value in every run: the weights. */
export type OpenGraph = (graph: Graph, constants: ReadonlyMap<Tensor, TensorData>) => Promise<GraphSession>;

/** The reference evaluation in float64, for small graphs and exact results. */
export const referenceSession: OpenGraph = async (graph, constants) => {
  const held = new Map<Tensor, NdArray>([...constants].map(([tensor, value]) => [tensor, fromTensorData(value)]));
  return {
    async run(feeds) {
      const values = graph.inputs.map((tensor) => held.get(tensor) ?? fromTensorData(fed(feeds, tensor)));
      const results = evaluateGraph(graph, values);
      return Object.fromEntries(graph.outputs.map(({ name }, i) => [name, results[i]]));
    },
    async dispose() {},
  };
};

function fed(feeds: Readonly<Record<string, TensorData>>, { name = "" }: Tensor): TensorData {
  if (Object.hasOwn(feeds, name)) return feeds[name];
  throw new InvalidInputError(`missing input "${name}"`, { where: "referenceSession" });
}
