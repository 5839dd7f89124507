// Whether memory grows while a training goes on.

import type { Measurement } from "../measure/measurement.js";
import { startChild } from "../process/child.js";
import { ownProcess } from "../process/own-command.js";
import type { BenchTask, TaskContext } from "../task.js";
import type { Workload } from "../workloads/workload.js";

const checkpoints = [1000, 5000, 10_000] as const;
/** Allocators keep a few megabytes at their discretion. A leak of one loss per step would also stay below this. */
const noiseMegabytes = 5;

/** Resident memory of a process that only trains, after collecting garbage. */
export async function measureMemory(task: BenchTask, workload: Workload, { say }: TaskContext): Promise<Measurement> {
  const child = startChild(ownProcess({ ...workload, dropLast: true }, ["--expose-gc"]));
  const megabytes: number[] = [];
  let done = 0;
  try {
    await child.ask({ do: "prepare", setting: "cold" });
    for (const step of checkpoints) {
      const { steps = 0 } = await child.ask({ do: "time", setting: "", steps: step - done });
      done += steps;
      const { bytes = Number.NaN } = await child.ask({ do: "memory" });
      megabytes.push(bytes / 1e6);
      say(`${task.id}: ${(bytes / 1e6).toFixed(1)} MB after ${done} steps`);
    }
  } finally {
    await child.close();
  }
  const growths = megabytes.slice(1).map((size) => size - megabytes[0]);
  const growth = growths[growths.length - 1];
  const sizes = megabytes.map((size, i) => `${size.toFixed(1)} MB after ${checkpoints[i]} steps`);
  return {
    task: task.id,
    unit: "MB",
    ours: { value: growth, low: Math.min(...growths), high: Math.max(...growths), setting: "" },
    must: { of: "ours", bound: "at most", value: noiseMegabytes },
    remarks: [`resident: ${sizes.join(", ")}; up to ${noiseMegabytes} MB is the allocator's noise`],
  };
}
