// Packs named tensors into the few vectors that the program carries: small ones concatenated, large ones separate, and
// the largest in parts.
import { InvalidInputError } from "../../core/errors.js";
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { input } from "../../graph/build.js";
import { concat, reshape, split } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";

/** The position of a named tensor, or of a part of one. */
export interface PackedEntry {
  readonly path: string;
  /** Shape of the part. */
  readonly shape: Shape;
  /** First element in its vector. */
  readonly offset: number;
  readonly part?: TensorPart;
}

/** A run of indices of one axis of a tensor. */
export interface TensorPart {
  readonly axis: number;
  /** First index. */
  readonly start: number;
  /** Shape of the whole tensor. */
  readonly whole: Shape;
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
// fits the cache together with its neighbors, and a separate vector is faster (bench/README.md, "packing").
export const largestFlattened = 65_536;

// A part of a weight, its slots, its gradient and intermediate values take about eight times its bytes; with parts of
// this many elements all of that stays in the last cache while the part is updated (docs/performance.md, "Parts").
const partSize = 400_000;
// Products of narrower parts leave matrix units idle, and with up to 256 columns they would have to be swapped
// (`threadInvariant`). A multiple of every vector length.
const narrowestPart = 384;
const partMultiple = 64;

/** A tensor to pack, and the axis along which it may be split. */
export interface UnpackedTensor {
  readonly path: string;
  readonly shape: Shape;
  readonly cutAxis?: number;
}

const mostParts = 100_000;

/**
 * Sizes of the parts of a tensor along an axis; a single one if it is too small to split. The same on every machine.
 */
export function partExtents(shape: Shape, axis: number): number[] {
  const wanted = Math.min(sizeOf(shape) / partSize, shape[axis] / narrowestPart);
  // A tensor that exceeds memory is refused later by its size; a list of its parts would exhaust the memory first.
  if (wanted < 2 || wanted > mostParts) return [shape[axis]];
  const count = Math.floor(wanted);
  const boundary = (i: number): number =>
    i === count ? shape[axis] : Math.round((i * shape[axis]) / count / partMultiple) * partMultiple;
  return Array.from({ length: count }, (_, i) => boundary(i + 1) - boundary(i));
}

function partVectors(name: string, { path, shape, cutAxis: axis }: UnpackedTensor, decays: boolean): PackedVector[] {
  const extents = axis === undefined ? [] : partExtents(shape, axis);
  if (axis === undefined || extents.length < 2)
    return [{ name: `${name}:${path}`, length: sizeOf(shape), entries: [{ path, shape, offset: 0 }], decays }];
  let start = 0;
  return extents.map((extent, number) => {
    const own = shape.with(axis, extent);
    const part = { axis, start, whole: shape };
    start += extent;
    const entries = [{ path, shape: own, offset: 0, part }];
    return { name: `${name}:${path}#${number}`, length: sizeOf(own), entries, decays };
  });
}

/**
 * Packs tensors; the common vector keeps the order of `tensors`.
 * @param networks how many networks share the layout (ensembles): smallness is measured over all of them together, and
 *   nothing is split.
 */
export function packTensors(
  name: string,
  tensors: readonly UnpackedTensor[],
  { decays = true, networks = 1 }: { readonly decays?: boolean; readonly networks?: number } = {},
): Packing {
  const small: PackedEntry[] = [];
  const vectors: PackedVector[] = [];
  let length = 0;
  for (const { path, shape, cutAxis } of tensors) {
    const size = sizeOf(shape);
    if (size * networks > largestFlattened) {
      const cut = networks === 1 && cutAxis !== undefined ? { path, shape, cutAxis } : { path, shape };
      vectors.push(...partVectors(name, cut, decays));
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

/** The named tensors from symbolic vectors, each as a list of parts; most have one. */
export function unpackParts(packing: Packing, vectors: readonly Tensor[]): Map<string, readonly Tensor[]> {
  const tensors = new Map<string, Tensor[]>();
  for (const [i, { entries }] of packing.entries()) {
    const pieces =
      entries.length === 1
        ? [vectors[i]]
        : split(
            vectors[i],
            entries.map(({ shape }) => sizeOf(shape)),
            { axis: 0 },
          );
    for (const [j, { path, shape }] of entries.entries())
      tensors.set(path, [...(tensors.get(path) ?? []), reshape(pieces[j], shape)]);
  }
  return tensors;
}

/** Joins parts by path to whole tensors, for tensors or gradients. */
export function joinParts(packing: Packing, parts: ReadonlyMap<string, readonly Tensor[]>): Map<string, Tensor> {
  const axes = new Map(packing.flatMap(({ entries }) => entries.map(({ path, part }) => [path, part?.axis] as const)));
  const joined = (path: string, own: readonly Tensor[]): Tensor =>
    own.length === 1 ? own[0] : concat(own, { axis: axes.get(path) as number });
  return new Map([...parts].map(([path, own]) => [path, joined(path, own)]));
}

/** The named tensors from symbolic vectors. */
export function unpack(packing: Packing, vectors: readonly Tensor[]): Map<string, Tensor> {
  return joinParts(packing, unpackParts(packing, vectors));
}

/** Symbolic vectors from the parts of named tensors. */
export function pack(packing: Packing, partsOf: (path: string) => readonly Tensor[]): Tensor[] {
  const taken = new Map<string, number>();
  const next = (path: string): Tensor => {
    const number = taken.get(path) ?? 0;
    taken.set(path, number + 1);
    return partsOf(path)[number];
  };
  return packing.map(({ entries }) => {
    const flat = entries.map(({ path, shape }) => reshape(next(path), [sizeOf(shape)]));
    return flat.length === 1 ? flat[0] : concat(flat, { axis: 0 });
  });
}

/** Stored vectors from stored values. */
export function packValues(packing: Packing, elementsOf: (path: string) => Float32Array): TensorData[] {
  return packing.map(({ length, entries }) => {
    const data = new Float32Array(length);
    for (const entry of entries) {
      const value = elementsOf(entry.path);
      const size = sizeOf(entry.part?.whole ?? entry.shape);
      if (value.length !== size) {
        throw new InvalidInputError("element count does not fit", {
          where: entry.path,
          expected: `${size}`,
          received: `${value.length}`,
        });
      }
      for (const { inVector, inTensor, length: run } of runs(entry))
        data.set(value.subarray(inTensor, inTensor + run), inVector);
    }
    return { dtype: "float32", shape: [length], data };
  });
}

/** Stored values by path, from stored vectors. */
export function unpackValues(packing: Packing, vectors: readonly TensorData[]): Map<string, TensorData> {
  const values = new Map<string, TensorData>();
  for (const [i, { entries }] of packing.entries()) {
    const data = vectors[i].data as Float32Array;
    for (const entry of entries) {
      const shape = entry.part?.whole ?? entry.shape;
      const value = values.get(entry.path)?.data ?? new Float32Array(sizeOf(shape));
      for (const { inVector, inTensor, length } of runs(entry))
        (value as Float32Array).set(data.subarray(inVector, inVector + length), inTensor);
      values.set(entry.path, { dtype: "float32", shape, data: value });
    }
  }
  return values;
}

/** Runs of elements that are contiguous both in the vector and in the whole tensor. */
function* runs({
  shape,
  offset,
  part,
}: PackedEntry): Generator<{ inVector: number; inTensor: number; length: number }> {
  if (part === undefined) {
    yield { inVector: offset, inTensor: 0, length: sizeOf(shape) };
    return;
  }
  const { axis, start, whole } = part;
  const inner = sizeOf(shape.slice(axis + 1));
  const length = shape[axis] * inner;
  for (let outer = 0; outer < sizeOf(shape.slice(0, axis)); outer++)
    yield { inVector: offset + outer * length, inTensor: (outer * whole[axis] + start) * inner, length };
}
