// What `trainscope study` does.
import { exitCodes, UnknownNameError } from "../../core/errors.js";
import { studies } from "../../studies/index.js";
import type { StudyDefinition } from "../../study/study.js";
import { presetNames } from "../../study/study.js";
import type { CommandContext } from "../command-context.js";
import { watchInterrupts } from "../interrupt.js";
import { formatTable, jsonLine } from "../output.js";
import type { StudyRunOptions } from "./command.js";
import { prepareReportFolder } from "./report.js";
import { finishStudies } from "./results.js";
import { runStudySession } from "./session.js";

/** `study list`. Gives the exit code. */
export async function listStudies({ json }: { readonly json: boolean }, { terminal }: CommandContext): Promise<number> {
  const all = Object.values(studies);
  if (json)
    terminal.write(
      jsonLine({
        schema: 1,
        studies: all.map(({ id, title, question, dataset = null }) => ({ id, title, question, dataset })),
      }),
    );
  else {
    const columns = ["study", "question"].map((key) => ({ key, title: key }));
    terminal.write(
      formatTable(
        columns,
        all.map(({ id, question }) => ({ study: id, question })),
        terminal.columns,
      ),
    );
  }
  return exitCodes.done;
}

/** `study show`. Gives the exit code. */
export async function showStudy(
  { study: id, json }: { readonly study: string; readonly json: boolean },
  { terminal }: CommandContext,
): Promise<number> {
  const study = findStudy(id);
  const { title, question, expectation, source, dataset, presets, settings } = study;
  if (json) {
    terminal.write(
      jsonLine({
        schema: 1,
        study: { id, title, question, expectation, source, dataset: dataset ?? null, presets, settings },
      }),
    );
    return exitCodes.done;
  }
  const presetRows = presetNames.map((name) => ({ preset: name, about: presets[name].about }));
  const settingRows = Object.entries(settings).map(([name, { about, minimum, maximum }]) => ({
    setting: name,
    ...Object.fromEntries(presetNames.map((preset) => [preset, presets[preset].settings[name] ?? null])),
    range: `${minimum} to ${maximum}`,
    about,
  }));
  const table = (keys: readonly string[], rows: Parameters<typeof formatTable>[1]): string =>
    formatTable(
      keys.map((key) => ({ key, title: key })),
      rows,
      Math.max(terminal.columns, 100),
    );
  terminal.write(
    [
      `${title}\n`,
      `Question  ${question}`,
      `Expected  ${expectation}`,
      `Source    ${source}`,
      `Data      ${dataset ?? "none: nothing is trained"}\n`,
      table(["preset", "about"], presetRows),
      ...(settingRows.length === 0 ? [] : [table(["setting", ...presetNames, "range", "about"], settingRows)]),
    ].join("\n"),
  );
  return exitCodes.done;
}

/** `study run`. Gives the exit code. */
export async function runStudyCommand(options: StudyRunOptions, context: CommandContext): Promise<number> {
  const study = findStudy(options.study);
  await prepareReportFolder(options.out);
  const interrupts = watchInterrupts(context.terminal);
  try {
    const result = await runStudySession(study, options, context, interrupts.signal);
    return await finishStudies([result], options, context, interrupts);
  } finally {
    interrupts.dispose();
  }
}

function findStudy(id: string): StudyDefinition {
  if (!Object.hasOwn(studies, id)) throw new UnknownNameError("study", "study", id, Object.keys(studies));
  return studies[id];
}
