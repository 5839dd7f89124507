// Prints a graph as text: one line per node, in order, with types. Equal graphs print equally.
import { shapeText } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { toNumbers } from "../core/numbers/tensor-data.js";
import { nodesOf } from "./order.js";
import type { AttributeValue, Graph, Node, Tensor } from "./tensor.js";

/** Prints a graph. Values are numbered in order of execution. */
export function printGraph(graph: Graph, indent = ""): string {
  const names = new Map<Tensor, string>();
  for (const tensor of graph.inputs) names.set(tensor, `%${tensor.name ?? names.size}`);
  const lines = [
    `${indent}graph (${graph.inputs.map((tensor) => `${names.get(tensor)}: ${typeText(tensor)}`).join(", ")}) {`,
  ];
  let number = 0;
  for (const node of nodesOf(graph)) {
    for (const output of node.outputs) names.set(output, `%${number++}`);
    lines.push(nodeLine(node, names, `${indent}  `));
  }
  const results = graph.outputs.map(({ name, tensor }) => `${name} = ${names.get(tensor)}`);
  lines.push(`${indent}  return ${results.join(", ")}`, `${indent}}`);
  return lines.join("\n");
}

function nodeLine(node: Node, names: ReadonlyMap<Tensor, string>, indent: string): string {
  const left = node.outputs.map((output) => names.get(output)).join(", ");
  const inputs = node.inputs.map((tensor) => (tensor === null ? "_" : (names.get(tensor) ?? "?")));
  const attrs = Object.entries(node.attrs).map(
    ([name, value]) => `${name}=${attributeText(value as AttributeValue, indent)}`,
  );
  const scope = node.scope === undefined ? "" : `  # ${node.scope}`;
  const types = node.outputs.map(typeText).join(", ");
  return `${indent}${left} = ${node.op.name}(${[...inputs, ...attrs].join(", ")}): ${types}${scope}`;
}

function typeText(type: { dtype: string; shape: readonly number[] }): string {
  return `${type.dtype}${shapeText(type.shape)}`;
}

function attributeText(value: AttributeValue, indent: string): string {
  if (typeof value === "number") return `${value}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  if ("outputs" in value) return `\n${printGraph(value as Graph, `${indent}  `)}`;
  const tensor = value as TensorData;
  const shown = tensor.data.length <= 8 ? toNumbers(tensor).join(", ") : `${tensor.data.length} elements`;
  return `${typeText(tensor)}{${shown}}`;
}
