// Converts the arguments of `trainscope inspect` to subjects.
import { basename } from "node:path";
import { InvalidInputError } from "../../core/errors.js";
import type { Shape } from "../../core/numbers/shape.js";
import { layerSubject } from "../../inspect/subject/layer-subject.js";
import type { Subject } from "../../inspect/subject/subject.js";
import type { LayerSpec } from "../../nn/layer.js";
import { catalogueModel } from "../../nn/models.js";
import { onnxFileSubject } from "../../node/inspect-file.js";
import { readModelSpec } from "../train/files.js";
import type { InspectOptions } from "./options.js";

/** A model from the catalogue, a JSON file, or an .onnx file. */
export async function subjectOf(model: string, options: InspectOptions): Promise<Subject> {
  const { inputShapes, batch, freeze } = options;
  const batchSize = batch === undefined ? {} : { batchSize: batch };
  if (/\.onnx$/i.test(model)) {
    return onnxFileSubject(model, { ...batchSize, inputShapes, freeze, model: basename(model) });
  }
  const { spec, inputShape, name } = await layersOf(model);
  return layerSubject(spec, {
    ...batchSize,
    freeze,
    model: name,
    inputShape: shapeFor(model, inputShapes, inputShape),
  });
}

async function layersOf(model: string): Promise<{ name: string; spec: LayerSpec; inputShape?: Shape }> {
  if (/\.json$/i.test(model)) return { name: basename(model), spec: await readModelSpec(model) };
  if (!/[\\/]|\.[a-z]\w*$/i.test(model)) return { name: model, ...catalogueModel(model) };
  throw new InvalidInputError("cannot read this model", {
    where: `model "${model}"`,
    expected: "a catalogue name (resnet18, mlp:784-100-10) or a path that ends in .onnx or .json",
    received: model,
  });
}

/** Networks of layers have one input. */
function shapeFor(model: string, given: InspectOptions["inputShapes"], own: Shape | undefined): Shape {
  const names = Object.keys(given).filter((name) => name !== "" && name !== "input");
  if (names.length > 0) {
    throw new InvalidInputError("a model of layers has one input and no named dimensions", {
      where: "--input-shape",
      expected: "the shape of one example alone, as 3x224x224",
      received: names.map((name) => `${name}=${given[name].join("x")}`).join(", "),
    });
  }
  const shape = given[""] ?? given.input ?? own;
  if (shape !== undefined) return shape;
  throw new InvalidInputError("the shape of the input is not known", {
    where: `model "${model}"`,
    expected: "the shape of one example",
    received: "none",
    remedy: "Give it, for instance --input-shape 3x32x32",
  });
}
