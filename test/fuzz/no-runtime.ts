// A runtime that accepts every program and runs none, to test everything up to the first run.
import { EnvironmentError } from "../../src/core/errors.js";
import { dtypes } from "../../src/core/numbers/dtype.js";
import { opsetVersion } from "../../src/onnx/write.js";
import type { Runtime } from "../../src/train/runtime/runtime.js";
import { openTrial, type TrialRequest } from "../../src/train/trial/trial.js";

export const runtimeBytes = 20_000_000;
const reached = "the runtime is reached";

const refuse = (): Promise<never> => Promise.reject(new EnvironmentError(reached, { where: "runtime" }));

const runtime: Runtime = {
  name: "none",
  capabilities: {
    provider: "cpu",
    threads: { most: 1, fixedAtStart: false },
    memoryBytes: runtimeBytes,
    domains: { "": opsetVersion },
    dtypes: new Set(dtypes),
    loop: "inside",
    bits: "same",
  },
  load: refuse,
  put: () => Promise.resolve(),
  get: refuse,
  remove: () => Promise.resolve(),
  dispose: () => Promise.resolve(),
};

/** Builds the program of a trial. @returns whether it reached the runtime. @throws the errors of building it. */
export async function isReady(request: Omit<TrialRequest, "runtime" | "now">): Promise<boolean> {
  try {
    for await (const _ of openTrial({ ...request, runtime, now: () => 0 }).run());
    return false;
  } catch (error) {
    if (error instanceof EnvironmentError && error.message.includes(reached)) return true;
    throw error;
  }
}
