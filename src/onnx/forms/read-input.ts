// Determines the types of a model's inputs from the file and from the caller's sizes for open axes.
import { InvalidInputError } from "../../core/errors.js";
import type { Shape } from "../../core/numbers/shape.js";
import type { TensorType } from "../../graph/tensor.js";
import { storageOf } from "../file/element-storage.js";
import type { ValueInfoProto } from "../file/generated/onnx_pb.js";
import { integer, mostAxes, quoted } from "../file/read-values.js";
import { heldType, type TensorReading } from "../file/stored-tensor.js";

export interface InputReading extends TensorReading {
  /** Sizes of axes that the file leaves open, by axis name or by `input[axis]`. */
  readonly extents?: Readonly<Record<string, number>>;
  /** Shapes by input, which override the file. */
  readonly inputShapes?: ReadonlyMap<string, Shape>;
}

/** The declared axes of an input: sizes, names of symbolic axes, or `undefined` for axes without either. */
export function declaredInput(
  where: string,
  info: ValueInfoProto,
): { elemType: number; axes: (number | string | undefined)[] | undefined } {
  const type = info.type?.value;
  if (type?.case !== "tensorType") throw new InvalidInputError("only tensors can be inputs", { where });
  const { elemType, shape } = type.value;
  if (shape !== undefined && shape.dim.length > mostAxes)
    throw new InvalidInputError("the input has too many axes", { where });
  const axes = shape?.dim.map(({ value }) => {
    if (value.case === "dimValue") return integer(where, value.value);
    return value.case === "dimParam" && value.value !== "" ? value.value : undefined;
  });
  return { elemType, axes };
}

/** Whether an input is a tensor of a readable element type; strings, sequences and the like are not. */
export function isTensorInput({ type }: ValueInfoProto): boolean {
  return type?.value.case === "tensorType" && storageOf(type.value.value.elemType) !== undefined;
}

/** The type of a graph input. */
export function readInputType(where: string, info: ValueInfoProto, reading: InputReading): TensorType {
  const { elemType, axes } = declaredInput(where, info);
  const dtype = heldType(where, elemType, reading);
  const given = reading.inputShapes?.get(info.name);
  if (given !== undefined) return { dtype, shape: given };
  if (axes === undefined) throw new InvalidInputError("the input has no shape", { where });
  return { dtype, shape: axes.map((declared, axis) => extentOf(where, info.name, declared, axis, reading)) };
}

function extentOf(
  where: string,
  input: string,
  declared: number | string | undefined,
  axis: number,
  { extents = {} }: InputReading,
): number {
  const place = `${input}[${axis}]`;
  const name = typeof declared === "string" ? declared : place;
  const key = [place, name].find((known) => Object.hasOwn(extents, known));
  const extent = typeof declared === "number" ? declared : key === undefined ? undefined : extents[key];
  if (extent === undefined) {
    throw new InvalidInputError(`axis ${axis} has no fixed size`, {
      where,
      remedy: `Give one for ${quoted(name)}, as { extents: { ${quoted(name)}: 1 } }`,
    });
  }
  if (Number.isSafeInteger(extent) && extent >= 0) return extent;
  throw new InvalidInputError("impossible size", { where: `${where}, axis ${axis}`, received: `${extent}` });
}
