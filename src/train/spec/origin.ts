// What determines a trial beside its spec: arrays that the caller hands in. Part of a checkpoint's identity.
import { crc32 } from "../../core/formats/crc32.js";
import { elementBytes } from "../../core/numbers/element-bytes.js";

/** What was handed in, in words, and a checksum of it; what was not is left out. */
export type TrialOrigin = Readonly<Record<string, string>>;

export interface GivenArrays {
  readonly rows?: Int32Array | undefined;
  readonly initial?: ReadonlyMap<string, Float32Array> | undefined;
}

/** The origin of a trial with these arrays. The order of the map's entries does not matter. */
export function trialOrigin({ rows, initial }: GivenArrays): TrialOrigin {
  return {
    ...(rows === undefined ? {} : { "order of rows": checksum(elementBytes(rows)) }),
    ...(initial === undefined || initial.size === 0 ? {} : { "set of initial values": valuesChecksum(initial) }),
  };
}

function valuesChecksum(values: ReadonlyMap<string, Float32Array>): string {
  const encoder = new TextEncoder();
  const paths = [...values.keys()].sort();
  const sum = paths.reduce(
    (before, path) => crc32(elementBytes(values.get(path) as Float32Array), crc32(encoder.encode(path), before)),
    0,
  );
  return digits(sum);
}

const checksum = (bytes: Uint8Array): string => digits(crc32(bytes));
const digits = (sum: number): string => sum.toString(16).padStart(8, "0");
