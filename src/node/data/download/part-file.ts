// The unfinished file of a download: kept for the next attempt, written by one process at a time.
import { randomBytes } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileSystemError } from "../../files/atomic-file.js";
import { isProcessAlive } from "../../files/process-alive.js";

export interface PartFile {
  readonly path: string;
  /** Releases the file. Removes it if it is empty or not to be kept. */
  release(options: { readonly keep: boolean }): Promise<void>;
}

/**
 * Claims `<folder>/<name>.part` with the bytes of an earlier attempt. While another process holds it, the caller gets its
 * own empty file instead, which is never kept: the last process to finish wins, with equal bytes.
 * @throws EnvironmentError if the folder is not writable.
 */
export async function claimPart(folder: string, name: string): Promise<PartFile> {
  const shared = join(folder, `${name}.part`);
  const lock = `${shared}.lock`;
  if (await takeLock(lock)) {
    return {
      path: shared,
      async release({ keep }) {
        const size = (await stat(shared).catch(() => undefined))?.size ?? 0;
        if (!keep || size === 0) await rm(shared, { force: true });
        await rm(lock, { force: true });
      },
    };
  }
  // Named like the program's other temporary files, so that the same cleanup finds it.
  const own = join(folder, `.${name}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
  return { path: own, release: () => rm(own, { force: true }) };
}

async function takeLock(lock: string): Promise<boolean> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(lock, String(process.pid), { flag: "wx" });
      return true;
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) {
        throw fileSystemError(lock, "write", cause);
      }
    }
    const holder = Number(await readFile(lock, "utf8").catch(() => ""));
    if (holder > 0 && isProcessAlive(holder)) return false;
    // A killed process left it behind.
    await rm(lock, { force: true });
  }
  return false;
}
