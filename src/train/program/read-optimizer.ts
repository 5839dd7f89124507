// From the spec of an optimizer to its implementation.
import { readSpec } from "../../core/definition.js";
import type { OptimizerPart } from "../../optim/optimizer.js";
import { optimizers } from "../../optim/optimizers/index.js";
import type { Regularization } from "../../optim/regularization.js";

/** An optimizer's implementation and its complete spec. */
export interface ReadOptimizer {
  readonly part: OptimizerPart<unknown>;
  readonly spec: Regularization & { readonly kind: string; readonly learningRate: number };
}

/** The optimizer that a spec stands for, with its options filled in. */
export function readOptimizer(spec: unknown): ReadOptimizer {
  const { definition, spec: complete } = readSpec("optimizer", "optimizer", optimizers, spec);
  return {
    part: definition as unknown as OptimizerPart<unknown>,
    spec: complete as unknown as ReadOptimizer["spec"],
  };
}
