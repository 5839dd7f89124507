// Records a training in the run store, so that `trainscope runs list` shows it.
//
// A run of its own, without trials: a study that asks for the same trial needs tensors that a training does not keep.
import { exitCodes } from "../../core/errors.js";
import type { Finding } from "../../core/findings.js";
import type { RunStatus } from "../../study/store/store.js";
import type { CommandContext } from "../command-context.js";
import { machineText } from "../machine-text.js";
import { versions } from "../versions.js";
import type { TrainOptions } from "./options.js";
import type { FinalDocument } from "./text.js";

export interface Training {
  readonly options: TrainOptions;
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
function numbersOf({ epochs, steps, batchSize, seed }: TrainOptions): Record<string, number> {
  return { ...(epochs === undefined ? {} : { epochs }), ...(steps === undefined ? {} : { steps }), batchSize, seed };
}

/** What a training found: each number once, from one seed and so without an interval. */
export function trainingFindings(final: FinalDocument): Finding[] {
  const { loss, validationLoss, trainingLoss, accuracy, testLoss, testAccuracy } = final;
  const percent = (share: number | undefined): number | undefined => (share === undefined ? undefined : 100 * share);
  const finding = (id: string, title: string, value: number | undefined, unit: string): Finding[] =>
    value === undefined ? [] : [{ id, title, value, level: 0.95, method: "single run", n: 1, unit, variant: "" }];
  return [
    ...finding("lastLoss", "Loss of the last step", loss, "nats"),
    ...finding("validationLoss", "Validation loss", validationLoss, "nats"),
    ...finding("trainingLoss", "Training loss", trainingLoss, "nats"),
    ...finding(
      "accuracy",
      validationLoss === undefined ? "Training accuracy" : "Validation accuracy",
      percent(accuracy),
      "%",
    ),
    ...finding("testLoss", "Test loss", testLoss, "nats"),
    ...finding("testAccuracy", "Test accuracy", percent(testAccuracy), "%"),
  ];
}
