// Reference evaluation in float64: a slow and obvious interpreter, with which everything fast is compared.
import { InvalidInputError } from "../../core/errors.js";
import { sameShape, shapeText } from "../../core/numbers/shape.js";
import type { NdArray } from "../op.js";
import { nodesOf } from "../order.js";
import type { Graph, Tensor } from "../tensor.js";

/**
 * Evaluates a graph.
 * @param inputs one array per graph input, in order.
 * @returns one array per graph output, in order.
 */
export function evaluateGraph(graph: Graph, inputs: readonly NdArray[]): NdArray[] {
  if (inputs.length !== graph.inputs.length) {
    throw new InvalidInputError("wrong number of inputs", {
      where: "evaluateGraph",
      expected: `${graph.inputs.length}`,
      received: `${inputs.length}`,
    });
  }
  const values = new Map<Tensor, NdArray>();
  for (const [i, tensor] of graph.inputs.entries()) values.set(tensor, inputs[i]);
  const resultOf = (tensor: Tensor): NdArray => {
    const value = values.get(tensor);
    if (value !== undefined) return value;
    throw new InvalidInputError("tensor has no value", {
      where: "evaluateGraph",
      received: `input "${tensor.name ?? tensor.id}" that the graph does not list`,
    });
  };
  for (const node of nodesOf(graph)) {
    const results = node.op.evaluate(
      node.inputs.map((tensor) => (tensor === null ? null : resultOf(tensor))),
      node.attrs,
      { evaluateGraph, outputCount: node.outputs.length },
    );
    for (const [i, output] of node.outputs.entries()) {
      // Axes that vary at run time (scan outputs) may differ from the nominal extent; ranks may not.
      if (results[i].shape.length !== output.shape.length) {
        throw new InvalidInputError(`reference evaluation of ${node.op.name} broke its shape rule`, {
          where: node.scope ?? node.op.name,
          expected: shapeText(output.shape),
          received: shapeText(results[i].shape),
        });
      }
      values.set(output, sameShape(results[i].shape, output.shape) ? results[i] : { ...results[i] });
    }
  }
  return graph.outputs.map((output) => resultOf(output.tensor));
}
