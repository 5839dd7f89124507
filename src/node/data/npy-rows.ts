// Rows of a .npy file, alone or inside an uncompressed .npz archive, read from the disk on request.
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { InvalidInputError } from "../../core/errors.js";
import { sizeOf } from "../../core/numbers/shape.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";
import type { RowSource } from "../../data/dataset.js";
import { decodeNpyElements, type NpyLayout, npyHeadBytes, readNpyLayout } from "../../data/formats/npy.js";
import { finiteFloats } from "../../data/user/array-checks.js";
import { fileError } from "./read-file.js";

/** The position of an array: the whole file, or a part of it. */
export interface FilePart {
  readonly path: string;
  /** For messages: `data.npz > x`. */
  readonly where: string;
  readonly start: number;
  readonly bytes: number;
}

/** Rows of an array on disk, with the results of the first pass over all of them. */
export interface StreamedRows {
  readonly source: RowSource;
  /** Hexadecimal SHA-256 of the part of the file. */
  readonly sha256: string;
}

/** Bytes per read in the first pass. */
const scanBytes = 8 * 1024 * 1024;
/** Number of concurrent reads, so that the disk gets the next request before it has answered. */
const readsAtOnce = 32;
/** The longest single read of rows. */
const runBytes = 1024 * 1024;
/** Rows closer than this are read together. */
const gapBytes = 4096;

/**
 * Opens an array for reading by rows. A first pass over the whole file checks and fingerprints it. `float64` becomes
 * `float32`.
 * @throws InvalidInputError for Fortran order, an array without rows, and a number that is not finite (with its row);
 * CorruptFileError; EnvironmentError.
 */
export async function openNpyRows(part: FilePart): Promise<StreamedRows> {
  const head = await withFile(part, (handle) => readAt(handle, part.start, Math.min(part.bytes, npyHeadBytes), part));
  const layout = readNpyLayout(head, part.bytes, part.where);
  if (layout.isFortran) {
    throw new InvalidInputError("an array that is read by rows cannot be in Fortran order", {
      where: part.where,
      remedy: "Save it with numpy.save(file, numpy.ascontiguousarray(array))",
    });
  }
  const rowShape = layout.shape.slice(1);
  if (layout.shape.length === 0 || sizeOf(layout.shape) === 0) {
    throw new InvalidInputError("no rows", { where: part.where, expected: "at least one example" });
  }
  const { dtype } = layout.elements;
  const sha256 = await scan(part, layout);
  return {
    sha256,
    source: {
      dtype: dtype === "float64" ? "float32" : dtype,
      shape: layout.shape,
      read: (rows) => withFile(part, (handle) => readRows(handle, part, layout, rowShape, rows)),
    },
  };
}

/** Reads rows in ascending runs: rows that are close in the file are read together, whatever order is requested. */
async function readRows(
  handle: FileHandle,
  part: FilePart,
  layout: NpyLayout,
  rowShape: readonly number[],
  rows: Int32Array,
): Promise<TensorData> {
  const rowBytes = layout.elements.bytes * sizeOf(rowShape);
  const bytes = new Uint8Array(rows.length * rowBytes);
  const order = Int32Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
  const first = part.start + layout.start;
  const runs = runsOf(rows, order, rowBytes);
  for (let next = 0; next < runs.length; next += readsAtOnce) {
    await Promise.all(
      runs.slice(next, next + readsAtOnce).map(async ([i, end]) => {
        const begin = rows[order[i]];
        const count = rows[order[end - 1]] - begin + 1;
        const run = await readAt(handle, first + begin * rowBytes, count * rowBytes, part);
        for (const to of order.subarray(i, end)) {
          const from = (rows[to] - begin) * rowBytes;
          bytes.set(run.subarray(from, from + rowBytes), to * rowBytes);
        }
      }),
    );
  }
  const data = decodeNpyElements(bytes, layout, part.where);
  return finiteFloats(tensorData(layout.elements.dtype, [rows.length, ...rowShape], data), part.where);
}

/** Ranges of `order`, which sorts the rows, that are read together: close rows, up to a limit. */
function runsOf(rows: Int32Array, order: Int32Array, rowBytes: number): [start: number, end: number][] {
  const runs: [number, number][] = [];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (
      end < order.length &&
      (rows[order[end]] - rows[order[end - 1]] - 1) * rowBytes <= gapBytes &&
      (rows[order[end]] - rows[order[start]] + 1) * rowBytes <= runBytes
    )
      end++;
    runs.push([start, end]);
    start = end;
  }
  return runs;
}

/** Reads the whole array for its fingerprint and its first non-finite number. */
async function scan(part: FilePart, layout: NpyLayout): Promise<string> {
  const rowShape = layout.shape.slice(1);
  const rowBytes = layout.elements.bytes * sizeOf(rowShape);
  const rowsAtOnce = Math.max(1, Math.floor(scanBytes / rowBytes));
  const hash = createHash("sha256");
  await withFile(part, async (handle) => {
    hash.update(await readAt(handle, part.start, layout.start, part));
    for (let row = 0; row < layout.shape[0]; row += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, layout.shape[0] - row);
      const bytes = await readAt(handle, part.start + layout.start + row * rowBytes, count * rowBytes, part);
      hash.update(bytes);
      const data = decodeNpyElements(bytes, layout, part.where);
      finiteFloats(tensorData(layout.elements.dtype, [count, ...rowShape], data), part.where, row);
    }
  });
  return hash.digest("hex");
}

async function withFile<T>({ path }: FilePart, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    return await use(handle);
  } catch (cause) {
    throw fileError(path, cause);
  } finally {
    await handle?.close();
  }
}

/** Reads exactly the requested number of bytes, in as many reads as the system needs. */
async function readAt(handle: FileHandle, start: number, count: number, { where }: FilePart): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let filled = 0; filled < count; ) {
    const { bytesRead } = await handle.read(bytes, filled, count - filled, start + filled);
    if (bytesRead === 0) {
      throw new InvalidInputError("the file became shorter while it was read", {
        where,
        remedy: "Leave it alone during a training, and start again",
      });
    }
    filled += bytesRead;
  }
  return bytes;
}
