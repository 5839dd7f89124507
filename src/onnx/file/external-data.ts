// Locates tensors whose bytes are in files beside the model, and ensures that no other file can be read through them.
import { CorruptFileError, InvalidInputError } from "../../core/errors.js";
import { TensorProto_DataLocation as DataLocation, type TensorProto } from "./generated/onnx_pb.js";
import { ownPayload } from "./own-payload.js";
import { quoted } from "./read-values.js";

/** Returns the bytes of a file beside the model, by name. @throws TrainscopeError if there is none. */
export type ReadExternal = (location: string) => Uint8Array;

/**
 * Returns a part of a file: of one beside the model, by name, or of the model itself (`ownLocation`).
 * @throws TrainscopeError if there is no such file, or it is too short.
 */
export type ReadRange = (location: string, offset: number, length: number) => Uint8Array;

/** Readers of external data; ranges are preferred to whole files. */
export interface ExternalReading {
  readonly readExternal?: ReadExternal;
  readonly readRange?: ReadRange;
}

export function isExternal({ dataLocation, externalData }: TensorProto): boolean {
  return dataLocation === DataLocation.EXTERNAL || externalData.length > 0;
}

/** Whether the values are in another file than the model. */
export const isBeside = (proto: TensorProto): boolean => isExternal(proto) && ownPayload(proto) === undefined;

/**
 * The bytes of a tensor in another file, without a copy if the whole file is in memory.
 * @param size number of bytes that its type and shape require.
 */
export function externalBytes(
  where: string,
  proto: TensorProto,
  size: number,
  { readExternal, readRange }: ExternalReading,
): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = plainName(where, entries.get("location") ?? "");
  if (readExternal === undefined && readRange === undefined) {
    throw new InvalidInputError("its values are in another file", {
      where,
      received: quoted(location),
      remedy: "Read the model from its folder, or save it as one file (onnx.save without external data)",
    });
  }
  const offset = externalOffset(where, proto);
  const length = count(where, "length", entries.get("length") ?? `${size}`);
  if (length !== size) {
    throw new CorruptFileError("element count does not fit the shape", {
      where,
      expected: `${size} bytes`,
      received: `${length} in ${quoted(location)}`,
    });
  }
  if (readRange !== undefined) return readRange(location, offset, length);
  const bytes = (readExternal as ReadExternal)(location);
  if (offset + length > bytes.length) {
    throw new CorruptFileError("its values extend beyond the end of the file that holds them", {
      where,
      expected: `${quoted(location)} of at least ${offset + length} bytes`,
      received: `${bytes.length}`,
    });
  }
  return bytes.subarray(offset, offset + length);
}

/** Offset of a tensor's bytes in the file that holds them. */
export function externalOffset(where: string, { externalData }: TensorProto): number {
  return count(where, "offset", externalData.findLast(({ key }) => key === "offset")?.value ?? "0");
}

/** A model may name only files in its own folder, so that an untrusted file cannot point to others. */
function plainName(where: string, location: string): string {
  const name = location.replace(/^\.\//, "");
  // No file system has longer names.
  if (name !== "" && name.length <= 255 && name !== "." && name !== ".." && !/[/\\:\p{C}]/u.test(name)) return name;
  throw new InvalidInputError("the model may not refer to this file for its values", {
    where,
    expected: "the name of a file in the model's folder",
    received: quoted(location),
  });
}

function count(where: string, key: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new CorruptFileError(`impossible ${key} of external data`, {
    where,
    expected: "a number of bytes",
    received: quoted(text),
  });
}
