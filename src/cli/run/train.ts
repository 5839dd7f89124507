// What `trainscope train` does.
import { EnvironmentError } from "../../core/errors.js";
import type { CommandContext } from "../command-context.js";
import type { TrainOptions } from "../commands/train.js";

/** Gives the exit code. */
export async function runTrain(_options: TrainOptions, _context: CommandContext): Promise<number> {
  throw notYet();
}

function notYet(): EnvironmentError {
  return new EnvironmentError("is not part of this version yet", { where: "trainscope train" });
}
