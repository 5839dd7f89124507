// `trainscope inspect`: what a model costs and sees, layer by layer; or several models side by side.
import { InvalidInputError } from "../../core/errors.js";
import { kebabCase } from "../../core/names.js";
import type { Shape } from "../../core/numbers/shape.js";
import { optimizers } from "../../optim/optimizers/index.js";
import { addExamples, type CommandBuilder } from "../command-context.js";
import { choice, integer, kindName, list } from "../option-values.js";
import { formats, type InspectOptions, sortKeys } from "./options.js";

interface Flags extends Partial<Omit<InspectOptions, "models" | "inputShapes">> {
  readonly inputShape?: Readonly<Record<string, Shape>>;
  readonly json?: true;
}

export const inspectCommand: CommandBuilder = (command, context) => {
  command
    .argument("<model...>", "catalogue name (resnet18, mlp:784-100-10), .json model spec, or .onnx file")
    .option(
      "--input-shape <shape>",
      "shape of one example, as 3x224x224; image=3x224x224 for one of several inputs, height=224 for an open dimension",
      inputShape,
    )
    .option("--batch <n>", "examples at once (default: that of the file, else 1)", integer("--batch", 1))
    .option("--format <format>", `how it is printed: ${formats.join(", ")}`, choice("--format", formats))
    .option("--json", "print one JSON document, as --format json does")
    .option("--depth <n>", "one row per module, by this many parts of its path", integer("--depth", 1))
    .option("--sort <key>", `largest first: ${sortKeys.join(", ")}`, choice("--sort", sortKeys))
    .option("--reverse", "reverse the order of the rows")
    .option("--exact", "every digit in the table")
    .option("--all", "include rows that only move data in long tables")
    .option("--freeze <patterns>", "count parameters as frozen by name: 'features.*,*.bias'", list)
    .option(
      "--optimizer <name>",
      `optimizer whose slots count in training memory: ${Object.keys(optimizers).map(kebabCase).join(", ")}`,
      (text) => kindName("--optimizer", optimizers)(text).kind,
      "adam",
    )
    .option("--compare", "several models: one table of totals")
    .option("--figures <folder>", "write figures there as SVG, PNG, Vega-Lite and CSV")
    .option(
      "--effective-field [layer]",
      "measure by gradients the influence of every input pixel on the center of a layer; a picture with --figures",
    )
    .option("--examples <n>", "number of inputs to average the effective field over", integer("--examples", 1), 16)
    .option(
      "--seed <n>",
      "seed of the inputs, and of missing weights, for the effective field",
      integer("--seed", 0),
      0,
    )
    .action(async (models: string[], flags: Flags) => {
      const { inspectModels } = await import("./run.js");
      context.finish(await inspectModels(optionsOf(models, flags), context));
    });
  addExamples(command, [
    ["trainscope inspect resnet18", "every layer, the totals, memory for training and inference"],
    ["trainscope inspect resnet18 --depth 1", "one row per stage"],
    ["trainscope inspect model.onnx --input-shape 3x320x320 --batch 8", "a file whose height and width are open"],
    ["trainscope inspect vgg16 --sort parameters --format csv > vgg16.csv", "for a spreadsheet, every digit"],
    ["trainscope inspect alexnet vgg16 resnet18 --compare --figures out", "one table and a figure"],
    [
      "trainscope inspect resnet18 --effective-field layer2 --figures out",
      "what the center of layer2 effectively sees",
    ],
  ]);
};

function optionsOf(models: readonly string[], { inputShape: inputShapes = {}, json, ...flags }: Flags): InspectOptions {
  if (json === true && flags.format !== undefined && flags.format !== "json") {
    throw new InvalidInputError("two formats are requested", {
      where: "--json",
      received: `--json and --format ${flags.format}`,
      remedy: "Leave one out",
    });
  }
  return {
    ...{
      freeze: [],
      exact: false,
      all: false,
      reverse: false,
      compare: false,
      optimizer: "adam",
      examples: 16,
      seed: 0,
    },
    ...flags,
    format: json === true ? "json" : (flags.format ?? "table"),
    models,
    inputShapes,
  };
}

/** Reads `3x224x224`, `image=3x224x224` or `height=224`; the option may be repeated. */
function inputShape(text: string, previous: Readonly<Record<string, Shape>> = {}): Record<string, Shape> {
  const [, name = "", extents] = /^(?:(.*)=)?(\d{1,15}(?:[x,]\d{1,15})*)$/s.exec(text.trim()) ?? [];
  const shape = extents?.split(/[x,]/).map(Number);
  if (shape === undefined || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 1)) {
    throw new InvalidInputError("wrong value", {
      where: "--input-shape",
      expected: "positive extents, as 3x224x224, image=3x224x224 or height=224",
      received: JSON.stringify(text),
    });
  }
  if (Object.hasOwn(previous, name)) {
    throw new InvalidInputError("a shape is given twice", {
      where: "--input-shape",
      received: JSON.stringify(text),
      remedy: "Name the inputs: --input-shape image=3x224x224 --input-shape mask=1x224x224",
    });
  }
  return { ...previous, [name]: shape };
}
