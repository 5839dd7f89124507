// What determines a trial beside its options: arrays that the caller hands in. Their hashes are part of its spec.
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { InvalidInputError } from "../../core/errors.js";
import { sha256Hex, sha256OfPieces } from "../../core/formats/hash.js";
import { elementBytes } from "../../core/numbers/element-bytes.js";
import { type TrialSpec, type TrialSpecInput, trialSpec } from "./trial-spec.js";

export interface GivenArrays {
  /** Row numbers to train on, batch after batch. */
  readonly rows?: Int32Array | undefined;
  /** Initial values by path. */
  readonly initial?: ReadonlyMap<string, Float32Array> | undefined;
}

/** The hashes of arrays that are handed in. The order of the map's entries does not matter. */
export function trialOrigin({ rows, initial }: GivenArrays): Pick<TrialSpec, "rows" | "initial"> {
  return {
    ...(rows === undefined ? {} : { rows: sha256Hex(elementBytes(rows)) }),
    ...(initial === undefined || initial.size === 0 ? {} : { initial: sha256OfPieces(piecesOf(initial)) }),
  };
}

/**
 * The complete spec of a trial with arrays. Their hashes are filled in where the spec leaves them out.
 * @throws InvalidInputError when the spec names other arrays than those that are handed in, or some and there are none.
 */
export function specWithArrays(spec: TrialSpecInput, arrays: GivenArrays): TrialSpec {
  const origin = trialOrigin(arrays);
  for (const name of ["rows", "initial"] as const) {
    if (spec[name] === undefined || spec[name] === origin[name]) continue;
    throw new InvalidInputError("the spec was made for other arrays than those that are handed in", {
      where: `trial.${name}`,
      expected: `SHA-256 ${spec[name]}`,
      received: origin[name] ?? "none",
    });
  }
  return trialSpec({ ...spec, ...origin });
}

function* piecesOf(values: ReadonlyMap<string, Float32Array>): Generator<Uint8Array> {
  for (const path of [...values.keys()].sort()) {
    const bytes = elementBytes(values.get(path) as Float32Array);
    // The length, so that no two sets of arrays are the same text.
    yield utf8ToBytes(`${path}\n${bytes.length}\n`);
    yield bytes;
  }
}
