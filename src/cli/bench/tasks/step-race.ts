// The time of a training step against PyTorch's, each side in processes of its own, one per number of threads.
import { availableParallelism } from "node:os";
import { threadCandidates } from "../../../node/runtime/threads.js";
import type { Measurement } from "../measure/measurement.js";
import { type Calibration, type Contestant, calibrate, race } from "../measure/race.js";
import { type Child, type ChildCommand, startChild } from "../process/child.js";
import { ownCommand } from "../process/own-command.js";
import { stepMilliseconds } from "../process/protocol.js";
import { type PyTorch, pytorchCommand } from "../process/pytorch-peer.js";
import type { BenchTask, TaskContext } from "../tasks.js";
import type { Assignment, Workload } from "../workloads/workload.js";

/** The process of our side. */
export function ownProcess(assignment: Assignment, flags: readonly string[] = []): ChildCommand {
  return { name: "trainscope", command: [...ownCommand("./own-process", flags), JSON.stringify(assignment)] };
}

export function threadsText(threads: number): string {
  return threads === 1 ? "1 thread" : `${threads} threads`;
}

/** Races a workload, and holds the ratio against what it must reach at least. */
export async function raceSteps(
  task: BenchTask,
  workload: Workload,
  least: number,
  context: TaskContext,
): Promise<Measurement> {
  const { pytorch, rounds, say } = context;
  const assignment: Assignment = { ...workload, dropLast: true };
  const field = new Field();
  try {
    say(`${task.id}: looking for our best setting`);
    const ours = await field.best((threads) => ownProcess({ ...assignment, threads }), say);
    let theirs: Calibration | undefined;
    if (pytorch !== undefined) {
      say(`${task.id}: looking for PyTorch's best setting`);
      theirs = await field.best((threads) => pytorchCommand(pytorch, assignment, threads), say);
    }
    say(`${task.id}: measuring, ${rounds} rounds`);
    const result = await race(ours.best, theirs?.best, { rounds, say });
    return {
      task: task.id,
      unit: "ms/step",
      ours: result.ours,
      ...(result.theirs === undefined ? {} : { peer: result.theirs }),
      ...(result.ratio === undefined ? {} : { ratio: result.ratio }),
      must: { of: "ratio", bound: "at least", value: least },
      remarks: [...field.remarks, ...remarksOn(pytorch, theirs)],
    };
  } finally {
    await field.close();
  }
}

export function remarksOn(pytorch: PyTorch | undefined, calibration: Calibration | undefined): string[] {
  if (pytorch === undefined || calibration === undefined) return [];
  const { tried, best, failures } = calibration;
  const found = `PyTorch ${pytorch.version} at its best of ${tried} settings: ${best.setting}`;
  return [found, ...failures.map((failure) => `PyTorch setting left out: ${failure}`)];
}

/** The processes of a race. Those that are out of it are ended before it starts, so that they cannot disturb. */
export class Field {
  readonly #children = new Set<Child>();
  readonly #fewestSteps: number;
  /** What the processes wanted to be said, each thing once. */
  readonly remarks = new Set<string>();

  /** @param fewestSteps in one turn. */
  constructor(fewestSteps = 3) {
    this.#fewestSteps = fewestSteps;
  }

  /** Starts one process a number of threads, tries all settings of each, and keeps the fastest. */
  async best(commandFor: (threads: number) => ChildCommand, say: (text: string) => void): Promise<Calibration> {
    const contestants = new Map<Contestant, Child>();
    for (const threads of threadCandidates(availableParallelism())) {
      const command = commandFor(threads);
      const child = startChild(command);
      this.#children.add(child);
      const { settings = [], remarks = [] } = await child.ask({ do: "describe" });
      for (const remark of remarks) this.remarks.add(remark);
      for (const setting of settings) {
        contestants.set(this.#contestant(command.name, child, setting, threadsText(threads)), child);
      }
    }
    const calibration = await calibrate([...contestants.keys()], { say });
    const kept = contestants.get(calibration.best);
    for (const child of new Set(contestants.values())) if (child !== kept) await this.#end(child);
    return calibration;
  }

  async close(): Promise<void> {
    for (const child of [...this.#children]) await this.#end(child);
  }

  async #end(child: Child): Promise<void> {
    this.#children.delete(child);
    await child.close();
  }

  #contestant(name: string, child: Child, setting: string, threads: string): Contestant {
    const fewest = this.#fewestSteps;
    let stepMs = 1;
    const timed = async (question: Parameters<Child["ask"]>[0]): Promise<number> => {
      stepMs = stepMilliseconds(name, await child.ask(question));
      return stepMs;
    };
    return {
      setting: `${threads}, ${setting}`,
      prepare: async () => void (await timed({ do: "prepare", setting })),
      time: (milliseconds) =>
        timed({ do: "time", setting, steps: Math.max(fewest, Math.round(milliseconds / stepMs)) }),
    };
  }
}
