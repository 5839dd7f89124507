// What `trainscope lab` does: every study, one report.
import { UnknownNameError } from "../../core/errors.js";
import { studies } from "../../studies/index.js";
import type { CommandContext } from "../command-context.js";
import { watchInterrupts } from "../interrupt.js";
import { prepareReportFolder } from "../study/report.js";
import { finishStudies } from "../study/results.js";
import { runStudySession, type StudySessionResult } from "../study/session.js";
import type { LabOptions } from "./command.js";

/** Gives the exit code. */
export async function runLab(options: LabOptions, context: CommandContext): Promise<number> {
  const unknown = options.only.find((id) => !Object.hasOwn(studies, id));
  if (unknown !== undefined) throw new UnknownNameError("--only", "study", unknown, Object.keys(studies));
  const chosen = Object.values(studies).filter(({ id }) => options.only.length === 0 || options.only.includes(id));
  await prepareReportFolder(options.out);
  const interrupts = watchInterrupts(context.terminal);
  const results: StudySessionResult[] = [];
  try {
    for (const study of chosen) {
      const result = await runStudySession(study, { ...options, set: {}, resume: false }, context, interrupts.signal);
      results.push(result);
      if (result.execution.interrupted) break;
    }
    return await finishStudies(results, options, context, interrupts);
  } finally {
    interrupts.dispose();
  }
}
