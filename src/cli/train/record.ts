// Records a training in the run store, so that `trainscope runs list` shows it.
//
// A run of its own, without trials: a study that asks for the same trial needs tensors that a training does not keep.
import { exitCodes } from "../../core/errors.js";
import type { Finding } from "../../core/findings.js";
import type { RunStatus } from "../../study/store/store.js";
import type { CommandContext } from "../command-context.js";
import { machineText } from "../machine-text.js";
import { versions } from "../versions.js";
import type { TrainCommandOptions } from "./options.js";

export interface Training {
  readonly options: TrainCommandOptions;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly exitCode: number;
  readonly findings: readonly Finding[];
  /** `onnxruntime-node 1.30.0 (cpu)`. */
  readonly runtime: string;
}

/** Keeps a finished training. The results are elsewhere: a store that cannot be used is a remark, never an error. */
export async function recordTraining(training: Training, context: CommandContext): Promise<void> {
  const { options, startedAt, exitCode, findings, runtime } = training;
  try {
    const store = await context.openStore();
    try {
      const { id } = await store.createRun({
        study: "train",
        settings: numbersOf(options),
        seeds: [options.seed],
        data: {},
        command: context.commandLine,
        startedAt,
        versions: { ...versions(), runtime },
        machine: machineText(),
      });
      await store.saveAnalysis(id, { findings, claims: [] });
      await store.setRunStatus(id, statusOf(exitCode), new Date().toISOString());
    } finally {
      await store.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (!options.quiet) context.terminal.writeError(`this training is not listed by trainscope runs: ${reason}\n`);
  }
}

function statusOf(exitCode: number): RunStatus {
  if (exitCode === exitCodes.done) return "done";
  return exitCode === exitCodes.interrupted ? "interrupted" : "failed";
}

/** The options that are numbers; the command line has the rest. */
function numbersOf({ epochs, steps, batchSize, seed }: TrainCommandOptions): Record<string, number> {
  return { ...(epochs === undefined ? {} : { epochs }), ...(steps === undefined ? {} : { steps }), batchSize, seed };
}
