// Reads and writes .npz, NumPy's archive of named arrays: a zip of .npy files.
import { zipSync } from "fflate";
import { InvalidInputError, UnknownNameError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { readNpy, writeNpy } from "./npy.js";
import { readZip, type ZipEntry } from "./zip.js";

const defaultMaxBytes = 2 ** 32;

export interface ReadNpzOptions {
  /** Arrays to read; all by default. The others are not unpacked. */
  readonly names?: readonly string[];
  /** Limit for the sum of all unpacked sizes; 4 GiB by default, as a guard against zip bombs. */
  readonly maxBytes?: number;
}

/**
 * Reads named arrays, in the order of the archive or of `names`.
 * @param where the file, for messages.
 * @throws CorruptFileError for a damaged archive; UnknownNameError for a name that it does not contain.
 */
export function readNpz(bytes: Uint8Array, where: string, options: ReadNpzOptions = {}): Map<string, TensorData> {
  const { maxBytes = defaultMaxBytes } = options;
  const entries = new Map<string, ZipEntry>();
  for (const entry of readZip(bytes, where, maxBytes)) {
    if (entry.name.endsWith(".npy")) entries.set(entry.name.slice(0, -4), entry);
  }
  const arrays = new Map<string, TensorData>();
  for (const name of options.names ?? entries.keys()) {
    const entry = entries.get(name);
    if (entry === undefined) throw new UnknownNameError(where, "array", name, [...entries.keys()]);
    arrays.set(name, readNpy(entry.read(), `${where} > ${name}`));
  }
  return arrays;
}

/**
 * Names of the arrays in an archive, without unpacking it.
 * @throws CorruptFileError for a damaged archive.
 */
export function npzNames(bytes: Uint8Array, where: string, maxBytes = defaultMaxBytes): string[] {
  return readZip(bytes, where, maxBytes)
    .filter(({ name }) => name.endsWith(".npy"))
    .map(({ name }) => name.slice(0, -4));
}

/**
 * Writes named arrays as `numpy.savez_compressed` does. Equal arrays give equal bytes, since the archive has no timestamps.
 * @param compress false stores the bytes as they are, like `numpy.savez`.
 * @throws InvalidInputError for an empty or repeated name.
 */
export function writeNpz(arrays: Iterable<readonly [string, TensorData]>, { compress = true } = {}): Uint8Array {
  const files: Record<string, Uint8Array> = Object.create(null);
  for (const [name, tensor] of arrays) {
    if (name === "" || `${name}.npy` in files) {
      throw new InvalidInputError("array name that is empty or given twice", { where: ".npz", received: `"${name}"` });
    }
    files[`${name}.npy`] = writeNpy(tensor);
  }
  // The format has no time zone, so local midnight of its first day gives the same bytes everywhere.
  return zipSync(files, { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
