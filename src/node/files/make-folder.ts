// Folders made when they are needed.
import { access, constants, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileSystemError } from "./atomic-file.js";

/**
 * Makes a folder and those above it where they are missing, and makes sure that files can be written into it.
 * @throws EnvironmentError with the true reason.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeWithParents(path);
    await access(path, constants.W_OK);
  } catch (cause) {
    throw fileSystemError(path, "create", await trueCause(path, cause));
  }
}

/** Not `recursive`: Node then never comes back from a file system that refuses with ENOENT, as /proc does. */
async function makeWithParents(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const above = dirname(path);
  // What the last folder is refused with says enough of those above it.
  if (above !== path) await makeWithParents(above).catch(() => undefined);
  try {
    await mkdir(path);
  } catch (cause) {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(path))) throw cause;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Node 20 says ENOENT where a folder cannot be made: what the first folder that exists refuses says more. */
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
