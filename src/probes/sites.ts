// The tensors that probes measure in a network: inputs and outputs of its non-linearities, and its output.
import type { ActivationFacts } from "../graph/activation-record.js";
import type { Node, Tensor } from "../graph/tensor.js";
import { nonLinearities } from "./non-linearities.js";
import { unitAxes } from "./unit-axes.js";

/** A non-linearity, or the output of the network, that a probe can measure. */
export interface Site {
  /** The layer or node it belongs to, unique in the network: `model.layers[1] (relu)`, `/features/Relu`. */
  readonly path: string;
  readonly preActivation?: Tensor;
  readonly activation: Tensor;
  /** Absent of an output that no non-linearity makes. */
  readonly facts?: ActivationFacts;
  /** The axes of its units; absent where a tensor has none. */
  readonly unitAxes?: readonly number[];
  /** Whether it is the output of the network, of which `preActivation` is not a tensor of its own to probes. */
  readonly isOutput?: true;
}

/**
 * The non-linearities of a network in order of execution, then its output.
 * @param inputs the data that the output is computed from.
 */
export function sitesOf(output: Tensor, inputs: readonly Tensor[]): Site[] {
  const unitsOf = unitAxes(output, inputs);
  const found = nonLinearities(output);
  const taken = new Map<string, number>();
  const uniquePath = (path: string): string => {
    const count = (taken.get(path) ?? 0) + 1;
    taken.set(path, count);
    return count === 1 ? path : `${path} #${count}`;
  };
  const site = (path: string, activation: Tensor): Site => {
    const axes = unitsOf(activation);
    return { path, activation, ...(axes === undefined ? {} : { unitAxes: axes }) };
  };
  const sites = found.flatMap(({ activation, ...rest }): Site[] => {
    if (activation === output) return [];
    const node = activation.node as Node;
    return [{ ...site(uniquePath(node.scope ?? node.op.name), activation), ...rest }];
  });
  const last = found.find(({ activation }) => activation === output);
  return [
    ...sites,
    {
      ...site("output", output),
      ...(last === undefined ? {} : { preActivation: last.preActivation, facts: last.facts }),
      isOutput: true,
    },
  ];
}
