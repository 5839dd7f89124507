// What probes cost: the same training with and without them, in turns.

import { threadsText } from "../measure/field.js";
import { type Measurement, ratioOfMedians, spreadOf } from "../measure/measurement.js";
import { waitForSpinning } from "../measure/race.js";
import type { Child } from "../process/child.js";
import { startChild } from "../process/child.js";
import { ownProcess } from "../process/own-command.js";
import { stepMilliseconds } from "../process/protocol.js";
import type { BenchTask, TaskContext } from "../task.js";
import type { Workload } from "../workloads/workload.js";

/** Several readings at the default interval of 100 steps; one more or less per turn then hardly matters. */
const stepsOfTurn = 500;

/**
 * The time of a step with the default probes divided by that without: a reading at every hundredth step computes that
 * step once more and transfers the result to the caller.
 */
export async function measureProbes(
  task: BenchTask,
  workload: Workload,
  { rounds, say }: TaskContext,
): Promise<Measurement> {
  const threads = await quickestThreads(workload);
  const assignment = { ...workload, dropLast: true, threads };
  const children = [startChild(ownProcess(assignment)), startChild(ownProcess({ ...assignment, probes: {} }))];
  const times: [number[], number[]] = [[], []];
  try {
    for (const child of children) await child.ask({ do: "prepare", setting: "" });
    say(`${task.id}: measuring, ${rounds} rounds`);
    for (let round = 0; round < rounds; round++) {
      // The sides alternate in starting, so that a change in the machine's speed affects both equally.
      for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
        await waitForSpinning();
        times[side].push(await turn(children[side]));
      }
    }
  } finally {
    for (const child of children) await child.close();
  }
  const [plain, probed] = times;
  return {
    task: task.id,
    unit: "ms/step",
    ours: { ...spreadOf(probed), setting: threadsText(threads) },
    ratio: ratioOfMedians(plain, probed),
    must: { of: "ratio", bound: "at most", value: 1.03 },
    remarks: [`the ratio is that to ${spreadOf(plain).value.toFixed(2)} ms a step without probes`],
  };
}

const turn = async (child: Child): Promise<number> =>
  stepMilliseconds("trainscope", await child.ask({ do: "time", setting: "", steps: stepsOfTurn }));

/** Both sides use the same number of threads, the one that a training chooses. */
async function quickestThreads(workload: Workload): Promise<number> {
  const child = startChild(ownProcess({ ...workload, dropLast: true }));
  try {
    await child.ask({ do: "prepare", setting: "" });
    const { threads = 1 } = await child.ask({ do: "time", setting: "", steps: 100 });
    return threads;
  } finally {
    await child.close();
  }
}
