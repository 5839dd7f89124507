// Runs `trainscope lab`: every study, one report.
import { UnknownNameError } from "../../core/errors.js";
import { studies } from "../../studies/index.js";
import { defaultPreset, presetNames, type StudyDefinition } from "../../study/definition.js";
import type { CommandContext } from "../command-context.js";
import { watchInterrupts } from "../interrupt.js";
import { prepareReportFolder } from "../study/report.js";
import { finishStudies } from "../study/results.js";
import { runStudySession, type StudySessionResult } from "../study/session.js";

export interface LabOptions {
  /** Studies without a preset of this name run `quick`. */
  readonly preset: string;
  /** Ids of the studies to run; all when empty. */
  readonly only: readonly string[];
  readonly out: string;
  /** Most trials at a time; one per core when left out. */
  readonly workers?: number;
  /** Threads for all trials together; one per core when left out. */
  readonly threads?: number;
  /** Seconds between two checkpoints of a trial; 10 when left out. */
  readonly checkpointEvery?: number;
  readonly dataDir?: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** Returns the exit code. */
export async function runLab(options: LabOptions, context: CommandContext): Promise<number> {
  const unknown = options.only.find((id) => !Object.hasOwn(studies, id));
  if (unknown !== undefined) throw new UnknownNameError("--only", "study", unknown, Object.keys(studies));
  const chosen = Object.values(studies).filter(({ id }) => options.only.length === 0 || options.only.includes(id));
  const presets = choosePresets(chosen, options.preset);
  await prepareReportFolder(options.out);
  const interrupts = watchInterrupts(context.terminal);
  const results: StudySessionResult[] = [];
  try {
    for (const study of chosen) {
      const { preset: _, ...rest } = options;
      const preset = presets.get(study.id);
      if (preset !== undefined && preset !== options.preset && !options.quiet)
        context.terminal.writeError(`study "${study.id}" has no preset ${options.preset}, so it runs ${preset}\n`);
      const asked = { ...rest, ...(preset === undefined ? {} : { preset }), set: {}, resume: false };
      const result = await runStudySession(study, asked, context, interrupts.signal);
      results.push(result);
      if (result.execution.interrupted) break;
    }
    return await finishStudies(results, options, context, interrupts);
  } finally {
    interrupts.dispose();
  }
}

/** The preset of each study: the requested one if the study has it. @throws UnknownNameError if no study has it. */
function choosePresets(chosen: readonly StudyDefinition[], preset: string): Map<string, string> {
  const trained = chosen.filter(({ kind }) => kind === "trained");
  const known = [...new Set(trained.flatMap(presetNames))];
  if (trained.length > 0 && !known.includes(preset)) throw new UnknownNameError("--preset", "preset", preset, known);
  return new Map(trained.map((study) => [study.id, presetNames(study).includes(preset) ? preset : defaultPreset]));
}
