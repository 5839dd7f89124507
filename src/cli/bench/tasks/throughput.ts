// Parallel trainings on all cores, as in a study: their total steps per second compared with PyTorch's.
import { availableParallelism } from "node:os";
import { remarksOn } from "../measure/field.js";
import type { Measurement } from "../measure/measurement.js";
import { type Calibration, type Contestant, calibrate, race } from "../measure/race.js";
import { type Child, type ChildCommand, startChild } from "../process/child.js";
import { ownProcess } from "../process/own-command.js";
import { stepMilliseconds } from "../process/protocol.js";
import { pytorchCommand } from "../process/pytorch-peer.js";
import type { BenchTask, TaskContext } from "../task.js";
import type { Assignment, Workload } from "../workloads/workload.js";

/** Races one single-threaded process per core on either side. */
export async function raceThroughput(
  task: BenchTask,
  workload: Workload,
  least: number,
  { pytorch, rounds, say }: TaskContext,
): Promise<Measurement> {
  const assignment: Assignment = { ...workload, dropLast: true };
  const teams: Team[] = [];
  const bestOf = async (command: ChildCommand): Promise<Calibration> => {
    const team = new Team(command);
    teams.push(team);
    return calibrate(await team.contestants(), { say });
  };
  try {
    say(`${task.id}: looking for the best settings`);
    const ours = await bestOf(ownProcess({ ...assignment, threads: 1 }));
    const theirs = pytorch === undefined ? undefined : await bestOf(pytorchCommand(pytorch, assignment, 1));
    say(`${task.id}: measuring, ${rounds} rounds`);
    const result = await race(ours.best, theirs?.best, { rounds, say, turnMs: 2000 });
    return {
      task: task.id,
      unit: "ms/step of all",
      ours: result.ours,
      ...(result.theirs === undefined ? {} : { peer: result.theirs }),
      ...(result.ratio === undefined ? {} : { ratio: result.ratio }),
      must: { of: "ratio", bound: "at least", value: least },
      remarks: remarksOn(pytorch, theirs),
    };
  } finally {
    await Promise.all(teams.map((team) => team.close()));
  }
}

/** Equal processes, one per core, that receive requests simultaneously. */
class Team {
  readonly #name: string;
  readonly #children: readonly Child[];

  constructor(command: ChildCommand) {
    this.#name = command.name;
    this.#children = Array.from({ length: availableParallelism() }, () => startChild(command));
  }

  /** One entry per setting of the processes. */
  async contestants(): Promise<Contestant[]> {
    const [{ settings = [] }] = await Promise.all(this.#children.map((child) => child.ask({ do: "describe" })));
    return settings.map((setting) => this.#contestant(setting));
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.close()));
  }

  #contestant(setting: string): Contestant {
    let stepMs = 1;
    /** Time of a step when all train at once: the mean over the processes, divided by their number. */
    const together = async (ask: (child: Child) => ReturnType<Child["ask"]>): Promise<number> => {
      const answers = await Promise.all(this.#children.map(ask));
      const rates = answers.map((answer) => 1 / stepMilliseconds(this.#name, answer));
      stepMs = answers.length / rates.reduce((total, rate) => total + rate, 0);
      return stepMs / answers.length;
    };
    return {
      setting: `${this.#children.length} processes of 1 thread, ${setting}`,
      prepare: async () => void (await together((child) => child.ask({ do: "prepare", setting }))),
      time: (milliseconds) =>
        together((child) => child.ask({ do: "time", setting, steps: Math.max(3, Math.round(milliseconds / stepMs)) })),
    };
  }
}
