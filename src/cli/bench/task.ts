// The interface of the tasks of `trainscope bench`, and their context.
import type { Measurement } from "./measure/measurement.js";
import type { PyTorch } from "./process/pytorch-peer.js";

export interface TaskContext {
  /** The peer, if the machine has it. */
  readonly pytorch?: PyTorch;
  readonly rounds: number;
  readonly say: (text: string) => void;
}

export interface BenchTask {
  readonly id: string;
  readonly about: string;
  measure(this: BenchTask, context: TaskContext): Promise<Measurement>;
}
