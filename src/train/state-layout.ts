// How the state of a training lies in the vectors that its programs carry.
import type { Tensor } from "../graph/tensor.js";
import type { Network } from "../nn/network.js";
import { type Packing, packTensors } from "./packing.js";

/** How the state lies in vectors. The same for every batch size of a model and optimizer. */
export interface StateLayout {
  /** What is trained. */
  readonly parameters: Packing;
  /** What is carried along: running statistics, and parameters that are held. */
  readonly buffers: Packing;
  /** Slot names of the optimizer; each has one vector per parameter vector. */
  readonly slots: readonly string[];
}

/** Where everything of a network lies. */
export function stateLayout(network: Network, slots: readonly string[]): StateLayout {
  const shapes = (tensors: readonly { path: string; tensor: Tensor }[]) =>
    tensors.map(({ path, tensor }) => ({ path, shape: tensor.shape }));
  return {
    parameters: packTensors("parameters", shapes(network.parameters)),
    buffers: packTensors("buffers", shapes([...network.buffers, ...network.frozen])),
    slots,
  };
}

/** Names of all carried vectors: parameters, slots in order, buffers. */
export function stateNames({ parameters, buffers, slots }: StateLayout): string[] {
  return [
    ...parameters.map(({ name }) => name),
    ...slots.flatMap((slot) => parameters.map(({ name }) => `${slot}:${name}`)),
    ...buffers.map(({ name }) => name),
  ];
}
