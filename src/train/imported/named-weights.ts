// Loads the weights of a network from a file: all of them, matched by name, in the right shapes.

import { InvalidInputError, nearestName, ShapeError } from "../../core/errors.js";
import { float32Range, isFloat } from "../../core/numbers/dtype.js";
import { sameShape, shapeText } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Network } from "../../nn/network.js";

/** PyTorch counts the batches of a normalization; no computed value depends on the count. */
const ignored = /(?:^|\.)num_batches_tracked$/;

/**
 * The values of a network's parameters and buffers by path, as `TrialRequest.initial` expects them.
 * @param where the file, for messages.
 * @throws InvalidInputError that lists all missing and unexpected names; ShapeError.
 */
export function matchWeights(
  where: string,
  tensors: ReadonlyMap<string, TensorData>,
  { parameters, frozen, buffers }: Network,
): Map<string, Float32Array> {
  const wanted = new Map([...parameters, ...frozen, ...buffers].map(({ path, tensor }) => [path, tensor.shape]));
  const missing = [...wanted.keys()].filter((path) => !tensors.has(path));
  const unexpected = [...tensors.keys()].filter((name) => !wanted.has(name) && !ignored.test(name));
  if (missing.length > 0 || unexpected.length > 0) throw namesError(where, missing, unexpected, [...tensors.keys()]);
  const values = new Map<string, Float32Array>();
  for (const [path, shape] of wanted) {
    const { dtype, data, shape: stored } = tensors.get(path) as TensorData;
    if (!isFloat(dtype)) {
      throw new InvalidInputError("not a weight", {
        where: `${where} > ${path}`,
        expected: "floating-point numbers",
        received: dtype,
      });
    }
    if (!sameShape(stored, shape)) {
      throw new ShapeError("the weight does not fit the model", {
        where: `${where} > ${path}`,
        expected: shapeText(shape),
        received: shapeText(stored),
      });
    }
    values.set(path, data instanceof Float32Array ? data : narrowed(`${where} > ${path}`, data as Float64Array));
  }
  return values;
}

/** As float32. @throws InvalidInputError for a number that becomes infinite. */
function narrowed(where: string, data: Float64Array): Float32Array {
  const values = Float32Array.from(data);
  const index = values.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(data[i]));
  if (index === -1) return values;
  throw new InvalidInputError("number too large for float32", {
    where: `${where}, element ${index}`,
    expected: `numbers ${float32Range}`,
    received: `${data[index]}`,
  });
}

function namesError(
  where: string,
  missing: readonly string[],
  unexpected: readonly string[],
  given: readonly string[],
): InvalidInputError {
  const parts = [
    ...(missing.length === 0 ? [] : [`without ${listed(missing)}`]),
    ...(unexpected.length === 0 ? [] : [`with ${listed(unexpected)}, which the model does not have`]),
  ];
  const nearest = missing.length === 0 ? undefined : nearestName(missing[0], given);
  return new InvalidInputError("the weights are not those of the model", {
    where,
    received: `a file ${parts.join(" and ")}`,
    ...(nearest === undefined ? {} : { remedy: `Perhaps "${nearest}" is meant for "${missing[0]}"` }),
  });
}

const mostListed = 8;

function listed(names: readonly string[]): string {
  const quoted = names.slice(0, mostListed).map((name) => `"${name}"`);
  return names.length > mostListed ? `${quoted.join(", ")} and ${names.length - mostListed} more` : quoted.join(", ");
}
