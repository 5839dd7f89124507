// What `trainscope bench` does.
import { EnvironmentError } from "../../core/errors.js";
import type { CommandContext } from "../command-context.js";
import type { BenchOptions } from "../commands/bench.js";

/** Gives the exit code. */
export async function runBench(_options: BenchOptions, _context: CommandContext): Promise<number> {
  throw notYet();
}

function notYet(): EnvironmentError {
  return new EnvironmentError("is not part of this version yet", { where: "trainscope bench" });
}
