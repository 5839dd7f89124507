// A whole ensemble of small networks against PyTorch: batched at its best, or one network after the other.

import { Field, remarksOn } from "../measure/field.js";
import type { Measurement } from "../measure/measurement.js";
import { race } from "../measure/race.js";
import type { ChildCommand } from "../process/child.js";
import { ownCommand } from "../process/own-command.js";
import { peerCommand } from "../process/peer-command.js";
import { threadEnvironment } from "../process/pytorch-peer.js";
import type { BenchTask, TaskContext } from "../task.js";
import type { EnsembleWorkload } from "../workloads/ensemble-workload.js";

export interface EnsembleRace {
  /** Whether PyTorch trains one network after the other. */
  readonly looped: boolean;
  /** Lower bound of the ratio. */
  readonly least: number;
}

/** Races whole trainings: initial weights, orders and all steps of all networks. */
export async function raceEnsemble(
  task: BenchTask,
  workload: EnsembleWorkload,
  { looped, least }: EnsembleRace,
  { pytorch, rounds, say }: TaskContext,
): Promise<Measurement> {
  const own = (threads: number): ChildCommand => ({
    name: "trainscope",
    command: [...ownCommand("./ensemble-process"), JSON.stringify({ ...workload, threads })],
  });
  const peer = (python: string, threads: number): ChildCommand => ({
    name: "PyTorch",
    command: peerCommand(python, "ensemble_peer", { ...workload, threads, looped }),
    environment: threadEnvironment(threads),
  });
  // A training takes seconds there, so one per turn is enough.
  const field = new Field(1);
  try {
    say(`${task.id}: looking for the best settings`);
    const ours = await field.best((threads) => own(threads), say);
    const theirs =
      pytorch === undefined ? undefined : await field.best((threads) => peer(pytorch.python, threads), say);
    say(`${task.id}: measuring, ${rounds} rounds`);
    const result = await race(ours.best, theirs?.best, { rounds, say });
    return {
      task: task.id,
      unit: "ms",
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
