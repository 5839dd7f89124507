// The tasks of `trainscope bench`, one record each.
import { modelByName } from "../../nn/models.js";
import type { KindSpec } from "../../train/trial-spec.js";
import { measureEpoch } from "./epoch.js";
import type { Measurement } from "./measurement.js";
import { measureMemory } from "./memory.js";
import type { PyTorch } from "./pytorch-peer.js";
import { firstStep, help, measureStartUp } from "./start-up.js";
import { raceSteps } from "./step-race.js";
import type { Workload } from "./workload.js";

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

const lenet: Workload = {
  peerModel: "lenet5",
  model: catalogueModel("lenet5"),
  inputShape: [1, 28, 28],
  examples: 60_000,
  classes: 10,
  batchSize: 64,
  learningRate: 1e-3,
  normalization: { scale: 1 / 255, mean: [0.1307], deviation: [0.3081] },
};

const lenetBatchNorm: Workload = {
  ...lenet,
  peerModel: "lenet5-batch-norm",
  model: catalogueModel("lenet5", { batchNorm: "hidden" }),
};

const mlp: Workload = {
  ...lenet,
  peerModel: "mlp",
  model: catalogueModel("mlp:3072-1000-1000-10"),
  inputShape: [3, 32, 32],
  // As many bytes as the gathering needs to miss the cache; CIFAR-10 has 50,000.
  examples: 10_000,
  batchSize: 128,
  normalization: { scale: 1 / 255, mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
};

export const benchTasks: readonly BenchTask[] = [
  {
    id: "lenet5",
    about: "LeNet-5, Adam, batch 64",
    measure(context) {
      return raceSteps(this, lenet, 1, context);
    },
  },
  {
    id: "lenet5-batch-norm",
    about: "LeNet-5 with batch normalization before every hidden ReLU, Adam, batch 64",
    measure(context) {
      return raceSteps(this, lenetBatchNorm, 1, context);
    },
  },
  {
    id: "mlp",
    about: "dense layers 3072-1000-1000-10, Adam, batch 128",
    measure(context) {
      return raceSteps(this, mlp, 0.9, context);
    },
  },
  {
    id: "epoch",
    about: "an epoch of LeNet-5 against the sum of its steps",
    measure(context) {
      return measureEpoch(this, lenet, context);
    },
  },
  {
    id: "first-step",
    about: "from the command to the first training step of LeNet-5",
    measure(context) {
      return measureStartUp(this, firstStep, context);
    },
  },
  {
    id: "help",
    about: "trainscope --help",
    measure(context) {
      return measureStartUp(this, help, context);
    },
  },
  {
    id: "memory",
    about: "growth of memory from step 1,000 to step 10,000 of LeNet-5",
    measure(context) {
      return measureMemory(this, lenet, context);
    },
  },
];

function catalogueModel(text: string, options: Record<string, unknown> = {}): KindSpec {
  return modelByName(text, options) as unknown as KindSpec;
}
