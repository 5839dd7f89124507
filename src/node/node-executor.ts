// The executor of this machine: trials side by side in this process, on native ONNX Runtime.
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataResolver } from "../data/resolver.js";
import type { Executor } from "../study/execution/executor.js";
import { localExecutor } from "../study/execution/local-executor.js";
import type { RunStore } from "../study/store/store.js";
import type { Paths } from "./files/paths.js";
import { machineMemoryBytes, nodeRuntime } from "./runtime/node-runtime.js";
import { checkpointFiles } from "./store/checkpoint-files.js";

export interface NodeExecutorOptions {
  readonly store: RunStore;
  readonly data: DataResolver;
  /** Where checkpoints lie. */
  readonly paths: Paths;
  /** Most trials at a time. Default: one per core. */
  readonly workers?: number;
  /** Threads for all trials together. Default: one per core. */
  readonly threads?: number;
  /** Between two checkpoints of a trial; default 10 s. */
  readonly checkpointEveryMs?: number;
}

/** Runs trials on the cores of this machine: a single training takes one, an ensemble as many as there are. */
export function nodeExecutor({ paths, ...options }: NodeExecutorOptions): Executor {
  const cores = availableParallelism();
  return localExecutor({
    workers: cores,
    threads: cores,
    memoryBytes: machineMemoryBytes(),
    checkpoints: checkpointFiles(paths),
    openRuntime: (count) => nodeRuntime({ cores: count }),
    now: () => performance.now(),
    timer: {
      every(ms, tick) {
        const interval = setInterval(tick, ms);
        // It does not keep the process alive.
        interval.unref();
        return () => clearInterval(interval);
      },
    },
    wait: async (ms) => sleep(ms),
    ...options,
  });
}
