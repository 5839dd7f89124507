// What every command that runs studies needs: data, store, runtimes, progress, and the run itself.
import { cpus, type as osType, release, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { EnvironmentError, InvalidInputError } from "../../core/errors.js";
import type { Dataset } from "../../data/dataset.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { checkpointFiles } from "../../node/store/checkpoint-files.js";
import type { ExecutorProgress } from "../../study/progress-board.js";
import { runStudy, type StudyOutcome } from "../../study/run-study.js";
import { resolveSettings } from "../../study/settings.js";
import type { RunRecord, RunStore } from "../../study/store.js";
import type { PresetName, Settings, StudyDefinition } from "../../study/study.js";
import type { CommandContext } from "../command-context.js";
import { formatNumber } from "../output.js";
import { startProgress } from "../progress.js";
import { versions } from "../versions.js";
import { loadForCommand } from "./load-data.js";

export interface StudySessionOptions {
  readonly preset: PresetName;
  readonly set: Settings;
  readonly seeds?: number;
  readonly workers?: number;
  readonly resume: boolean;
  readonly dataDir?: string;
  readonly quiet: boolean;
}

export interface StudySessionResult extends StudyOutcome {
  readonly study: StudyDefinition;
  readonly data: Dataset;
  readonly preset: PresetName;
  readonly settings: Settings;
  readonly seeds: readonly number[];
  readonly durationMs: number;
}

/** Runs one study for a command, with progress on stderr. */
export async function runStudySession(
  study: StudyDefinition,
  options: StudySessionOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<StudySessionResult> {
  const { preset } = options;
  const settings = resolveSettings(study, preset, options.set);
  const seeds = Array.from({ length: options.seeds ?? study.presets[preset].seeds }, (_, seed) => seed);
  const data = await loadForCommand(study.dataset, options, context);
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
    const resumeRun = options.resume ? await unfinishedRun(store, study.id) : undefined;
    progress.line(`${study.title}: ${study.presets[preset].about}; ${data.title}`);
    const outcome = await runStudy({
      study,
      preset,
      settings,
      seeds,
      data,
      store,
      signal,
      run: { command: context.commandLine, versions: { ...versions() }, machine: machineText() },
      checkpoints: checkpointFiles(context.paths()),
      openRuntime: () => nodeRuntime({ cores: 1 }),
      workers: options.workers ?? defaultWorkers(),
      now: () => performance.now(),
      wait: async (ms) => sleep(ms),
      clock: () => new Date().toISOString(),
      onProgress: (state) => {
        progress.setTotal(state.total);
        progress.update(state.done, state.loss === undefined ? {} : { loss: state.loss });
        const line = endedText(state);
        if (line !== undefined) progress.line(line);
      },
      ...(resumeRun === undefined ? {} : { resumeRun }),
    });
    return { ...outcome, study, data, preset, settings, seeds, durationMs: performance.now() - started };
  } finally {
    progress.stop();
    await store.close();
  }
}

function endedText({ ended, trialsDone, trials }: ExecutorProgress): string | undefined {
  if (ended === undefined || ended.status === "found") return undefined;
  const factors = Object.entries(ended.trial.factors)
    .map(([name, value]) => (name === "seed" ? `seed ${value}` : String(value)))
    .join(", ");
  return `trial ${formatNumber(trialsDone)} of ${formatNumber(trials)}: ${factors}${ended.status === "diverged" ? " diverged" : ""}`;
}

async function unfinishedRun(store: RunStore, study: string): Promise<RunRecord> {
  const run = (await store.listRuns()).find((candidate) => candidate.study === study && candidate.status !== "done");
  if (run !== undefined) return run;
  throw new InvalidInputError("there is no unfinished run", {
    where: `study "${study}"`,
    remedy: "Leave --resume out: finished trials are taken from the store anyway",
  });
}

/** One trial a core: small networks gain nothing from a second thread, and a study needs throughput. */
function defaultWorkers(): number {
  const cores = cpus().length;
  if (cores < 1)
    throw new EnvironmentError("the number of cores cannot be read", { where: "study", remedy: "Give --workers" });
  return cores;
}

/** `AMD EPYC, 2 cores, 24 GB, Linux 6.1`. */
export function machineText(): string {
  const [first] = cpus();
  return `${first?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB, ${osType()} ${release()}`;
}
