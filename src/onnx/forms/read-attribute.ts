// Converts attributes of nodes to the form that operator records expect.

import { CorruptFileError, InvalidInputError } from "../../core/errors.js";
import { dtypeTable } from "../../core/numbers/dtype.js";
import type { AttributeRecord } from "../../graph/op.js";
import type { AttributeValue } from "../../graph/tensor.js";
import { type AttributeProto, AttributeProto_AttributeType as AttributeTypeCode } from "../file/generated/onnx_pb.js";
import { integer, printable } from "../file/read-values.js";
import { heldType, readTensor, type TensorReading } from "../file/stored-tensor.js";

/** Attributes that name an element type, in all operators that have them. */
const elementTypeAttributes = ["to", "dtype", "output_dtype", "stash_type", "softmax_precision"];

const utf8 = new TextDecoder();

/** The value of an attribute that the record knows. Subgraphs are read by their node. */
export function readAttribute(
  where: string,
  proto: AttributeProto,
  { type, default: usual }: AttributeRecord,
  reading: TensorReading,
): AttributeValue {
  const code = AttributeTypeCode[type.toUpperCase() as "INT"];
  // Files older than the type field omit it.
  if (proto.type !== code && proto.type !== AttributeTypeCode.UNDEFINED) {
    throw new InvalidInputError(`attribute ${printable(proto.name)} has another type`, {
      where,
      expected: type,
      received: (AttributeTypeCode[proto.type] ?? `${proto.type}`).toLowerCase(),
    });
  }
  switch (type) {
    case "int":
      return elementTypeAttributes.includes(proto.name) && Number(proto.i) > 0
        ? dtypeTable[heldType(where, integer(where, proto.i), reading)].onnx
        : integer(where, proto.i);
    case "float":
      // A default keeps the digits of the specification.
      return typeof usual === "number" && Math.fround(usual) === proto.f ? usual : shortest(proto.f);
    case "ints":
      return proto.ints.map((value) => integer(where, value));
    case "floats":
      return proto.floats.map(shortest);
    case "string":
      return utf8.decode(proto.s);
    case "strings":
      return proto.strings.map((text) => utf8.decode(text));
    default:
      if (proto.t === undefined) throw new CorruptFileError(`attribute ${printable(proto.name)} is empty`, { where });
      return readTensor(`${where}, attribute ${printable(proto.name)}`, proto.t, reading);
  }
}

/** The shortest decimal that rounds to a float32: 0.1 instead of 0.10000000149. */
export function shortest(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === value ? short : value;
}
