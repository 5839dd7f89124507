// ONNX models on disk: the file, and the files beside it that large ones keep their values in.
import { readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CorruptFileError, InvalidInputError } from "../core/errors.js";
import type { ReadExternal } from "../onnx/file/external-data.js";
import { fileSystemError } from "./files/atomic-file.js";

/** The format's own limit; what is larger keeps its values in other files. */
const largestModel = 2 ** 31 - 1;
// Node reads no more at once into one array than this.
const largestExternal = 2 ** 33;

export interface ModelFile {
  readonly bytes: Uint8Array;
  /** Files beside the model, each read once. */
  readonly readExternal: ReadExternal;
}

/**
 * Reads a model's file; its size is looked at before anything is read.
 * @throws InvalidInputError when there is none, CorruptFileError when it is larger than the format allows.
 */
export async function readModelFile(path: string): Promise<ModelFile> {
  try {
    const status = await stat(path);
    checkKind(path, status);
    checkSize(path, status.size, largestModel);
    return { bytes: await readFile(path), readExternal: externalReader(path) };
  } catch (cause) {
    throw readError(path, cause);
  }
}

function externalReader(model: string): ReadExternal {
  const known = new Map<string, Uint8Array>();
  return (location) => {
    const bytes = known.get(location) ?? readBeside(model, location);
    known.set(location, bytes);
    return bytes;
  };
}

/**
 * Where a file beside a model really is. A link could lead anywhere: what is read must lie in the folder itself.
 * @throws InvalidInputError for a link that leads out of it, errors of the file system.
 */
export function pathBeside(model: string, location: string): string {
  const folder = dirname(model);
  const path = join(folder, location);
  const real = realpathSync(path);
  if (dirname(real) === realpathSync(folder)) return real;
  throw new InvalidInputError("leads out of the folder of the model", {
    where: path,
    expected: "a file beside the model",
    received: "a link",
  });
}

function readBeside(model: string, location: string): Uint8Array {
  const path = join(dirname(model), location);
  try {
    const real = pathBeside(model, location);
    const status = statSync(real);
    checkKind(path, status, "a file beside the model");
    checkSize(path, status.size, largestExternal);
    return readFileSync(real);
  } catch (cause) {
    throw readError(path, cause, `${model} keeps values there: put both into one folder`);
  }
}

/** A device or a pipe may have no end. */
export function checkKind(path: string, status: Stats, expected = "an .onnx file"): void {
  if (status.isFile()) return;
  throw new InvalidInputError(status.isDirectory() ? "is a folder" : "is no plain file", { where: path, expected });
}

function checkSize(path: string, size: number, limit: number): void {
  if (size <= limit) return;
  throw new CorruptFileError("file is too large", {
    where: path,
    expected: `at most ${limit} bytes`,
    received: `${size}`,
  });
}

/** The same fault in words that say what to do. */
export function readError(path: string, cause: unknown, remedy = "Check the path"): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined || cause instanceof InvalidInputError || cause instanceof CorruptFileError) return cause;
  return code === "ENOENT"
    ? new InvalidInputError("no such file", { where: path, remedy, cause })
    : fileSystemError(path, "read", cause);
}
