// Forms of nodes that draw random numbers. The numbers are unknown, but accounting needs only their count.
import { InvalidInputError } from "../../core/errors.js";
import type { Shape } from "../../core/numbers/shape.js";
import { scalar } from "../../graph/build.js";
import { expand } from "../../graph/ops/movement/shape-movement.js";
import { integer } from "../file/read-values.js";
import { heldType } from "../file/stored-tensor.js";
import type { NodeCall, NodeForm } from "./node-form.js";
import { shortest } from "./read-attribute.js";

interface Draw {
  /** Attributes in addition to `dtype` and `seed`. */
  readonly attributes: readonly string[];
  /** The mean of the distribution; for masks, the mask that drops nothing. */
  mean(call: NodeCall): number;
}

const float = ({ attribute }: NodeCall, name: string, standard: number): number =>
  shortest(attribute(name)?.f ?? standard);

const uniform: Draw = {
  attributes: ["low", "high"],
  mean: (call) => (float(call, "low", 0) + float(call, "high", 1)) / 2,
};
const normal: Draw = { attributes: ["mean", "scale"], mean: (call) => float(call, "mean", 0) };
const bernoulli: Draw = { attributes: [], mean: () => 1 };

const draws: Readonly<Record<string, Draw>> = {
  Bernoulli: bernoulli,
  RandomNormal: { ...normal, attributes: [...normal.attributes, "shape"] },
  RandomNormalLike: normal,
  RandomUniform: { ...uniform, attributes: [...uniform.attributes, "shape"] },
  RandomUniformLike: uniform,
};

/** The shape of the input, or the shape attribute. */
function drawnShape({ inputs: [like], attribute, where }: NodeCall): Shape {
  return like?.shape ?? (attribute("shape")?.ints ?? []).map((extent) => integer(where, extent));
}

function formsWith(read: (call: NodeCall, draw: Draw) => ReturnType<NodeForm["read"]>): Record<string, NodeForm> {
  return Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => [
      name,
      { op: "Expand", attributes: ["dtype", "seed", ...draw.attributes], read: (call) => read(call, draw) },
    ]),
  );
}

/** Follows the specification: random nodes cannot be read. */
export const exactRandomForms: Readonly<Record<string, NodeForm>> = formsWith(({ where }) => {
  throw new InvalidInputError("it draws random numbers", {
    where,
    remedy: "Export the model for evaluation (PyTorch: model.eval())",
  });
});

/**
 * Replaces every random number by the mean, for accounting. Layers that training drops at random (stochastic depth:
 * uniform numbers compared with a survival probability) then all stay.
 */
export const meanRandomForms: Readonly<Record<string, NodeForm>> = formsWith((call, draw) => {
  const code = call.attribute("dtype")?.i;
  const dtype = code === undefined ? (call.inputs[0]?.dtype ?? "float32") : heldType(call.where, Number(code), {});
  return [expand(scalar(draw.mean(call), dtype), drawnShape(call))];
});
