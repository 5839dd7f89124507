// What `trainscope lab` does.
import { EnvironmentError } from "../../core/errors.js";
import type { CommandContext } from "../command-context.js";
import type { LabOptions } from "../commands/lab.js";

/** Gives the exit code. */
export async function runLab(_options: LabOptions, _context: CommandContext): Promise<number> {
  throw notYet();
}

function notYet(): EnvironmentError {
  return new EnvironmentError("is not part of this version yet", { where: "trainscope lab" });
}
