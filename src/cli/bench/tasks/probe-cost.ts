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

/** Several looks at the default cadence of 100 steps: a turn with one more or less than its share would tell little. */
const stepsOfTurn = 500;

/**
 * The time of a step with the default probes over that of one without: a look at every hundredth step computes that step
 * once more, and moves what it found to the caller.
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
      // Who begins changes, so that a machine that gets slower or faster meets both alike.
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

/** Both sides shall have the same number of threads: the one that a training chooses for itself. */
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
