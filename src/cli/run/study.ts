// What `trainscope study` does.
import { EnvironmentError } from "../../core/errors.js";
import type { CommandContext } from "../command-context.js";
import type { StudyRunOptions } from "../commands/study.js";

/** `study list`. Gives the exit code. */
export async function listStudies(_options: { readonly json: boolean }, _context: CommandContext): Promise<number> {
  throw notYet();
}

/** `study show`. Gives the exit code. */
export async function showStudy(
  _options: { readonly study: string; readonly json: boolean },
  _context: CommandContext,
): Promise<number> {
  throw notYet();
}

/** Gives the exit code. */
export async function runStudy(_options: StudyRunOptions, _context: CommandContext): Promise<number> {
  throw notYet();
}

function notYet(): EnvironmentError {
  return new EnvironmentError("is not part of this version yet", { where: "trainscope study" });
}
