// What can be said to be wrong with the options of `trainscope train` before anything is read.
import { availableParallelism } from "node:os";
import { InvalidInputError } from "../../core/errors.js";
import { checkWritable } from "./files.js";
import type { TrainCommandOptions } from "./options.js";

/** @throws InvalidInputError | EnvironmentError that names the flag or the file. */
export async function checkOptions(options: TrainCommandOptions): Promise<void> {
  checkThreads(options.threads);
  if (options.ensemble !== undefined) checkEnsembleOptions(options);
  for (const path of [options.save, options.saveState, options.saveWeights])
    if (path !== undefined) await checkWritable(path);
}

/** Many more threads than cores only wait for one another, and thousands exhaust the memory. */
function checkThreads(threads: number | undefined): void {
  const most = Math.max(16, 4 * availableParallelism());
  if (threads === undefined || threads <= most) return;
  throw new InvalidInputError("too many threads", {
    where: "--threads",
    expected: `at most ${most} on this machine`,
    received: `${threads}`,
  });
}

/** Refuses options that speak of one network. */
export function checkEnsembleOptions({ save, initial, order }: TrainCommandOptions): void {
  const refused = {
    "--save": save,
    "--initial": initial,
    "--order": /\.npy$/i.test(order) ? order : undefined,
  };
  for (const [flag, value] of Object.entries(refused)) {
    if (value === undefined) continue;
    throw new InvalidInputError("this option is for one network", {
      where: flag,
      remedy: flag === "--save" ? "Use --save-weights: the last axis counts the networks" : "Leave out --ensemble",
    });
  }
}
