// Atomic file writes: a file has either its old or its new contents, never a mixture.
import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EnvironmentError } from "../../core/errors.js";
import { isProcessAlive } from "./process-alive.js";

/**
 * Writes a file atomically: a temporary file in the same folder, flushed to disk, then renamed to `path`.
 * A reader sees either the old or the new bytes. On failure the temporary file is removed and `path` is unchanged.
 * Devices and pipes (`/dev/null`, `/dev/stdout`) are written directly, because a rename would replace them by a file.
 * @throws EnvironmentError for all errors of the file system.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  if (await isStream(path)) return writeStream(path, bytes);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileSystemError(path, "write", cause);
  }
  await syncFolder(dirname(path));
}

/** Whether the path exists and is neither a file nor a folder. */
async function isStream(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

async function writeStream(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw fileSystemError(path, "write", cause);
  }
}

/** Without this, a power failure may undo the rename. Windows cannot open folders and does not need it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/** Newer files may belong to a process on another machine that shares the folder. */
const staleAfterMs = 3_600_000;

/** Removes temporary files of killed processes. Failures are ignored, since this is only cleanup. */
export async function removeStaleTemporaryFiles(folder: string, nowMs: number = Date.now()): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const match = /^\..+\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name);
    if (match === null || isProcessAlive(Number(match[1]))) continue;
    const path = join(folder, name);
    const age = nowMs - ((await stat(path).catch(() => undefined))?.mtimeMs ?? nowMs);
    if (age > staleAfterMs) await rm(path, { force: true }).catch(() => undefined);
  }
}

const reasons: Readonly<Record<string, { readonly because: string; readonly remedy: string }>> = {
  ENOSPC: { because: "the disk is full", remedy: "Free some space, or choose another disk" },
  EDQUOT: { because: "your disk quota is used up", remedy: "Free some space, or choose another disk" },
  EFBIG: { because: "the file would exceed the size limit", remedy: "Choose another disk or raise the limit" },
  EACCES: { because: "permission is denied", remedy: "Choose a folder that you may write, or change its permissions" },
  EPERM: {
    because: "the operation is not permitted",
    remedy: "Choose a folder that you may write, or change its permissions",
  },
  EROFS: { because: "the file system is read-only", remedy: "Choose a folder on another file system" },
  ENOENT: { because: "it or its folder does not exist", remedy: "Create the folder first, or choose another" },
  ENOTDIR: { because: "a part of the path is a file, not a folder", remedy: "Choose another folder" },
  EEXIST: { because: "a file has this name", remedy: "Choose another folder" },
  EISDIR: { because: "it is a folder", remedy: "Choose a file name" },
  ENOTEMPTY: { because: "it is a folder", remedy: "Choose a file name" },
  EMFILE: { because: "too many files are open", remedy: "Raise the limit (ulimit -n) or use fewer workers" },
  EIO: { because: "the disk reports an error", remedy: "Check the disk, or choose another" },
};

/** A file system error as one sentence with a remedy (always exit code 3). */
export function fileSystemError(path: string, action: "read" | "write" | "create", cause: unknown): EnvironmentError {
  const code = errorCode(cause);
  const reason = code === undefined ? undefined : reasons[code];
  const because = reason?.because ?? (cause instanceof Error ? cause.message : String(cause));
  return new EnvironmentError(`cannot ${action} because ${because}${code === undefined ? "" : ` (${code})`}`, {
    where: path,
    ...(reason === undefined ? {} : { remedy: reason.remedy }),
    cause,
  });
}

function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
