// Finds the softmax or sigmoid at the end of a network, so that losses compute from its logits: a pattern of named
// operators.
//
//   logits --Softmax--> probabilities --Flatten, Identity, Cast--> output
//
// log(softmax(x)) and log(sigmoid(x)) lose all digits where the probability rounds to 0 or 1; the same functions of x do
// not.
import { isFloat } from "../../core/numbers/dtype.js";
import { sizeOf } from "../../core/numbers/shape.js";
import { apply } from "../../graph/build.js";
import { logSoftmax } from "../../graph/ops/reduction/softmax.js";
import type { Node, Tensor } from "../../graph/tensor.js";

export interface LastActivation {
  readonly kind: "softmax" | "logSoftmax" | "sigmoid";
  readonly logits: Tensor;
  /** For a softmax: the axis of the output on which its classes are; `undefined` if they are on several or none. */
  readonly classAxis?: number;
  /** Values of the logits' shape in the place of the activation, moved as the network moves its output. */
  moved(values: Tensor): Tensor;
  /** The logarithms of the probabilities of a softmax, in the place of the output. */
  logProbabilities(): Tensor;
}

/** Operators that hand on all elements of their first input, in another shape or order. */
const movements = new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Transpose"]);

const kinds: Readonly<Record<string, LastActivation["kind"]>> = {
  Softmax: "softmax",
  LogSoftmax: "logSoftmax",
  Sigmoid: "sigmoid",
};

/** The last activation of a network; `undefined` if it ends otherwise. `Log` of a softmax is a log-softmax. */
export function lastActivation(output: Tensor): LastActivation | undefined {
  const [made, before] = throughMovements(output);
  const isLog = made?.op.name === "Log";
  const [node, inner] = isLog ? throughMovements(made.inputs[0] as Tensor) : [made, []];
  const name = node?.op.name ?? "";
  if (node === undefined || !Object.hasOwn(kinds, name) || (isLog && name !== "Softmax")) return undefined;
  const all = [...before, ...inner];
  const logits = node.inputs[0] as Tensor;
  const axis = normalized(Number(node.attrs.axis ?? -1), logits.shape.length);
  const moved = (values: Tensor): Tensor => all.reduceRight(appliedAgain, values);
  const classAxis = all.reduceRight<number | undefined>((at, movement) => movedAxis(movement, at), axis);
  const isSigmoid = kinds[name] === "sigmoid";
  return {
    kind: isLog ? "logSoftmax" : kinds[name],
    logits,
    ...(isSigmoid || classAxis === undefined ? {} : { classAxis }),
    moved,
    logProbabilities: () => (name === "LogSoftmax" ? output : moved(logSoftmax(logits, { axis }))),
  };
}

const normalized = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The node that made the elements of a tensor, and the movements after it, the last one first. */
function throughMovements(output: Tensor): [node: Node | undefined, movements: Node[]] {
  const passed: Node[] = [];
  let { node } = output;
  while (node !== undefined && movements.has(node.op.name) && isFloat((node.inputs[0] as Tensor).dtype)) {
    passed.push(node);
    node = (node.inputs[0] as Tensor).node;
  }
  return [node, passed];
}

function appliedAgain(values: Tensor, { op, attrs, inputs }: Node): Tensor {
  return apply(op, [values, ...inputs.slice(1)], attrs)[0];
}

/** Where the classes are after a movement. */
function movedAxis({ op, attrs, inputs, outputs }: Node, axis: number | undefined): number | undefined {
  if (axis === undefined) return undefined;
  const [from, to] = [(inputs[0] as Tensor).shape, outputs[0].shape];
  if (op.name === "Transpose") {
    const perm = attrs.perm as readonly number[] | undefined;
    return perm === undefined ? from.length - 1 - axis : perm.indexOf(axis);
  }
  const before = sizeOf(from.slice(0, axis));
  const found = to.findIndex((extent, i) => extent === from[axis] && sizeOf(to.slice(0, i)) === before);
  return found === -1 ? undefined : found;
}
