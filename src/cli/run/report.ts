// What `trainscope report` does.
import { EnvironmentError } from "../../core/errors.js";
import type { CommandContext } from "../command-context.js";
import type { ReportOptions } from "../commands/report.js";

/** Gives the exit code. */
export async function runReport(_options: ReportOptions, _context: CommandContext): Promise<number> {
  throw notYet();
}

function notYet(): EnvironmentError {
  return new EnvironmentError("is not part of this version yet", { where: "trainscope report" });
}
