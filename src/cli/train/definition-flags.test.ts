import { describe, expect, test } from "vitest";
import type { CommandContext } from "../command-context.js";
import { TrainscopeCommand } from "../trainscope-command.js";
import { trainCommand } from "./command.js";
import { addFamily, families, specFromFlags } from "./definition-flags.js";

/** The specs of optimizer, loss and schedule of a command line. */
function specs(line: string) {
  const command = new TrainscopeCommand("train");
  for (const family of Object.values(families)) addFamily(command, family);
  const flags = command
    .parse(
      line.split(" ").filter((word) => word !== ""),
      { from: "user" },
    )
    .opts();
  return {
    optimizer: specFromFlags(families.optimizer, flags),
    loss: specFromFlags(families.loss, flags),
    schedule: specFromFlags(families.schedule, flags),
  };
}

describe("flags with the names of PyTorch and Keras give the same specs as ours", () => {
  test.each([
    ["--optimizer AdamW --lr 0.1 --beta1 0.8 --beta2 0.9", "--optimizer adam-w --learning-rate 0.1 --b1 0.8 --b2 0.9"],
    ["--optimizer adam --beta_1 0.8 --eps 1e-7", "--optimizer adam --b1 0.8 --epsilon 1e-7"],
    ["--optimizer Adagrad --initial-accumulator-value 0.1", "--optimizer adagrad --initial-accumulator 0.1"],
    [
      "--optimizer SGD --learning_rate=0.1 --weight_decay 0.01",
      "--learning-rate=0.1 --weight-decay 0.01 --optimizer sgd",
    ],
    ["--optimizer RMSprop --rho 0.9", "--optimizer rmsprop --alpha 0.9"],
    ["--optimizer adadelta --rho 0.9", "--optimizer Adadelta --rho 0.9"],
    ["--loss mse", "--loss mean-squared-error"],
    ["--loss CrossEntropyLoss --weight 1,2", "--loss cross-entropy --class-weights 1,2"],
    [
      "--schedule StepLR --schedule-step-size 3 --schedule-gamma 0.5",
      "--schedule step --schedule-every 3 --schedule-factor 0.5",
    ],
    [
      "--schedule CosineAnnealingLR --schedule-T_max 3",
      "--schedule cosine --schedule-length 3 --schedule-unit wholeEpoch",
    ],
    ["--schedule OneCycleLR", "--schedule one-cycle --schedule-cycle-momentum"],
  ])("%s", (theirs, ours) => {
    expect(specs(theirs)).toEqual(specs(ours));
  });
});

test("a list of decays is passed on unchanged and split where specs are read", () => {
  expect(specs("--betas 0.8,0.9").optimizer).toEqual({ kind: "adam", betas: [0.8, 0.9] });
});

test("options of other kinds are passed on, so that they are refused", () => {
  expect(specs("--optimizer sgd --rho 0.9").optimizer).toEqual({ kind: "sgd", rho: 0.9 });
});

test("an option given by two flags is refused, naming both", () => {
  expect(() => specs("--learning-rate 0.1 --lr 0.2")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: trainscope train: one option is given by two flags: expected one of --lr and --learning-rate, received both]`,
  );
  expect(() => specs("--betas 0.8,0.9 --b1 0.8")).toThrow("one of --betas and --b1");
  expect(() => specs("--optimizer rmsprop --rho 0.9 --alpha 0.9")).toThrow("one of --rho and --alpha");
});

test("an unknown kind is refused with the names as typed, and a lookalike with its replacement", () => {
  expect(() => specs("--schedule cosin-e2")).toThrow('--schedule: unknown value "cosin-e2". Did you mean "cosine"?');
  expect(() => specs("--schedule ExponentialDecay")).toThrow("write exponential with unit step");
  // Losses of probabilities were lookalikes until there was one.
  expect(specs("--loss categorical_crossentropy").loss).toEqual({ kind: "categoricalCrossEntropy" });
});

test("no flag of train has two meanings", () => {
  const command = new TrainscopeCommand("train");
  // commander refuses duplicate flags.
  trainCommand(command, {} as CommandContext);
  const plain = command.options.map(({ long }) => long?.replaceAll("-", ""));
  expect(plain.filter((flag, i) => plain.indexOf(flag) !== i)).toEqual([]);
});
