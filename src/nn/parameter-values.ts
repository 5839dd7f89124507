// The values with which the parameters of a network begin: drawn from the seed, with the rows that are zero.
import { sizeOf } from "../core/numbers/shape.js";
import { parameterSampler } from "./initializers.js";
import type { Parameter } from "./network.js";

type Drawn = Pick<Parameter, "path" | "initializer" | "tensor" | "fans" | "zeroRow">;

/** The initial values of a parameter that does not bring its own. See `initialValues`. */
export function parameterValues(parameter: Drawn, seed: number): Float32Array<ArrayBuffer> {
  return valueSampler(parameter)(seed);
}

/** The initial values of one parameter under many seeds. */
export function valueSampler(parameter: Drawn): (seed: number) => Float32Array<ArrayBuffer> {
  const { path, initializer, tensor, fans, zeroRow } = parameter;
  const sample = parameterSampler(path, initializer, tensor.shape, fans);
  if (zeroRow === undefined) return sample;
  return (seed) => {
    const values = sample(seed);
    const { axis, index } = zeroRow;
    const inner = sizeOf(tensor.shape.slice(axis + 1));
    for (let i = 0; i < values.length; i++) if (Math.floor(i / inner) % tensor.shape[axis] === index) values[i] = 0;
    return values;
  };
}
