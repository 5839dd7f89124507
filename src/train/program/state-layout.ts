// The layout of a training's state in the vectors that its programs carry.
import { sizeOf } from "../../core/numbers/shape.js";
import { graph } from "../../graph/graph.js";
import { summedAxis } from "../../graph/passes/parts.js";
import type { Tensor } from "../../graph/tensor.js";
import type { Network, Parameter } from "../../nn/network.js";
import { largestFlattened, type Packing, packTensors, type UnpackedTensor } from "./packing.js";
import type { ReadOptimizer } from "./read-optimizer.js";

/** The layout of the state, which is the same for every batch size of a model and optimizer. */
export interface StateLayout {
  /** Trained parameters. */
  readonly parameters: Packing;
  /** Carried along without training: running statistics and frozen parameters. */
  readonly buffers: Packing;
  /** Slots of the optimizer and their value before the first step; each has one vector per parameter vector. */
  readonly slots: Readonly<Record<string, number>>;
}

/**
 * The layout of a network's state. A vector never mixes parameters that the optimizer treats differently.
 * @param networks the size of the ensemble to which the network belongs.
 */
export function stateLayout(network: Network, optimizer?: ReadOptimizer, networks = 1): StateLayout {
  const shapes = (tensors: readonly { path: string; tensor: Tensor }[]) =>
    tensors.map(({ path, tensor }) => ({ path, shape: tensor.shape }));
  const cuttable = (parameters: readonly Parameter[]) => parameters.map((parameter) => withCutAxis(network, parameter));
  const spec = optimizer?.spec;
  const hasGroups = spec !== undefined && spec.weightDecay > 0 && spec.decay === "weights";
  const decays = ({ role }: Parameter): boolean => !hasGroups || role === "weight";
  return {
    parameters: [
      ...packTensors("parameters", cuttable(network.parameters.filter(decays)), { networks }),
      ...packTensors("undecayed", cuttable(network.parameters.filter((parameter) => !decays(parameter))), {
        decays: false,
        networks,
      }),
    ],
    buffers: packTensors("buffers", shapes([...network.buffers, ...network.frozen]), { networks }),
    slots: optimizer?.part.slots(spec) ?? {},
  };
}

/** A parameter, and the axis along which products can read it in parts. */
function withCutAxis({ output, buffers }: Network, { path, tensor }: Parameter): UnpackedTensor {
  const { shape } = tensor;
  if (sizeOf(shape) <= largestFlattened) return { path, shape };
  const whole = graph([], { output, ...Object.fromEntries(buffers.map(({ next }, i) => [`${i}`, next])) });
  const cutAxis = summedAxis(whole, tensor);
  return cutAxis === null ? { path, shape } : { path, shape, cutAxis };
}

/** Names of all carried vectors: parameters, slots in order, buffers. */
export function stateNames({ parameters, buffers, slots }: StateLayout): string[] {
  return [
    ...parameters.map(({ name }) => name),
    ...Object.keys(slots).flatMap((slot) => parameters.map(({ name }) => `${slot}:${name}`)),
    ...buffers.map(({ name }) => name),
  ];
}
