// How named tensors lie in the few vectors that the program carries: small ones end to end, large ones alone.
import { InvalidInputError } from "../core/errors.js";
import { type Shape, sizeOf } from "../core/shape.js";
import type { TensorData } from "../core/tensor-data.js";
import { input } from "../graph/build.js";
import { concat, reshape, split } from "../graph/ops/shape-movement.js";
import type { Tensor } from "../graph/tensor.js";

/** A named tensor's place. */
export interface PackedEntry {
  readonly path: string;
  readonly shape: Shape;
  /** First element in its vector. */
  readonly offset: number;
}

/** One carried vector: `float32 [length]`. */
export interface PackedVector {
  readonly name: string;
  readonly length: number;
  readonly entries: readonly PackedEntry[];
  /** Whether weight decay applies to it. */
  readonly decays: boolean;
}

export type Packing = readonly PackedVector[];

// Flattening saves about 17 us per small tensor and update; above this many elements the update chain no longer
// fits the cache together with its neighbours and a vector of its own is faster (bench/README.md, "packing").
export const largestFlattened = 65_536;

/**
 * Lays tensors out; the order of `tensors` is kept inside the common vector.
 * @param networks how many networks share the layout (ensembles): what is small counts for all of them together.
 */
export function packTensors(
  name: string,
  tensors: readonly { readonly path: string; readonly shape: Shape }[],
  { decays = true, networks = 1 }: { readonly decays?: boolean; readonly networks?: number } = {},
): Packing {
  const small: PackedEntry[] = [];
  const vectors: PackedVector[] = [];
  let length = 0;
  for (const { path, shape } of tensors) {
    const size = sizeOf(shape);
    if (size * networks > largestFlattened) {
      vectors.push({ name: `${name}:${path}`, length: size, entries: [{ path, shape, offset: 0 }], decays });
    } else {
      small.push({ path, shape, offset: length });
      length += size;
    }
  }
  if (small.length > 0) vectors.unshift({ name, length, entries: small, decays });
  return vectors;
}

/** Graph inputs, one per vector. */
export function packedInputs(packing: Packing, prefix: string): Tensor[] {
  return packing.map((vector) => input(`${prefix}${vector.name}`, "float32", [vector.length]));
}

/** The named tensors out of symbolic vectors. */
export function unpack(packing: Packing, vectors: readonly Tensor[]): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [i, { entries }] of packing.entries()) {
    const parts =
      entries.length === 1
        ? [vectors[i]]
        : split(
            vectors[i],
            entries.map(({ shape }) => sizeOf(shape)),
            { axis: 0 },
          );
    for (const [j, { path, shape }] of entries.entries()) tensors.set(path, reshape(parts[j], shape));
  }
  return tensors;
}

/** Symbolic vectors from named tensors. */
export function pack(packing: Packing, tensorOf: (path: string) => Tensor): Tensor[] {
  return packing.map(({ entries }) => {
    const flat = entries.map(({ path, shape }) => reshape(tensorOf(path), [sizeOf(shape)]));
    return flat.length === 1 ? flat[0] : concat(flat, { axis: 0 });
  });
}

/** Stored vectors from stored values. */
export function packValues(packing: Packing, elementsOf: (path: string) => Float32Array): TensorData[] {
  return packing.map(({ length, entries }) => {
    const data = new Float32Array(length);
    for (const { path, shape, offset } of entries) {
      const value = elementsOf(path);
      if (value.length !== sizeOf(shape)) {
        throw new InvalidInputError("element count does not fit", {
          where: path,
          expected: `${sizeOf(shape)}`,
          received: `${value.length}`,
        });
      }
      data.set(value, offset);
    }
    return { dtype: "float32", shape: [length], data };
  });
}

/** Stored values by path, out of stored vectors. */
export function unpackValues(packing: Packing, vectors: readonly TensorData[]): Map<string, TensorData> {
  const values = new Map<string, TensorData>();
  for (const [i, { entries }] of packing.entries()) {
    const data = vectors[i].data as Float32Array;
    for (const { path, shape, offset } of entries) {
      values.set(path, { dtype: "float32", shape, data: data.slice(offset, offset + sizeOf(shape)) });
    }
  }
  return values;
}
