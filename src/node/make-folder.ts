// Folders made when they are needed.
import { access, constants, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { fileSystemError } from "./atomic-file.js";

/**
 * Makes a folder and those above it where they are missing, and makes sure that files can be written into it.
 * @throws EnvironmentError with the true reason.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw fileSystemError(path, "create", await trueCause(path, cause));
  }
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
