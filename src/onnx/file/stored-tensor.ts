// Converts TensorProto to TensorData, from raw bytes, typed fields or another file, and checks sizes against the stored
// bytes.
import { clearField, create } from "@bufbuild/protobuf";
import { CorruptFileError, InvalidInputError } from "../../core/errors.js";
import { shapeText, sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { TensorType } from "../../graph/tensor.js";
import { type ElementStorage, elementStorages, storageOf } from "./element-storage.js";
import { type ExternalReading, externalBytes, externalOffset, isExternal } from "./external-data.js";
import {
  TensorProto_DataType as DataTypeCode,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "./generated/onnx_pb.js";
import { isPlain, type OwnPayload, ownLocation, ownPayload, packedNumbers } from "./own-payload.js";
import { integer, mostAxes } from "./read-values.js";

export interface TensorReading extends ExternalReading {
  /** Whether float64 becomes float32, as for everything that is trained. Default false. */
  readonly isSingle?: boolean;
}

/** The storage of an element type. @throws InvalidInputError for a type that cannot be read. */
export function requireStorage(where: string, code: number): ElementStorage {
  const storage = storageOf(code);
  if (storage !== undefined) return storage;
  throw new InvalidInputError("unsupported element type", {
    where,
    expected: `one of ${elementStorages.map(({ name }) => name).join(", ")}`,
    received: DataTypeCode[code] ?? `TensorProto.DataType ${code}`,
  });
}

/** Our element type for a stored type. */
export function heldType(where: string, code: number, { isSingle = false }: TensorReading) {
  const { dtype } = requireStorage(where, code);
  return isSingle && dtype === "float64" ? "float32" : dtype;
}

/** Decodes a stored tensor. Nothing is allocated before its declared size has been compared with the stored bytes. */
export function readTensor(where: string, proto: TensorProto, reading: TensorReading = {}): TensorData {
  const { storage, shape, bytes } = storedType(where, proto);
  const data = readElements(where, proto, storage, bytes, reading);
  const dtype = heldType(where, proto.dataType, reading);
  return { dtype, shape, data: dtype === storage.dtype ? data : Float32Array.from(data as Float64Array) };
}

/**
 * Some elements of a stored tensor, in order. If the values are in a file, only these elements are read.
 * @param start index of the first element.
 */
export function readElementsAt(
  where: string,
  proto: TensorProto,
  { start, count }: { readonly start: number; readonly count: number },
  reading: TensorReading,
): TensorData["data"] {
  const own = ownPayload(proto);
  if (!isExternal(proto) || (own !== undefined && !isPlain(own)))
    return readTensor(where, proto, reading).data.slice(start, start + count);
  readTensorType(where, proto, reading);
  const { storage, bytes } = storedType(where, proto);
  const [offset, length] = [start * storage.bytes, count * storage.bytes];
  if (offset + length > bytes) throw new RangeError(`${where}: elements beyond the end of the tensor`);
  const externalData = proto.externalData
    .filter(({ key }) => key !== "length" && key !== "offset")
    .concat(
      Object.entries({ offset: `${externalOffset(where, proto) + offset}`, length: `${length}` }).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
    );
  return readTensor(where, { ...proto, dims: [BigInt(count)], externalData }, reading).data;
}

/**
 * The type and shape of a stored tensor, without decoding its values.
 * @throws CorruptFileError if the number of stored bytes does not match the shape.
 */
export function readTensorType(where: string, proto: TensorProto, reading: TensorReading): TensorType {
  const { storage, shape, bytes } = storedType(where, proto);
  const typed = proto[storage.field].length * storage.bytes;
  const held = isExternal(proto) ? heldOutside(proto) : typed > 0 ? typed : proto.rawData.length;
  if (held !== undefined && held !== bytes) throw wrongCount(where, proto, bytes, held);
  return { dtype: heldType(where, proto.dataType, reading), shape };
}

/** Number of bytes of the elements that a skimmed file holds, if it is known without reading them. */
function heldOutside(proto: TensorProto): number | undefined {
  const own = ownPayload(proto);
  return own !== undefined && isPlain(own) ? own.length : undefined;
}

function storedType(where: string, proto: TensorProto) {
  const storage = requireStorage(where, proto.dataType);
  const shape = proto.dims.map((extent) => integer(where, extent));
  return { storage, shape, bytes: checkedBytes(where, shape, storage.bytes) };
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
  reading: TensorReading,
): TensorData["data"] {
  const own = ownPayload(proto);
  const typed = own === undefined ? proto[storage.field] : typedOwn(where, storage, own, reading);
  try {
    if (typed.length === 0 && isExternal(proto)) return storage.fromRaw(outsideBytes(where, proto, bytes, reading));
    const received = typed.length > 0 ? typed.length * storage.bytes : proto.rawData.length;
    if (received === bytes) return typed.length > 0 ? storage.fromTyped(typed) : storage.fromRaw(proto.rawData);
    throw wrongCount(where, proto, bytes, received);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new InvalidInputError("a value is too large", { where, received: cause.message, cause });
  }
}

/** The numbers of a packed field that skimming left in the file. */
function typedOwn(
  where: string,
  { field }: ElementStorage,
  own: OwnPayload,
  { readRange }: TensorReading,
): TensorProto[ElementStorage["field"]] {
  if (isPlain(own) || own.field !== field || readRange === undefined) return [];
  return packedNumbers(where, own.field, readRange(ownLocation, own.offset, own.length));
}

function outsideBytes(where: string, proto: TensorProto, bytes: number, reading: TensorReading): Uint8Array {
  const own = ownPayload(proto);
  if (own === undefined || reading.readRange === undefined) return externalBytes(where, proto, bytes, reading);
  const isRead = isPlain(own) && (own.field === "rawData" || own.field === requireStorage(where, proto.dataType).field);
  if (!isRead || own.length !== bytes) throw wrongCount(where, proto, bytes, isRead ? own.length : 0);
  return reading.readRange(ownLocation, own.offset, own.length);
}

function wrongCount(where: string, proto: TensorProto, bytes: number, received: number): CorruptFileError {
  const elementBytes = requireStorage(where, proto.dataType).bytes;
  return new CorruptFileError("element count does not fit the shape", {
    where,
    expected: `${bytes / elementBytes} elements for ${shapeText(proto.dims.map(Number))}`,
    received: `${received / elementBytes}`,
  });
}

/**
 * Replaces the values of a tensor, keeping its stored type. Used to write trained models.
 * @param value has the shape of the stored tensor.
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
