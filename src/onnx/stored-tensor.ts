// TensorProto -> TensorData: raw bytes, typed fields or another file, checked against the bytes that are really there.
import { clearField } from "@bufbuild/protobuf";
import { CorruptFileError, InvalidInputError } from "../core/errors.js";
import { shapeText, sizeOf } from "../core/shape.js";
import type { TensorData } from "../core/tensor-data.js";
import { type ElementStorage, elementStorages, storageOf } from "./element-storage.js";
import { externalBytes, isExternal, type ReadExternal } from "./external-data.js";
import { TensorProto_DataType as DataTypeCode, type TensorProto, TensorProtoSchema } from "./generated/onnx_pb.js";
import { integer, mostAxes } from "./read-values.js";

export interface TensorReading {
  readonly readExternal?: ReadExternal;
  /** Whether float64 becomes float32, as everything that is trained does. Default false. */
  readonly isSingle?: boolean;
}

/** How the elements of a type are stored. @throws InvalidInputError for a type that cannot be read. */
export function requireStorage(where: string, code: number): ElementStorage {
  const storage = storageOf(code);
  if (storage !== undefined) return storage;
  throw new InvalidInputError("element type cannot be read", {
    where,
    expected: `one of ${elementStorages.map(({ name }) => name).join(", ")}`,
    received: DataTypeCode[code] ?? `TensorProto.DataType ${code}`,
  });
}

/** The element type of ours for a stored one. */
export function heldType(where: string, code: number, { isSingle = false }: TensorReading) {
  const { dtype } = requireStorage(where, code);
  return isSingle && dtype === "float64" ? "float32" : dtype;
}

/** A stored tensor. Nothing is allocated before its declared size was compared with the bytes that are there. */
export function readTensor(where: string, proto: TensorProto, reading: TensorReading = {}): TensorData {
  const storage = requireStorage(where, proto.dataType);
  const shape = proto.dims.map((extent) => integer(where, extent));
  const bytes = checkedBytes(where, shape, storage.bytes);
  const data = readElements(where, proto, storage, bytes, reading);
  const dtype = heldType(where, proto.dataType, reading);
  return { dtype, shape, data: dtype === storage.dtype ? data : Float32Array.from(data as Float64Array) };
}

function checkedBytes(where: string, shape: readonly number[], elementBytes: number): number {
  const bytes = shape.reduce((product, extent) => product * extent, elementBytes);
  const isPossible = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (isPossible && Number.isSafeInteger(bytes) && shape.length <= mostAxes) return bytes;
  throw new CorruptFileError("impossible shape", { where, received: shapeText(shape.slice(0, mostAxes)) });
}

function readElements(
  where: string,
  proto: TensorProto,
  storage: ElementStorage,
  bytes: number,
  { readExternal }: TensorReading,
): TensorData["data"] {
  const typed = proto[storage.field];
  try {
    if (isExternal(proto)) return storage.fromRaw(externalBytes(where, proto, bytes, readExternal));
    const received = typed.length > 0 ? typed.length * storage.bytes : proto.rawData.length;
    if (received === bytes) return typed.length > 0 ? storage.fromTyped(typed) : storage.fromRaw(proto.rawData);
    throw new CorruptFileError("element count does not fit the shape", {
      where,
      expected: `${bytes / storage.bytes} elements for ${shapeText(proto.dims.map(Number))}`,
      received: `${received / storage.bytes}`,
    });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new InvalidInputError("a value is too large", { where, received: cause.message, cause });
  }
}

/**
 * The tensor with other values, in the type that it is stored in: what a trained model is written with.
 * @param value of the shape of the stored tensor.
 */
export function replaceValues(where: string, proto: TensorProto, { shape, data }: TensorData): void {
  const storage = requireStorage(where, proto.dataType);
  if (sizeOf(shape) !== data.length) throw new RangeError(`${where}: values do not fit their shape`);
  for (const { field } of elementStorages) proto[field] = [];
  proto.externalData = [];
  clearField(proto, TensorProtoSchema.field.dataLocation);
  proto.dims = shape.map(BigInt);
  proto.rawData = storage.toRaw(data);
}
