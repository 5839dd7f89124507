// One epoch of LeNet-5 with shuffling and data, against the sum of its steps.

import { threadsText } from "../measure/field.js";
import { type Measurement, spreadOf } from "../measure/measurement.js";
import { startChild } from "../process/child.js";
import { ownProcess } from "../process/own-command.js";
import type { BenchTask, TaskContext } from "../task.js";
import type { Workload } from "../workloads/workload.js";

/**
 * The wall-clock time of an epoch divided by the time that ONNX Runtime spent in its steps: the cost of shuffling,
 * feeding, reading losses and the transfer to the worker. The first epoch also compiles the program of the smaller last
 * batch and of other thread counts. Evaluation is excluded.
 */
export async function measureEpoch(
  task: BenchTask,
  workload: Workload,
  { rounds, say }: TaskContext,
): Promise<Measurement> {
  const child = startChild(ownProcess({ ...workload, dropLast: false }));
  const epochs = Math.min(3, Math.max(2, rounds));
  const [seconds, ratios]: [number[], number[]] = [[], []];
  let threads = 0;
  try {
    await child.ask({ do: "prepare", setting: "cold" });
    for (let epoch = 0; epoch < epochs; epoch++) {
      say(`${task.id}: epoch ${epoch + 1} of ${epochs}`);
      const { milliseconds = Number.NaN, insideMilliseconds = Number.NaN, ...rest } = await child.ask({ do: "epoch" });
      threads = rest.threads ?? 0;
      seconds.push(milliseconds / 1000);
      ratios.push(milliseconds / insideMilliseconds);
    }
  } finally {
    await child.close();
  }
  return {
    task: task.id,
    unit: "s/epoch",
    ours: { ...spreadOf(seconds), setting: threadsText(threads) },
    ratio: spreadOf(ratios),
    must: { of: "ratio", bound: "at most", value: 1.05 },
    remarks: [`the ratio is that of ${epochs} epochs of ${workload.examples} examples to the sum of their steps`],
  };
}
