// Nodes that draw random numbers: nobody can know the numbers, but accounting needs no more than how many there are.
import { InvalidInputError } from "../../core/errors.js";
import type { Shape } from "../../core/numbers/shape.js";
import { scalar } from "../../graph/build.js";
import { expand } from "../../graph/ops/movement/shape-movement.js";
import { integer } from "../file/read-values.js";
import { heldType } from "../file/stored-tensor.js";
import type { NodeCall, NodeForm } from "./node-form.js";
import { shortest } from "./read-attribute.js";

interface Draw {
  /** Attributes beside `dtype` and `seed`. */
  readonly attributes: readonly string[];
  /** The mean of what is drawn; for masks, that of one that drops nothing. */
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

/** The shape of the input, or the one that the node names. */
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

/** As the specification has it, they cannot be read. */
export const exactRandomForms: Readonly<Record<string, NodeForm>> = formsWith(({ where }) => {
  throw new InvalidInputError("it draws random numbers", {
    where,
    remedy: "Export the model for evaluation (PyTorch: model.eval())",
  });
});

/**
 * With their mean in place of every number: what accounting reads. Layers that are left out at random while a model
 * trains (stochastic depth: uniform numbers compared with the share that stays) all stay then.
 */
export const meanRandomForms: Readonly<Record<string, NodeForm>> = formsWith((call, draw) => {
  const code = call.attribute("dtype")?.i;
  const dtype = code === undefined ? (call.inputs[0]?.dtype ?? "float32") : heldType(call.where, Number(code), {});
  return [expand(scalar(draw.mean(call), dtype), drawnShape(call))];
});
