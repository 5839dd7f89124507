// A runtime that takes everything and runs nothing: what comes as far as it, is ready to run.
import { EnvironmentError } from "../../src/core/errors.js";
import type { Runtime } from "../../src/train/runtime/runtime.js";
import { Trial, type TrialRequest } from "../../src/train/trial/trial.js";

export const runtimeBytes = 20_000_000;
const reached = "the runtime is reached";

const refuse = (): Promise<never> => Promise.reject(new EnvironmentError(reached, { where: "runtime" }));

const runtime: Runtime = {
  name: "none",
  cores: 1,
  memoryBytes: runtimeBytes,
  load: refuse,
  put: () => Promise.resolve(),
  get: refuse,
  remove: () => Promise.resolve(),
  dispose: () => Promise.resolve(),
};

/** Makes the program of a trial. @returns whether it was ready to run. @throws what making it throws. */
export async function isReady(request: Omit<TrialRequest, "runtime" | "now">): Promise<boolean> {
  try {
    for await (const _ of new Trial({ ...request, runtime, now: () => 0 }).run());
    return false;
  } catch (error) {
    if (error instanceof EnvironmentError && error.message.includes(reached)) return true;
    throw error;
  }
}
