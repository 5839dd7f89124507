// Creates folders on demand.
import { access, constants, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileSystemError } from "./atomic-file.js";

/**
 * Creates a folder and its missing parents, and checks that it is writable.
 * @throws EnvironmentError with the actual reason.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeWithParents(path);
    await access(path, constants.W_OK);
  } catch (cause) {
    throw fileSystemError(path, "create", await trueCause(path, cause));
  }
}

/** Not `recursive`, because Node then never returns if a file system refuses with ENOENT, as /proc does. */
async function makeWithParents(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const above = dirname(path);
  // The error of the last folder explains failures of its parents well enough.
  if (above !== path) await makeWithParents(above).catch(() => undefined);
  try {
    await mkdir(path);
  } catch (cause) {
    // Another process may have created it in the meantime.
    if (!(await isFolder(path))) throw cause;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Node 20 reports ENOENT if a folder cannot be created; the error of the first existing parent is more precise. */
async function trueCause(path: string, cause: unknown): Promise<unknown> {
  if (!(cause instanceof Error) || !("code" in cause) || cause.code !== "ENOENT") return cause;
  const above = dirname(path);
  if (above === path) return cause;
  try {
    await access(above, constants.W_OK);
    return cause;
  } catch (reason) {
    return trueCause(above, reason);
  }
}
