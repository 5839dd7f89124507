// The tasks of `trainscope bench`, one record each.
import { modelByName } from "../../nn/models.js";
import type { KindSpec } from "../../train/spec/trial-spec.js";
import type { BenchTask } from "./task.js";
import { raceEnsemble } from "./tasks/ensemble-race.js";
import { measureEpoch } from "./tasks/epoch.js";
import { measureMemory } from "./tasks/memory.js";
import { measureProbes } from "./tasks/probe-cost.js";
import { firstStep, help, measureStartUp } from "./tasks/start-up.js";
import { raceSteps } from "./tasks/step-race.js";
import { raceThroughput } from "./tasks/throughput.js";
import { narrowEnsemble } from "./workloads/ensemble-workload.js";
import type { Workload } from "./workloads/workload.js";

const lenet: Workload = {
  peerModel: "lenet5",
  model: catalogueModel("lenet5"),
  inputShape: [1, 28, 28],
  examples: 60_000,
  classes: 10,
  batchSize: 64,
  optimizer: { kind: "adam", learningRate: 1e-3 },
  peerOptimizer: { name: "Adam", options: { lr: 1e-3 } },
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
  // Enough bytes that gathering misses the cache; CIFAR-10 has 50,000 images.
  examples: 10_000,
  batchSize: 128,
  normalization: { scale: 1 / 255, mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
};

const miniGoogLeNet = (): Workload => ({
  ...mlp,
  peerModel: "mini-googlenet",
  model: catalogueModel("miniGoogLeNet"),
  examples: 2000,
  batchSize: 64,
  optimizer: { kind: "sgd", learningRate: 0.01, momentum: 0.9 },
  peerOptimizer: { name: "SGD", options: { lr: 0.01, momentum: 0.9 } },
});

/** Optimizers that both sides have, with the options that are compared. */
const mlpOptimizers: readonly (readonly [id: string, Workload["optimizer"], Workload["peerOptimizer"]])[] = [
  ["adam", { kind: "adam", learningRate: 1e-3 }, { name: "Adam", options: { lr: 1e-3 } }],
  [
    "adamw",
    { kind: "adamW", learningRate: 1e-3, weightDecay: 0.01 },
    { name: "AdamW", options: { lr: 1e-3, weight_decay: 0.01 } },
  ],
  ["nadam", { kind: "nadam", learningRate: 1e-3 }, { name: "NAdam", options: { lr: 1e-3 } }],
  ["rmsprop", { kind: "rmsprop", learningRate: 1e-3 }, { name: "RMSprop", options: { lr: 1e-3 } }],
  ["adadelta", { kind: "adadelta", learningRate: 1 }, { name: "Adadelta", options: { lr: 1 } }],
  ["adagrad", { kind: "adagrad", learningRate: 1e-2 }, { name: "Adagrad", options: { lr: 1e-2 } }],
  [
    "sgd",
    { kind: "sgd", learningRate: 0.01, momentum: 0.9, nesterov: true },
    { name: "SGD", options: { lr: 0.01, momentum: 0.9, nesterov: true } },
  ],
];

/** The report's network with each optimizer, without and with dropout (0.2 of the inputs, 0.5 of hidden units). */
const mlpTasks = [false, true].flatMap((dropout) =>
  mlpOptimizers.map(
    ([id, optimizer, peerOptimizer]): BenchTask => ({
      id: `mlp-${id}${dropout ? "-dropout" : ""}`,
      about: `dense layers 3072-1000-1000-10, ${peerOptimizer.name}${dropout ? ", dropout" : ""}, batch 128`,
      measure(context) {
        const options = dropout ? { dropoutInput: 0.2, dropoutHidden: 0.5 } : {};
        const model = catalogueModel("mlp:3072-1000-1000-10", options);
        const peerModel = dropout ? "mlp-dropout" : "mlp";
        return raceSteps(this, { ...mlp, model, peerModel, optimizer, peerOptimizer }, 0.9, context);
      },
    }),
  ),
);

export const benchTasks: readonly BenchTask[] = [
  {
    id: "lenet5",
    about: "LeNet-5, Adam, batch 64",
    measure(context) {
      return raceSteps(this, lenet, 1.3, context);
    },
  },
  {
    id: "lenet5-batch-norm",
    about: "LeNet-5 with batch normalization before every hidden ReLU, Adam, batch 64",
    measure(context) {
      return raceSteps(this, lenetBatchNorm, 1.3, context);
    },
  },
  ...mlpTasks,
  {
    id: "mini-googlenet",
    about: "MiniGoogLeNet on 32 x 32 images, SGD with momentum, batch 64",
    measure(context) {
      return raceSteps(this, miniGoogLeNet(), 0.75, context);
    },
  },
  {
    id: "ensemble",
    about: "1,000 networks of 10 layers x 2 units, 2 epochs of 3,000 points, against the best batched by hand",
    measure(context) {
      return raceEnsemble(this, narrowEnsemble, { looped: false, least: 3 }, context);
    },
  },
  {
    id: "ensemble-loop",
    about: "the same against one network after the other",
    measure(context) {
      return raceEnsemble(this, narrowEnsemble, { looped: true, least: 200 }, context);
    },
  },
  {
    id: "throughput",
    about: "LeNet-5 trainings side by side, one thread each, on all cores",
    measure(context) {
      return raceThroughput(this, lenet, 1.2, context);
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
    id: "probes",
    about: "a step of LeNet-5 with the default probes against one without",
    measure(context) {
      return measureProbes(this, lenet, context);
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
