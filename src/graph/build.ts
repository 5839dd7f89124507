// Creates tensors and nodes. Every node of the program is created by `apply`, which checks it.

import { InvalidInputError } from "../core/errors.js";
import type { DType } from "../core/numbers/dtype.js";
import { dtypeTable } from "../core/numbers/dtype.js";
import type { Shape } from "../core/numbers/shape.js";
import { requireCountable, sizeOf } from "../core/numbers/shape.js";
import { type TensorData, tensorFrom } from "../core/numbers/tensor-data.js";
import type { InferInput, Op } from "./op.js";
import { constantOp } from "./ops/movement/constant.js";
import { unlimited } from "./ops/record/elementwise.js";
import { constantValue } from "./passes/constant-value.js";
import type { Attributes, Node, Tensor } from "./tensor.js";

export { constantValue } from "./passes/constant-value.js";

let nextId = 0;

// The scope of new nodes, which influences only messages and prints, never values.
let currentScope: string | undefined;

/** Runs `build` with every new node marked as coming from `scope`; gradient nodes inherit it from their origin. */
export function withScope<T>(scope: string | undefined, build: () => T): T {
  const outer = currentScope;
  currentScope = scope;
  try {
    return build();
  } finally {
    currentScope = outer;
  }
}

/** A graph input. @throws ShapeError if its number of elements is not a safe integer. */
export function input(name: string, dtype: DType, shape: Shape, axisNames?: readonly (string | null)[]): Tensor {
  requireCountable(name, shape);
  return { id: nextId++, name, dtype, shape, outputIndex: 0, ...(axisNames === undefined ? {} : { axisNames }) };
}

/**
 * Applies an operator: fills in default attributes, checks the inputs, infers the output types.
 * @throws ShapeError | InvalidInputError that names the scope.
 */
export function apply(op: Op, inputs: readonly (Tensor | null)[], attrs: Attributes = {}): readonly Tensor[] {
  const where = currentScope === undefined ? op.name : `${currentScope} > ${op.name}`;
  const [fewest, most] = op.arity;
  if (inputs.length < fewest || inputs.length > most) {
    throw new InvalidInputError("wrong number of inputs", {
      where,
      expected: fewest === most ? `${fewest}` : `${fewest} to ${most}`,
      received: `${inputs.length}`,
    });
  }
  const lacking = inputs.findIndex((tensor, i) => tensor === null && !mayLack(op, i));
  if (lacking !== -1) {
    throw new InvalidInputError("an input is missing", {
      where,
      expected: `a tensor as input ${lacking}${op.inputNames?.[lacking] === undefined ? "" : ` (${op.inputNames[lacking]})`}`,
      received: "none",
    });
  }
  const complete = withDefaults(op, attrs, where);
  const types = op.infer(
    inputs.map((tensor) => (tensor === null ? null : inferInput(tensor))),
    complete,
    where,
  );
  const outputs: Tensor[] = [];
  const node: Node = {
    id: nextId++,
    op,
    attrs: complete,
    inputs,
    outputs,
    ...(currentScope === undefined ? {} : { scope: currentScope }),
  };
  for (const [outputIndex, type] of types.entries()) {
    requireCountable(where, type.shape);
    outputs.push({ id: nextId++, dtype: type.dtype, shape: type.shape, node, outputIndex });
  }
  return outputs;
}

/** Inputs beyond the smallest number are optional, except for operators with any number of inputs. */
function mayLack(op: Op, index: number): boolean {
  const [fewest, most] = op.arity;
  return op.optionalInputs?.includes(index) ?? (index >= fewest && most < unlimited);
}

function withDefaults(op: Op, attrs: Attributes, where: string): Attributes {
  for (const name of Object.keys(attrs)) {
    if (!(name in op.attributes)) {
      throw new InvalidInputError(`unknown attribute "${name}"`, {
        where,
        remedy: `Valid: ${Object.keys(op.attributes).join(", ")}`,
      });
    }
  }
  const complete: Record<string, Attributes[string]> = {};
  for (const [name, record] of Object.entries(op.attributes)) {
    const value = attrs[name] ?? record.default;
    if (value !== undefined) complete[name] = value;
  }
  return complete;
}

/** The value is computed only if a rule reads it. */
function inferInput(tensor: Tensor): InferInput {
  return {
    dtype: tensor.dtype,
    shape: tensor.shape,
    get value() {
      return constantValue(tensor);
    },
  };
}

/** A constant tensor. */
export function constant(value: TensorData): Tensor {
  return apply(constantOp as Op, [], { value })[0];
}

/** A scalar constant, by default `float32`. */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return constant(tensorFrom(dtype, [], [value]));
}

/** A list of `int64`, the form of ONNX's shape and axes inputs. */
export function int64s(values: readonly number[]): Tensor {
  return constant(tensorFrom("int64", [values.length], values));
}

/** A constant filled with one value. */
export function filled(dtype: DType, shape: Shape, value: number): Tensor {
  const data = new dtypeTable[dtype].array(sizeOf(shape));
  if (data instanceof BigInt64Array) data.fill(BigInt(value));
  else data.fill(value);
  return constant({ dtype, shape, data });
}
