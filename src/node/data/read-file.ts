// Reads whole files of users, after checking their size.
import { constants, open, stat } from "node:fs/promises";
import { CorruptFileError, InvalidInputError, MissingDataError, TrainscopeError } from "../../core/errors.js";
import { fileSystemError } from "../files/atomic-file.js";

/** Node cannot read 2 GiB or more at once, and a single typed array should stay below that as well. */
const maxFileBytes = 2 ** 31 - 1;

/** Opening a pipe without a writer would block. The flag has no effect on regular files, and Windows lacks it. */
export const withoutWaiting: number = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * The bytes of a regular file.
 * @throws MissingDataError if it does not exist (exit code 3); InvalidInputError for folders and devices;
 * CorruptFileError above the limit; EnvironmentError if it cannot be read.
 */
export async function readUserFile(path: string, maxBytes = maxFileBytes): Promise<Uint8Array> {
  try {
    const handle = await open(path, withoutWaiting);
    try {
      const status = await handle.stat();
      // Opening also succeeds for folders and devices, and a device may have no end.
      if (!status.isFile()) throw notAFile(path, status.isDirectory());
      if (status.size > maxBytes) throw tooLarge(path, status.size, maxBytes);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError(path, cause);
  }
}

/** The kind of a path. @throws MissingDataError if it does not exist; InvalidInputError for devices; EnvironmentError. */
export async function pathKind(path: string): Promise<"file" | "folder"> {
  let status: Awaited<ReturnType<typeof stat>>;
  try {
    status = await stat(path);
  } catch (cause) {
    throw fileError(path, cause);
  }
  if (status.isDirectory()) return "folder";
  if (status.isFile()) return "file";
  throw notAFile(path, false);
}

/** An error of the file system about a user's file, as an error with the right exit code. */
export function fileError(path: string, cause: unknown): TrainscopeError {
  if (cause instanceof TrainscopeError) return cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new MissingDataError("no such file or folder", { where: path, remedy: "Check the path", cause });
  }
  return fileSystemError(path, "read", cause);
}

/** The error for a folder, a device or a pipe, which may have no end. */
export function notAFile(path: string, isFolder: boolean): InvalidInputError {
  return new InvalidInputError(isFolder ? "is a folder" : "is not an ordinary file", {
    where: path,
    expected: "a file",
  });
}

function tooLarge(path: string, size: number, limit: number): CorruptFileError {
  return new CorruptFileError("file is too large", {
    where: path,
    expected: `at most ${limit} bytes`,
    received: `${size}`,
    ...(limit === maxFileBytes
      ? { remedy: "Save its arrays as .npy files in one folder, which are read row by row" }
      : {}),
  });
}
