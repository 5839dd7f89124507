// The tensors of a network before training: parameters drawn from the seed, statistics at their initial value.
import { sizeOf } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import type { Tensor } from "../graph/tensor.js";
import type { Network } from "./network.js";
import { parameterValues } from "./parameter-values.js";

/**
 * The initial value of a parameter or statistic by its graph input; `undefined` for any other tensor. Values depend on
 * the seed and the parameter's path only, and are the ones that training starts with.
 */
export function initialTensors(network: Network): (tensor: Tensor, seed: number) => TensorData | undefined {
  const parameters = new Map([...network.parameters, ...network.frozen].map((one) => [one.tensor, one]));
  const buffers = new Map(network.buffers.map((one) => [one.tensor, one.initial]));
  return (tensor, seed) => {
    const { shape } = tensor;
    const initial = parameters.get(tensor)?.value ?? buffers.get(tensor);
    if (typeof initial === "object") return initial;
    if (initial !== undefined) return { dtype: "float32", shape, data: new Float32Array(sizeOf(shape)).fill(initial) };
    const parameter = parameters.get(tensor);
    if (parameter === undefined) return undefined;
    return { dtype: "float32", shape, data: parameterValues(parameter, seed) };
  };
}
