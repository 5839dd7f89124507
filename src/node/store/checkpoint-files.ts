// Checkpoints of unfinished trials as files beside the run store.
import { readFile, rm } from "node:fs/promises";
import { fileSystemError, writeFileAtomic } from "../files/atomic-file.js";
import { checkpointFile, type Paths } from "../files/paths.js";

export interface CheckpointFiles {
  /** Undefined if the trial has none. `where` is the path, for messages about the contents. */
  read(trial: string): Promise<{ readonly where: string; readonly bytes: Uint8Array } | undefined>;
  /** Replaces the checkpoint atomically: a kill leaves the previous one. `openRunStore` creates the folder. */
  write(trial: string, bytes: Uint8Array): Promise<void>;
  remove(trial: string): Promise<void>;
}

/** Checkpoints as `<state>/checkpoints/<trial>.safetensors`. @throws EnvironmentError for errors of the disk. */
export function checkpointFiles(paths: Paths): CheckpointFiles {
  return {
    read: async (trial) => {
      const where = checkpointFile(paths, trial);
      try {
        return { where, bytes: await readFile(where) };
      } catch (cause) {
        if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
        throw fileSystemError(where, "read", cause);
      }
    },
    write: async (trial, bytes) => writeFileAtomic(checkpointFile(paths, trial), bytes),
    remove: async (trial) => {
      await rm(checkpointFile(paths, trial), { force: true });
    },
  };
}
