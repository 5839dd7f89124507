// What an ONNX file stores: tensors, attributes and types, checked against the bytes that are really there.
import { dtypeFromOnnx, dtypes, dtypeTable, type TypedArray } from "../core/dtype.js";
import { checkedByteLength, elementsFromBytes } from "../core/element-bytes.js";
import { CorruptFileError, InvalidInputError } from "../core/errors.js";
import { shapeText } from "../core/shape.js";
import type { TensorData } from "../core/tensor-data.js";
import type { AttributeRecord } from "../graph/op.js";
import type { AttributeValue, TensorType } from "../graph/tensor.js";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeTypeCode,
  TensorProto_DataLocation as DataLocation,
  type TensorProto,
  type ValueInfoProto,
} from "./generated/onnx_pb.js";

const utf8 = new TextDecoder();
const mostAxes = 64;

/** A name of the file in quotes, as far as it can be printed in one line. */
export function quoted(name: string): string {
  return `"${printable(name)}"`;
}

/** A text of the file without control characters, shortened. */
export function printable(text: string): string {
  return [...text.slice(0, 120)].map((letter) => (/\p{C}/u.test(letter) ? "?" : letter)).join("");
}

/** An integer of the file as a number. Throws CorruptFileError beyond 2^53; the largest int64 stands for "to the end". */
export function integer(where: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) || value === 2n ** 63n - 1n || value === -(2n ** 63n)) return number;
  throw new CorruptFileError("an integer is too large", { where, received: `${value}` });
}

function elementType(where: string, code: number) {
  const dtype = dtypeFromOnnx(code);
  if (dtype !== undefined) return dtype;
  throw new InvalidInputError("element type cannot be read", {
    where,
    expected: `one of ${dtypes.join(", ")}`,
    received: `TensorProto.DataType ${code}`,
  });
}

/** A stored tensor, from raw bytes or from the typed fields. */
export function readTensor(where: string, proto: TensorProto): TensorData {
  const dtype = elementType(where, proto.dataType);
  const shape = proto.dims.map((extent) => integer(where, extent));
  const bytes = checkedByteLength(dtype, shape);
  if (Number.isNaN(bytes) || shape.length > mostAxes)
    throw new CorruptFileError("impossible shape", { where, received: shapeText(shape) });
  if (proto.dataLocation === DataLocation.EXTERNAL || proto.externalData.length > 0) {
    throw new InvalidInputError("its values lie in another file", {
      where,
      remedy: "Save the model as one file (onnx.save without external data)",
    });
  }
  const size = bytes / dtypeTable[dtype].bytes;
  const { rawData } = proto;
  const typed = [proto.floatData, proto.int32Data, proto.int64Data, proto.doubleData, proto.uint64Data].find(
    (field) => field.length > 0,
  );
  const received = typed === undefined ? rawData.length : typed.length * dtypeTable[dtype].bytes;
  if (received !== bytes) {
    throw new CorruptFileError("element count does not fit the shape", {
      where,
      expected: `${size} elements for ${shapeText(shape)}`,
      received: `${received / dtypeTable[dtype].bytes}`,
    });
  }
  if (typed === undefined) return { dtype, shape, data: elementsFromBytes(dtype, rawData) };
  const data: TypedArray = new dtypeTable[dtype].array(size);
  for (let i = 0; i < size; i++) data[i] = data instanceof BigInt64Array ? BigInt(typed[i]) : Number(typed[i]);
  return { dtype, shape, data };
}

/** The type of a graph input. `extents` gives the extent of a named axis: by its name, or by `input[axis]`. */
export function readInputType(
  where: string,
  info: ValueInfoProto,
  extents: Readonly<Record<string, number>>,
): TensorType {
  const type = info.type?.value;
  if (type?.case !== "tensorType") throw new InvalidInputError("only tensors can be inputs", { where });
  const dims = type.value.shape?.dim;
  if (dims === undefined || dims.length > mostAxes) throw new InvalidInputError("the input has no shape", { where });
  const shape = dims.map(({ value }, axis) => {
    const place = `${info.name}[${axis}]`;
    const name = value.case === "dimParam" && value.value !== "" ? value.value : place;
    const given = Object.hasOwn(extents, place)
      ? extents[place]
      : Object.hasOwn(extents, name)
        ? extents[name]
        : undefined;
    const extent = value.case === "dimValue" ? integer(where, value.value) : given;
    if (extent === undefined) {
      throw new InvalidInputError(`axis ${axis} has no fixed extent`, {
        where,
        remedy: `Give one for ${quoted(name)}, as { extents: { ${quoted(name)}: 1 } }`,
      });
    }
    if (Number.isSafeInteger(extent) && extent >= 0) return extent;
    throw new InvalidInputError("impossible extent", { where: `${where}, axis ${axis}`, received: `${extent}` });
  });
  return { dtype: elementType(where, type.value.elemType), shape };
}

/** The value of an attribute that the operator's record knows. Sub-graphs are read by their node. */
export function readAttribute(where: string, proto: AttributeProto, { type }: AttributeRecord): AttributeValue {
  const code = AttributeTypeCode[type.toUpperCase() as "INT"];
  // Files older than the type field leave it out.
  if (proto.type !== code && proto.type !== AttributeTypeCode.UNDEFINED) {
    throw new InvalidInputError(`attribute ${printable(proto.name)} has another type`, {
      where,
      expected: type,
      received: (AttributeTypeCode[proto.type] ?? `${proto.type}`).toLowerCase(),
    });
  }
  switch (type) {
    case "int":
      return integer(where, proto.i);
    case "float":
      return shortest(proto.f);
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
      return readTensor(`${where}, attribute ${printable(proto.name)}`, proto.t);
  }
}

/** The decimal number that was meant: a float32 of 0.1 reads as 0.1, not as 0.10000000149. */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === value ? short : value;
}
