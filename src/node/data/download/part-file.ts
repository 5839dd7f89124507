// The unfinished file of a download: kept for the next try, written by one process at a time.
import { randomBytes } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileSystemError } from "../../files/atomic-file.js";
import { isProcessAlive } from "../../files/process-alive.js";

export interface PartFile {
  readonly path: string;
  /** Gives the file free. Removes it unless it is to be kept and holds something. */
  release(options: { readonly keep: boolean }): Promise<void>;
}

/**
 * Claims `<folder>/<name>.part`, with the bytes that an earlier try left in it. While another process holds it, the
 * caller gets an empty file of its own instead, which is never kept: the last one to finish wins, with equal bytes.
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
  // Named like the other temporary files of the program, so that the same broom finds it.
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
    // Left behind by a process that was killed.
    await rm(lock, { force: true });
  }
  return false;
}
