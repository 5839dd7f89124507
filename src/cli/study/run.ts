// Runs `trainscope study`.
import { exitCodes, UnknownNameError } from "../../core/errors.js";
import { studies } from "../../studies/index.js";
import { presetNames, type StudyDefinition } from "../../study/definition.js";
import { rangeText, type SettingForm, typeText } from "../../study/setting-form.js";
import { presetOf, resolveSettings, settingForms, settingText } from "../../study/settings.js";
import type { CommandContext } from "../command-context.js";
import { watchInterrupts } from "../interrupt.js";
import { formatTable, jsonLine } from "../output.js";
import { prepareReportFolder } from "./report.js";
import { finishStudies } from "./results.js";
import { runStudySession } from "./session.js";

export interface StudyRunOptions {
  readonly study: string;
  /** Name of a preset of the study; `quick` when left out. */
  readonly preset?: string;
  /** Settings that differ from the preset's, as typed; the study knows their types. */
  readonly set: Readonly<Record<string, string>>;
  /** Number of seeds; the preset's when left out. */
  readonly seeds?: number;
  /** Most trials at a time; one per core when left out. */
  readonly workers?: number;
  /** Threads for all trials together; one per core when left out. */
  readonly threads?: number;
  /** Resumes the newest unfinished run of this study instead of starting another. */
  readonly resume: boolean;
  readonly out: string;
  /** Seconds between two checkpoints of a trial; 10 when left out. */
  readonly checkpointEvery?: number;
  readonly dataDir?: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** `study list`. Returns the exit code. */
export async function listStudies({ json }: { readonly json: boolean }, { terminal }: CommandContext): Promise<number> {
  const all = Object.values(studies);
  if (json)
    terminal.write(
      jsonLine({
        schema: 1,
        studies: all.map((study) => {
          const { id, title, question } = study;
          return { id, title, question, ...dataOf(study) };
        }),
      }),
    );
  else {
    const columns = ["study", "question"].map((key) => ({ key, title: key }));
    terminal.write(
      formatTable(
        columns,
        all.map(({ id, question }) => ({ study: id, question })),
        terminal.tableColumns,
      ),
    );
  }
  return exitCodes.done;
}

/** `study show`. Returns the exit code. */
export async function showStudy(
  { study: id, json }: { readonly study: string; readonly json: boolean },
  { terminal }: CommandContext,
): Promise<number> {
  const study = findStudy(id);
  terminal.write(json ? jsonLine({ schema: 1, study: studyDocument(study) }) : studyPage(study));
  return exitCodes.done;
}

/** The data sets by role, and the first one; null if nothing is trained. */
function dataOf(study: StudyDefinition) {
  if (study.kind === "computed") return { dataset: null, data: {} };
  return { dataset: Object.values(study.data)[0] ?? null, data: study.data };
}

function studyDocument(study: StudyDefinition) {
  const { id, title, question, expectation, refutedBy, source } = study;
  const isTrained = study.kind === "trained";
  return {
    ...{ id, title, question, expectation, refutedBy, source },
    ...dataOf(study),
    presets: Object.fromEntries(
      presetNames(study).map((name) => [
        name,
        isTrained ? { ...presetOf(study, name), settings: resolveSettings(study, name) } : {},
      ]),
    ),
    settings: isTrained
      ? Object.fromEntries([...settingForms(study)].map(([name, form]) => [name, settingDocument(form)]))
      : {},
  };
}

function settingDocument({ type, ...form }: SettingForm) {
  const isNumber = type === "integer" || type === "number";
  return { type, ...(isNumber ? { integer: type === "integer" } : {}), ...form };
}

/** Everything about a study as text: facts, presets, and settings with their values in every preset. */
function studyPage(study: StudyDefinition): string {
  const { title, question, expectation, refutedBy, source } = study;
  const facts = [
    `${title}\n`,
    `Question  ${question}`,
    `Expected  ${expectation}`,
    `Refuted   ${refutedBy}`,
    `Source    ${source}`,
  ];
  if (study.kind === "computed") return `${[...facts, "Data      none: nothing is trained"].join("\n")}\n`;
  const roles = Object.entries(study.data).map(([role, name]) => (role === name ? name : `${name} (${role})`));
  const names = presetNames(study);
  const presets = names.map((preset) => ({ preset, about: presetOf(study, preset).about }));
  const values = new Map(names.map((name) => [name, resolveSettings(study, name)]));
  const settings = [...settingForms(study)].map(([setting, form]) => ({
    setting,
    type: typeText(form),
    unit: form.unit,
    range: rangeText(form),
    ...Object.fromEntries(names.map((name) => [name, settingText(values.get(name)?.[setting])])),
    about: form.about,
  }));
  // Nothing is truncated: the meaning of a setting is its longest and last column.
  const table = (keys: readonly string[], rows: Parameters<typeof formatTable>[1]): string =>
    formatTable(
      keys.map((key) => ({ key, title: key })),
      rows,
      Number.POSITIVE_INFINITY,
    );
  return [
    ...facts,
    `Data      ${roles.join(", ")}\n`,
    table(["preset", "about"], presets),
    ...(settings.length === 0 ? [] : [table(["setting", "type", "unit", "range", ...names, "about"], settings)]),
  ].join("\n");
}

/** `study run`. Returns the exit code. */
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
