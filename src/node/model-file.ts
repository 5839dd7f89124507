// Reads ONNX models from disk: the file, and external data files beside it.
import { readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CorruptFileError, InvalidInputError } from "../core/errors.js";
import type { ReadExternal } from "../onnx/file/external-data.js";
import { fileSystemError } from "./files/atomic-file.js";

/** The limit of the format; larger models keep their values in other files. */
const largestModel = 2 ** 31 - 1;
// The largest size that Node reads into one array.
const largestExternal = 2 ** 33;

export interface ModelFile {
  readonly bytes: Uint8Array;
  /** Files beside the model, each read once. */
  readonly readExternal: ReadExternal;
}

/**
 * Reads a model file; its size is checked before anything is read.
 * @throws InvalidInputError if the file does not exist, CorruptFileError if it is larger than the format allows.
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
 * The real path of a file beside a model. A link could lead anywhere, so the target must be in the folder itself.
 * @throws InvalidInputError for a link that leads out of the folder, and errors of the file system.
 */
export function pathBeside(model: string, location: string): string {
  const folder = dirname(model);
  const path = join(folder, location);
  const real = realpathSync(path);
  if (dirname(real) === realpathSync(folder)) return real;
  throw new InvalidInputError("leads out of the model's folder", {
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
    throw readError(path, cause, `${model} keeps values there. Put both files into one folder`);
  }
}

/** Accepts only regular files, because a device or a pipe may be endless. */
export function checkKind(path: string, status: Stats, expected = "an .onnx file"): void {
  if (status.isFile()) return;
  throw new InvalidInputError(status.isDirectory() ? "is a folder" : "is not a regular file", {
    where: path,
    expected,
  });
}

function checkSize(path: string, size: number, limit: number): void {
  if (size <= limit) return;
  throw new CorruptFileError("file is too large", {
    where: path,
    expected: `at most ${limit} bytes`,
    received: `${size}`,
  });
}

/** The same error with a remedy. */
export function readError(path: string, cause: unknown, remedy = "Check the path"): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined || cause instanceof InvalidInputError || cause instanceof CorruptFileError) return cause;
  return code === "ENOENT"
    ? new InvalidInputError("no such file", { where: path, remedy, cause })
    : fileSystemError(path, "read", cause);
}
