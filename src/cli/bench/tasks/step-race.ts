// The time of a training step compared with PyTorch's, in separate processes, one per number of threads.

import { Field, remarksOn } from "../measure/field.js";
import type { Measurement } from "../measure/measurement.js";
import { type Calibration, race } from "../measure/race.js";
import { ownProcess } from "../process/own-command.js";
import { pytorchCommand } from "../process/pytorch-peer.js";
import type { BenchTask, TaskContext } from "../task.js";
import type { Assignment, Workload } from "../workloads/workload.js";

/** Races a workload and compares the ratio with its lower bound. */
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
