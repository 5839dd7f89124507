// Assembles state and tables of an ensemble from those of its networks: network i is the trial with seed `seed + i`.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Network } from "../../nn/network.js";
import { valueSampler } from "../../nn/parameter-values.js";
import { initialState } from "./initial-state.js";
import { type StateLayout, stateNames } from "./state-layout.js";

/** A range of networks of an ensemble. */
export interface ShareExtent {
  /** Index of the first network. */
  readonly first: number;
  readonly networks: number;
}

/**
 * State vectors of all networks before the first step, in the order of `stateNames`.
 * @param single the layout of one network.
 */
export function initialEnsembleState(
  network: Network,
  single: StateLayout,
  { seed, networks }: { readonly seed: number; readonly networks: number },
): TensorData[] {
  // Everything except randomly drawn parameters is the same for all networks.
  const shared = initialState(network, single, seed).map(({ data }) => repeated(data as Float32Array, networks));
  const vectors = new Map(stateNames(single).map((name, i) => [name, shared[i]]));
  for (const packing of [single.parameters, single.buffers]) {
    for (const { name, entries } of packing) {
      const vector = vectors.get(name) as Float32Array;
      for (const { path, offset } of entries) {
        const sample = samplerOf(network, path);
        if (sample === undefined) continue;
        for (let i = 1; i < networks; i++) {
          const values = sample(seed + i);
          for (let k = 0; k < values.length; k++) vector[(offset + k) * networks + i] = values[k];
        }
      }
    }
  }
  return shared.map((data) => ({ dtype: "float32", shape: [data.length], data }));
}

function samplerOf(network: Network, path: string): ((seed: number) => Float32Array) | undefined {
  const drawn = [...network.parameters, ...network.frozen].find((parameter) => parameter.path === path);
  if (drawn === undefined || drawn.value !== undefined) return undefined;
  return valueSampler(drawn);
}

function repeated(values: Float32Array, networks: number): Float32Array {
  const all = new Float32Array(values.length * networks);
  for (let k = 0; k < values.length; k++) all.fill(values[k], k * networks, (k + 1) * networks);
  return all;
}

/** The stored tensors of one network, taken from those of all, whose last axis is the network. */
export function tensorsOfNetwork(all: ReadonlyMap<string, TensorData>, network: number): Map<string, TensorData> {
  return new Map(
    [...all].map(([path, { dtype, shape, data }]) => {
      const networks = shape[shape.length - 1];
      const own = Float32Array.from({ length: data.length / networks }, (_, k) => Number(data[k * networks + network]));
      return [path, { dtype, shape: shape.slice(0, -1), data: own }];
    }),
  );
}

/** Concatenates tables along their columns: `[rows, a]`, `[rows, b]` to `[rows, a + b]`. */
export function joinedRows<T extends Float32Array | Float64Array>(parts: readonly T[], rows: number): T {
  if (parts.length === 1) return parts[0];
  const length = parts.reduce((total, part) => total + part.length, 0);
  const all = (parts[0] instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)) as T;
  const width = length / rows;
  let from = 0;
  for (const part of parts) {
    const own = part.length / rows;
    for (let row = 0; row < rows; row++) all.set(part.subarray(row * own, (row + 1) * own), row * width + from);
    from += own;
  }
  return all;
}

/** Joins the state vectors of an ensemble's shares, in order. */
export function joinedNetworks(parts: readonly TensorData[], [{ networks }]: readonly ShareExtent[]): TensorData {
  if (parts.length === 1) return parts[0];
  const vectors = parts.map(({ data }) => data as Float32Array);
  const data = joinedRows(vectors, vectors[0].length / networks);
  return { dtype: "float32", shape: [data.length], data };
}

/** State vectors of some networks, taken from those of all. */
export function stateOfNetworks(
  state: readonly TensorData[],
  networks: number,
  { first, networks: own }: ShareExtent,
): TensorData[] {
  if (own === networks) return [...state];
  return state.map(({ dtype, data: all }) => {
    const rows = all.length / networks;
    const data = new Float32Array(rows * own);
    for (let row = 0; row < rows; row++) {
      const from = row * networks + first;
      data.set((all as Float32Array).subarray(from, from + own), row * own);
    }
    return { dtype, shape: [data.length], data };
  });
}

/** Joins tables of equal length, one per network, with the networks on the last axis. */
export function interleaved<T extends Int32Array | Float32Array | Float64Array | Uint32Array>(
  tables: readonly T[],
  into: T,
): T {
  const networks = tables.length;
  for (const [i, table] of tables.entries()) {
    for (let k = 0; k < table.length; k++) into[k * networks + i] = table[k];
  }
  return into;
}
