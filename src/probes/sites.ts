// The tensors that probes measure in a network: inputs and outputs of its non-linearities, and its output.
import { nodesInOrder } from "../graph/order.js";
import type { Tensor } from "../graph/tensor.js";

/** A non-linearity, or the output of the network, that a probe can measure. */
export interface Site {
  /** The layer or node it belongs to, unique in the network: `model.layers[1] (relu)`, `/features/Relu`. */
  readonly path: string;
  readonly preActivation?: Tensor;
  readonly activation: Tensor;
  readonly unsaturated?: readonly [number, number];
  readonly off?: number;
}

/** The non-linearities of a network in order of execution, then its output. */
export function sitesOf(output: Tensor): Site[] {
  const sites: Site[] = [];
  const taken = new Map<string, number>();
  const uniquePath = (path: string): string => {
    const count = (taken.get(path) ?? 0) + 1;
    taken.set(path, count);
    return count === 1 ? path : `${path} #${count}`;
  };
  for (const { op, inputs, outputs, scope } of nodesInOrder([output])) {
    if (op.activation === undefined || outputs[0] === output) continue;
    sites.push({
      path: uniquePath(scope ?? op.name),
      preActivation: inputs[0] as Tensor,
      activation: outputs[0],
      ...op.activation,
    });
  }
  return [...sites, { path: "output", activation: output, ...output.node?.op.activation }];
}
