// Runs a study for a command, with data, store, executor and progress.
import { InvalidInputError } from "../../core/errors.js";
import { remarkText } from "../../core/remark.js";
import type { Dataset } from "../../data/dataset.js";
import { loadedData } from "../../data/resolver.js";
import { nodeExecutor } from "../../node/node-executor.js";
import { countText } from "../../study/analysis/number-text.js";
import { defaultPreset, type PlannedTrial, type StudyDefinition } from "../../study/definition.js";
import type { StudyProgress } from "../../study/execution/progress.js";
import { runStudy, type StudyOutcome } from "../../study/run-study.js";
import {
  changesText,
  presetOf,
  resolveSettings,
  type Settings,
  settingsFromText,
  storedSettings,
} from "../../study/settings.js";
import type { RunRecord, RunStore } from "../../study/store/store.js";
import type { CommandContext } from "../command-context.js";
import { loadForCommand } from "../load-data.js";
import { machineText } from "../machine-text.js";
import { formatNumber } from "../output.js";
import { startProgress } from "../progress.js";
import { versions } from "../versions.js";

export interface StudySessionOptions {
  /** `quick` when left out. */
  readonly preset?: string;
  /** Settings that differ from the preset's, as typed. */
  readonly set: Readonly<Record<string, string>>;
  readonly seeds?: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly resume: boolean;
  /** Seconds between two checkpoints of a trial. */
  readonly checkpointEvery?: number;
  readonly dataDir?: string;
  readonly quiet: boolean;
}

export interface StudySessionResult extends StudyOutcome {
  readonly study: StudyDefinition;
  readonly durationMs: number;
}

/** Runs one study for a command, with progress on stderr. */
export async function runStudySession(
  study: StudyDefinition,
  options: StudySessionOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<StudySessionResult> {
  // Settings are checked before anything is read.
  const asked = askedFor(study, options);
  const data = await loadRoles(study, { ...options, signal }, context);
  const store = await context.openStore();
  const started = performance.now();
  const progress = startProgress({
    terminal: context.terminal,
    total: 1,
    unit: "steps",
    label: study.id,
    quiet: options.quiet,
  });
  try {
    const { resumeRun, ...size } = options.resume ? await unfinishedRun(store, study, data) : asked;
    const titles = Object.values(data).map(({ title }) => `; ${title}`);
    progress.line(`${study.title}: ${sizeText(study, size)}${titles.join("")}`);
    const outcome = await runStudy({
      study,
      ...size,
      data,
      store,
      signal,
      run: { command: context.commandLine, versions: { ...versions() }, machine: machineText() },
      executor: nodeExecutor({
        store,
        data: loadedData(Object.values(data)),
        paths: context.paths(),
        ...(options.workers === undefined ? {} : { workers: options.workers }),
        ...(options.threads === undefined ? {} : { threads: options.threads }),
        ...(options.checkpointEvery === undefined ? {} : { checkpointEveryMs: 1000 * options.checkpointEvery }),
      }),
      clock: () => new Date().toISOString(),
      onProgress: (state) => {
        progress.setTotal(state.total);
        progress.update(state.done, state.loss === undefined ? {} : { loss: state.loss });
      },
      onEnd: (trial, status, state) => {
        if (status !== "found") progress.line(endedText(trial, status, state, size.seeds));
      },
      onRemark: (remark) => {
        if (options.quiet) context.terminal.writeError(`${remarkText(remark)}\n`);
        else progress.line(remarkText(remark));
      },
      ...(resumeRun === undefined ? {} : { resumeRun }),
    });
    const durationMs = performance.now() - started;
    return { ...outcome, study, durationMs };
  } finally {
    progress.stop();
    await store.close();
  }
}

/** Loads the data sets of a study; roles with the same set share it. */
async function loadRoles(
  study: StudyDefinition,
  options: StudySessionOptions & { readonly signal: AbortSignal },
  context: CommandContext,
): Promise<Record<string, Dataset>> {
  if (study.kind === "computed") return {};
  const loaded = new Map<string, Dataset>();
  const roles: [string, Dataset][] = [];
  for (const [role, name] of Object.entries(study.data)) {
    const set = loaded.get(name) ?? (await loadForCommand(name, options, context));
    loaded.set(name, set);
    roles.push([role, set]);
  }
  return Object.fromEntries(roles);
}

/** The size of a run: two runs of a study with the same size are the same experiment. */
interface RunSize {
  /** Absent if nothing is trained. */
  readonly preset?: string;
  readonly settings: Settings;
  readonly seeds: readonly number[];
  readonly resumeRun?: RunRecord;
}

/** The size from the options. */
function askedFor(study: StudyDefinition, { preset: wanted, set, seeds, resume }: StudySessionOptions): RunSize {
  const where = `study "${study.id}"`;
  const preset = wanted ?? defaultPreset;
  if (resume && (Object.keys(set).length > 0 || seeds !== undefined || wanted !== undefined)) {
    throw new InvalidInputError("an unfinished run keeps its preset, settings and seeds", {
      where,
      expected: "--resume without --preset, --set and --seeds",
      received: "both",
      remedy: "Leave --resume out: finished trials are taken from the store anyway",
    });
  }
  if (study.kind === "computed") {
    refuseForComputed(where, seeds, Object.keys(set));
    return { settings: {}, seeds: [] };
  }
  const count = seeds ?? presetOf(study, preset).seeds;
  return {
    preset,
    settings: resolveSettings(study, preset, settingsFromText(study, set)),
    seeds: Array.from({ length: count }, (_, seed) => seed),
  };
}

function refuseForComputed(where: string, seeds: number | undefined, set: readonly string[]): void {
  if (seeds !== undefined) {
    throw new InvalidInputError("nothing in this study depends on a seed", {
      where,
      expected: "no --seeds: its numbers are computed, not trained",
      received: `--seeds ${seeds}`,
      remedy: "Leave --seeds out",
    });
  }
  if (set.length > 0) throw new InvalidInputError("this study has no settings", { where, received: `--set ${set[0]}` });
}

/** The description of the preset, or the differences from it. */
function sizeText(study: StudyDefinition, { preset = defaultPreset, settings, seeds }: RunSize): string {
  if (study.kind === "computed") return "every number is computed";
  const normal = presetOf(study, preset);
  const changes = changesText(study, preset, settings);
  if (seeds.length !== normal.seeds) changes.unshift(countText(seeds.length, "seed"));
  return changes.length === 0 ? normal.about : `preset ${preset} with ${changes.join(", ")}`;
}

function endedText(
  { factors, replicate }: PlannedTrial,
  status: "done" | "diverged",
  { trialsDone, trials }: StudyProgress,
  seeds: readonly number[],
): string {
  const place = [...Object.values(factors), `seed ${seeds[replicate] ?? replicate}`].join(", ");
  return `trial ${formatNumber(trialsDone)} of ${formatNumber(trials)}: ${place}${status === "diverged" ? " diverged" : ""}`;
}

/** The newest unfinished run that no process works on, with its original size. */
async function unfinishedRun(
  store: RunStore,
  study: StudyDefinition,
  data: Readonly<Record<string, Dataset>>,
): Promise<RunSize> {
  const where = `study "${study.id}"`;
  const remedy = "Leave --resume out: finished trials are taken from the store anyway";
  const resumeRun = (await store.listRuns()).find(
    (candidate) =>
      candidate.study === study.id && (candidate.status === "interrupted" || candidate.status === "failed"),
  );
  if (resumeRun === undefined) throw new InvalidInputError("there is no unfinished run", { where, remedy });
  const trials = await store.listTrials(resumeRun.id);
  const sets = Object.values(data);
  const isOther = trials.some(
    ({ spec }) => !sets.some(({ fingerprint }) => fingerprint === spec.data.source.fingerprint),
  );
  if (isOther) {
    const titles = sets.map(({ title }) => title).join(", ");
    throw new InvalidInputError(`run ${resumeRun.id} was started with other data than ${titles}`, { where, remedy });
  }
  const { preset = defaultPreset, seeds } = resumeRun;
  if (study.kind === "computed") return { settings: {}, seeds, resumeRun };
  return { preset, settings: storedSettings(study, resumeRun), seeds, resumeRun };
}
