// `trainscope train`: one model, one data set. Options of losses, optimizers and schedules are read from their tables.
import type { Command } from "commander";
import { kebabCase } from "../../core/names.js";
import { augmentations, readAugmentation } from "../../nn/augmentations.js";
import { initializers } from "../../nn/initializers.js";
import { probeTargets } from "../../probes/probe-spec.js";
import type { KindSpec } from "../../train/spec/trial-spec.js";
import { addExamples, type CommandBuilder } from "../command-context.js";
import { above, atLeast, choice, imageSize, integer, list, share } from "../option-values.js";
import { addFamily, families } from "./definition-flags.js";
import { addTopics } from "./help.js";
import { type Flags, trainOptions } from "./options.js";

export const trainCommand: CommandBuilder = (command, context) => {
  command.argument("<model>", "lenet5, mlp:784-100-10, or a path to an .onnx file or a JSON model spec");
  addData(command.optionsGroup("Data:"));
  addModel(command.optionsGroup("Model:"));
  addFamily(command.optionsGroup("Loss:"), families.loss);
  addFamily(command.optionsGroup("Optimizer:"), families.optimizer);
  addClipping(command);
  addFamily(command.optionsGroup("Learning rate over time:"), families.schedule);
  addWarmUp(command);
  addLength(command.optionsGroup("Length, order and batches:"));
  addFamily(command, families.batchSchedule);
  addEnding(command);
  addProbes(command.optionsGroup("Probes:"));
  addResults(command.optionsGroup("Results:"));
  addTopics(command);
  command.action(async (model: string, flags: Flags) => {
    const { runTrain } = await import("./run.js");
    context.finish(await runTrain(trainOptions(model, flags), context));
  });
  addExamples(command, [
    [
      "trainscope train lenet5 --data mnist --epochs 3",
      "on the full data set 98.5 % test accuracy, in a minute or two",
    ],
    [
      "trainscope train mlp:784-100-10 --data mnist --optimizer sgd --learning-rate 0.1 --momentum 0.9",
      "a small network, another optimizer",
    ],
    [
      "trainscope train lenet5 --data mnist --steps 100 --json --save lenet5.onnx",
      "losses for a program, model for a file",
    ],
    [
      "trainscope train model.onnx --data data.npz --inputs x --targets y --loss cross-entropy --save trained.onnx",
      "a model from PyTorch or Keras, on arrays of one's own",
    ],
    [
      "trainscope train lenet5 --data mnist --probe all",
      "what goes on inside: dead units, gradients, sizes of updates",
    ],
    ["trainscope train lenet5 --data mnist --save-state lenet5.state", "what Ctrl-C or a crash leaves can go on"],
    ["trainscope train lenet5 --data mnist --epochs 3 --resume lenet5.state", "go on from there, for longer"],
  ]);
};

function addModel(command: Command): void {
  command
    .option("--output <name>", "output of an .onnx model that the loss uses, if it has several")
    .option(
      "--parameters <names>",
      "correct which tensors of an .onnx model are trained: '+head.scale,-*.mean' trains the first, holds the others",
      list,
    )
    .option("--initial <file.safetensors>", "weights to start from, by parameter name")
    .option(
      "--initializer <name>",
      `initializer of all weights: ${Object.keys(initializers).map(kebabCase).join(", ")}; with options as he-normal:gain=1,fan-mode=fan-out`,
    )
    .option("--bias-initializer <name>", "initializer of all biases, with the same names")
    .option("--freeze <patterns>", "freeze parameters and statistics by name: 'stem.*,*.bias'", list);
}

function addData(command: Command): void {
  command
    .requiredOption("--data <dataset>", "name of a data set (see trainscope data list), or your own file or folder")
    .option("--data-dir <folder>", "folder with the data sets")
    .option("--inputs <names>", "arrays in your file, in the order of the model's inputs", list)
    .option("--targets <name>", "array (or column) of targets", list)
    .option("--test <file>", "held-out examples, of the same kind as --data")
    .option("--test-inputs <names>", "arrays of held-out inputs", list)
    .option("--test-targets <name>", "array of held-out targets", list)
    .option(
      "--validation-split <share>",
      "take this fraction of the training examples for validation: the last rows of files, a draw from data sets by name",
      share("--validation-split"),
    )
    .option(
      "--validation-seed <n>",
      "draw the validation split with this seed, from files too",
      integer("--validation-seed", 0),
    )
    .option(
      "--augment <name>",
      `change training images at random, may be repeated: ${Object.keys(augmentations).map(kebabCase).join(", ")}; with options as random-shift:pixels=4`,
      (text: string, previous: readonly KindSpec[] = []) => [
        ...previous,
        readAugmentation("--augment", text).spec as KindSpec,
      ],
    )
    .option(
      "--image-size <size>",
      "resize the images of a folder to height x width, as 32x32",
      imageSize("--image-size"),
    )
    .option(
      "--scaling <how>",
      "inputs: standardize, unit or raw (default: standardize images, leave other data as it is)",
      choice("--scaling", ["standardize", "unit", "raw"]),
    );
}

function addClipping(command: Command): void {
  command
    .option("--clip-norm <number>", "largest norm of the whole gradient", above("--clip-norm", 0))
    .option("--clip-value <number>", "largest magnitude of an element of the gradient", above("--clip-value", 0));
}

function addWarmUp(command: Command): void {
  command.option(
    "--warm-up <epochs>",
    "linear rise to the first rate of the schedule, which starts after it",
    above("--warm-up", 0),
  );
}

function addLength(command: Command): void {
  command
    .option(
      "--epochs <n>",
      "passes over the training data (default: 1, unless --steps is given)",
      integer("--epochs", 1),
    )
    .option("--steps <n>", "updates, instead of --epochs", integer("--steps", 1))
    .option("--batch-size <n>", "examples per update", integer("--batch-size", 1), 64)
    .option(
      "--micro-batch-size <n>",
      "sum gradients over parts of this many examples, to save memory",
      integer("--micro-batch-size", 1),
    )
    .option(
      "--order <how>",
      "shuffle; sequential: file order; wrapping: file order in full batches, going on from the end at the beginning; rows.npy: these row numbers, batch by batch; or shared: one shuffled order for all networks of an ensemble",
      "shuffle",
    )
    .option("--drop-last", "drop a last batch that is smaller than the others")
    .option("--seed <n>", "determines initial weights, order and dropout", integer("--seed", 0), 0)
    .option(
      "--ensemble <n>",
      "train this many networks of dense and element-wise layers at once, with consecutive seeds from --seed",
      integer("--ensemble", 1),
    )
    .option("--threads <n>", "threads of one step (default: chosen by measurement)", integer("--threads", 1));
}

function addEnding(command: Command): void {
  command
    .option(
      "--patience <epochs>",
      "end after so many epochs in a row without improvement (default: never)",
      integer("--patience", 1),
    )
    .option(
      "--min-delta <number>",
      "an improvement by no more than this does not count for --patience (default: 0)",
      atLeast("--min-delta", 0),
    )
    .option(
      "--monitor <what>",
      "what --patience and --keep best compare epochs by: loss or accuracy, of the validation split (default: loss)",
      choice("--monitor", ["loss", "accuracy"]),
    )
    .option(
      "--keep <which>",
      "weights to end with: last, or best of all epochs",
      choice("--keep", ["last", "best"]),
      "last",
    );
}

function addProbes(command: Command): void {
  command
    .option(
      "--probe <targets>",
      `probe the network during training: all, or some of ${probeTargets.map(kebabCase).join(", ")}`,
      list,
    )
    .option("--probe-every <steps>", "steps between readings (default: 100)", integer("--probe-every", 1))
    .option(
      "--histogram-bins <n>",
      "bins of the histograms, which sample tensors above 65,536 elements; 0 for none (default: 0)",
      integer("--histogram-bins", 0),
    )
    .option("--noise-scale", "measure the gradient noise scale with every reading")
    .option("--gradient-norm", "measure the norm of the gradient of every step, as clipping does anyway");
}

function addResults(command: Command): void {
  command
    .option("--save <file.onnx>", "write the trained model in inference form")
    .option("--save-weights <file.safetensors>", "write parameters and running statistics by name")
    .option("--save-state <file>", "write a checkpoint during training, at the end, and when interrupted")
    .option("--checkpoint-every <seconds>", "time between checkpoints (default: 10)", atLeast("--checkpoint-every", 0))
    .option("--resume <file>", "resume from a checkpoint")
    .option("--quiet", "no progress")
    .option("--json", "print JSON lines: every step, then the result");
}
