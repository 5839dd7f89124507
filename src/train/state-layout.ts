// How the state of a training lies in the vectors that its programs carry.
import type { Tensor } from "../graph/tensor.js";
import type { Network, Parameter } from "../nn/network.js";
import { type Packing, packTensors } from "./packing.js";
import type { ReadOptimizer } from "./program-request.js";

/** How the state lies in vectors. The same for every batch size of a model and optimizer. */
export interface StateLayout {
  /** What is trained. */
  readonly parameters: Packing;
  /** What is carried along: running statistics, and parameters that are held. */
  readonly buffers: Packing;
  /** Slots of the optimizer and their value before the first step; each has one vector per parameter vector. */
  readonly slots: Readonly<Record<string, number>>;
}

/**
 * Where everything of a network lies. Vectors do not mix parameters that the optimizer treats differently.
 * @param networks the extent of an ensemble of which this is one network.
 */
export function stateLayout(network: Network, optimizer?: ReadOptimizer, networks = 1): StateLayout {
  const shapes = (tensors: readonly { path: string; tensor: Tensor }[]) =>
    tensors.map(({ path, tensor }) => ({ path, shape: tensor.shape }));
  const spec = optimizer?.spec;
  const hasGroups = spec !== undefined && spec.weightDecay > 0 && spec.decay === "weights";
  const decays = ({ role }: Parameter): boolean => !hasGroups || role === "weight";
  return {
    parameters: [
      ...packTensors("parameters", shapes(network.parameters.filter(decays)), { networks }),
      ...packTensors("undecayed", shapes(network.parameters.filter((parameter) => !decays(parameter))), {
        decays: false,
        networks,
      }),
    ],
    buffers: packTensors("buffers", shapes([...network.buffers, ...network.frozen]), { networks }),
    slots: optimizer?.part.slots(spec) ?? {},
  };
}

/** Names of all carried vectors: parameters, slots in order, buffers. */
export function stateNames({ parameters, buffers, slots }: StateLayout): string[] {
  return [
    ...parameters.map(({ name }) => name),
    ...Object.keys(slots).flatMap((slot) => parameters.map(({ name }) => `${slot}:${name}`)),
    ...buffers.map(({ name }) => name),
  ];
}
