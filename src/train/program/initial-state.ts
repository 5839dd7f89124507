// The state of a training before its first step: parameters from the seed or the caller, slots and buffers.
import { InvalidInputError, UnknownNameError } from "../../core/errors.js";
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Network } from "../../nn/network.js";
import { parameterValues } from "../../nn/parameter-values.js";
import { packValues } from "./packing.js";
import type { StateLayout } from "./state-layout.js";

/**
 * State vectors in the order of `stateNames`.
 * @param given values by path that override those from the seed or the file.
 * @throws UnknownNameError for a path that the network does not have, InvalidInputError for a wrong element count.
 */
export function initialState(
  network: Network,
  layout: StateLayout,
  seed: number,
  given: ReadonlyMap<string, Float32Array> = new Map(),
): TensorData[] {
  const values = new Map<string, Float32Array>();
  const all = [...network.parameters, ...network.frozen, ...network.buffers];
  const paths = all.map(({ path }) => path);
  for (const path of given.keys()) {
    if (!paths.includes(path)) throw new UnknownNameError("initial", "parameter", path, paths);
  }
  for (const parameter of [...network.parameters, ...network.frozen]) {
    const { path, value } = parameter;
    const own = value === undefined ? parameterValues(parameter, seed) : floats(path, value);
    values.set(path, given.get(path) ?? own);
  }
  for (const { path, tensor, initial } of network.buffers) {
    const own = typeof initial === "number" ? constantValues(tensor.shape, initial) : floats(path, initial);
    values.set(path, given.get(path) ?? own);
  }
  const initialOf = (path: string): Float32Array => values.get(path) as Float32Array;
  const parameters = packValues(layout.parameters, initialOf);
  const slots = Object.values(layout.slots).flatMap((initial) =>
    parameters.map(({ shape }): TensorData => ({ dtype: "float32", shape, data: constantValues(shape, initial) })),
  );
  return [...parameters, ...slots, ...packValues(layout.buffers, initialOf)];
}

const constantValues = (shape: Shape, value: number): Float32Array => new Float32Array(sizeOf(shape)).fill(value);

function floats(path: string, { dtype, data }: TensorData): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new InvalidInputError("cannot be trained", { where: path, expected: "float32", received: dtype });
}
