// Runs `trainscope bench`: measures the tasks one after the other and prints the results.
import { EnvironmentError, UnknownNameError } from "../../core/errors.js";
import type { CommandContext } from "../command-context.js";
import { jsonLine } from "../output.js";
import { type BenchResult, benchText } from "./measure/bench-text.js";
import { describeMachine } from "./measure/machine.js";
import { isMet, type Measurement, type Unmeasured } from "./measure/measurement.js";
import { findPyTorch } from "./process/pytorch-peer.js";
import type { BenchTask, TaskContext } from "./task.js";
import { benchTasks } from "./tasks.js";

export interface BenchOptions {
  /** Ids of the tasks to measure; all when empty. */
  readonly only: readonly string[];
  /** Interleaved rounds, of which medians are taken. */
  readonly rounds: number;
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * Returns the exit code, which is 0 regardless of the times: they depend on the machine and are not a test of the
 * program.
 */
export async function runBench(
  { only, rounds, quiet, json }: BenchOptions,
  { terminal }: CommandContext,
): Promise<number> {
  const tasks = chosenTasks(only);
  const say = quiet ? () => undefined : (text: string) => terminal.writeError(`${text}\n`);
  const pytorch = await findPyTorch(process.env);
  const peer = typeof pytorch === "string" ? {} : { pytorch };
  // Measured before anything runs; afterwards the load is our own.
  const machine = describeMachine(peer.pytorch?.version);
  const { measurements, unmeasured } = await measureAll(tasks, { ...peer, rounds, say });
  if (measurements.length === 0) {
    const reasons = unmeasured.map(({ task, reason }) => `${task}: ${reason}`).join("; ");
    throw new EnvironmentError(`nothing could be measured: ${reasons}`, { where: "trainscope bench" });
  }
  const result: BenchResult = {
    machine,
    measurements,
    unmeasured,
    ...(typeof pytorch === "string" ? { withoutPeer: pytorch } : {}),
  };
  terminal.write(json ? jsonLine(benchDocument(result)) : benchText(result));
  return 0;
}

/** The `--json` document: the result, with the verdict on every budget. */
function benchDocument({ measurements, ...rest }: BenchResult): unknown {
  const withVerdicts = measurements.map((measurement) => ({ ...measurement, met: isMet(measurement) ?? null }));
  return { schema: 1, ...rest, measurements: withVerdicts };
}

/** Tasks by their ids, or by a common prefix of ids: `mlp`. */
function chosenTasks(only: readonly string[]): readonly BenchTask[] {
  const ids = benchTasks.map(({ id }) => id);
  const isMeant = (id: string, name: string): boolean => id === name || id.startsWith(`${name}-`);
  for (const name of only)
    if (!ids.some((id) => isMeant(id, name))) throw new UnknownNameError("--only", "task", name, ids);
  const meant = (id: string): boolean =>
    only.some((name) => (ids.includes(name) ? id === name : id.startsWith(`${name}-`)));
  return only.length === 0 ? benchTasks : benchTasks.filter(({ id }) => meant(id));
}

/** Runs one task at a time, because two would disturb each other. A failed task does not affect the others. */
async function measureAll(tasks: readonly BenchTask[], context: TaskContext) {
  const measurements: Measurement[] = [];
  const unmeasured: Unmeasured[] = [];
  for (const task of tasks) {
    try {
      measurements.push(await task.measure(context));
    } catch (error) {
      unmeasured.push({ task: task.id, reason: error instanceof Error ? error.message : String(error) });
      context.say(`${task.id}: not measured`);
    }
  }
  return { measurements, unmeasured };
}
