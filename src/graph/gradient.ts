// Reverse mode as a graph-to-graph function: given a scalar, new tensors that compute its gradients.

import { InvalidInputError } from "../core/errors.js";
import { isFloat } from "../core/numbers/dtype.js";
import { sameShape, shapeText } from "../core/numbers/shape.js";
import { filled, withScope } from "./build.js";
import { add } from "./ops/elementwise/arithmetic.js";
import { sumTo } from "./ops/reduction/reduction.js";
import { nodesInOrder } from "./order.js";
import type { Node, Tensor } from "./tensor.js";

export interface GradientRequest {
  /** The tensor to differentiate; a scalar unless `cotangent` is given. */
  readonly of: Tensor;
  /** The variables: inputs, parameters or any intermediate tensors. */
  readonly withRespectTo: readonly Tensor[];
  /** Cotangent of `of`; 1 by default. */
  readonly cotangent?: Tensor;
}

/**
 * The gradients of `of`, one per tensor in `withRespectTo` and of its shape; zeros for tensors without influence.
 * Rules may return results that are broadcast beyond their input; they are summed here, in one place for all rules.
 * @throws InvalidInputError if the path contains an operator without gradient.
 */
export function gradients({ of, withRespectTo, cotangent }: GradientRequest): Tensor[] {
  if (cotangent === undefined && of.shape.length !== 0) {
    throw new InvalidInputError("gradients need a scalar or a cotangent", {
      where: "gradients",
      received: `a tensor of shape ${shapeText(of.shape)}`,
      remedy: "Reduce it with reduceMean or reduceSum, or pass its cotangent",
    });
  }
  const order = nodesInOrder([of]);
  const influenced = influencedTensors(order, withRespectTo);
  const cotangents = new Map<Tensor, Tensor>();
  cotangents.set(of, cotangent ?? filled(of.dtype, [], 1));
  for (let i = order.length - 1; i >= 0; i--) backPropagate(order[i], cotangents, influenced);
  return withRespectTo.map((tensor) => cotangents.get(tensor) ?? filled(tensor.dtype, tensor.shape, 0));
}

/** The tensors through which `sources` influence the result; only these need cotangents. */
function influencedTensors(order: readonly Node[], sources: readonly Tensor[]): Set<Tensor> {
  const influenced = new Set<Tensor>(sources);
  for (const node of order) {
    if (!node.inputs.some((tensor) => tensor !== null && influenced.has(tensor))) continue;
    for (const output of node.outputs) if (isFloat(output.dtype)) influenced.add(output);
  }
  return influenced;
}

function backPropagate(node: Node, cotangents: Map<Tensor, Tensor>, influenced: ReadonlySet<Tensor>): void {
  const wants = node.inputs.map((tensor) => tensor !== null && isFloat(tensor.dtype) && influenced.has(tensor));
  const incoming = node.outputs.map((output) => cotangents.get(output) ?? null);
  if (!wants.includes(true) || incoming.every((ct) => ct === null)) return;
  const { vjp } = node.op;
  if (vjp === "none") {
    throw new InvalidInputError("this operator has no gradient", {
      where: node.scope === undefined ? node.op.name : `${node.scope} > ${node.op.name}`,
      remedy: "Stop the gradient before it, or express the function with differentiable operators",
    });
  }
  withScope(node.scope, () => {
    const results = vjp({ inputs: node.inputs, outputs: node.outputs, attrs: node.attrs, cotangents: incoming, wants });
    for (const [i, result] of results.entries()) {
      const target = node.inputs[i];
      if (result === null || target === null || target === undefined || !wants[i]) continue;
      const contribution = sameShape(result.shape, target.shape) ? result : sumTo(result, target.shape);
      const known = cotangents.get(target);
      cotangents.set(target, known === undefined ? contribution : add(known, contribution));
    }
  });
}
