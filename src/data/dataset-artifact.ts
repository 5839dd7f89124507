// A whole data set as one safetensors file, so that another process can open a user's data.
//
//   tensors   train/inputs, train/inputs/<name> of further inputs, train/targets; the same of validation and test
//   metadata  dataset: title, names and scaling as JSON
import * as z from "zod";
import { CorruptFileError, InvalidInputError } from "../core/errors.js";
import { sha256Hex } from "../core/formats/hash.js";
import { canonicalJson, type Json } from "../core/formats/json.js";
import { readSafetensors, writeSafetensors } from "../core/formats/safetensors.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import type { ArtifactStore } from "./artifact-store.js";
import type { Dataset, Split, SplitName } from "./dataset.js";
import { contentFingerprint } from "./fingerprint.js";
import type { DataSource } from "./source.js";

const splitNames: readonly SplitName[] = ["train", "validation", "test"];
const metadataKey = "dataset";

const metadataSchema = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  title: z.string(),
  isSample: z.boolean(),
  inputName: z.string().optional(),
  /** Names of the further inputs, in order: the file sorts its tensors. */
  moreInputs: z.array(z.string()),
  classes: z.array(z.string()).optional(),
  normalization: z
    .strictObject({ scale: z.number(), mean: z.array(z.number()), deviation: z.array(z.number()) })
    .optional(),
  scaling: z.enum(["standardize", "unit", "raw"]).optional(),
});

type ArtifactSource = Extract<DataSource, { readonly kind: "artifact" }>;

/**
 * Puts a data set into a store. @returns the same data set, whose source other processes can open.
 * @throws InvalidInputError for rows that are streamed: they do not fit into one file.
 */
export async function putDataset(data: Dataset, store: ArtifactStore): Promise<Dataset> {
  const bytes = datasetBytes(data);
  const source: ArtifactSource = {
    kind: "artifact",
    sha256: await store.put(bytes),
    format: "safetensors",
    fingerprint: contentFingerprint(data),
  };
  return { ...data, fingerprint: source.fingerprint, source };
}

/** The data set of a file that `putDataset` wrote. @throws CorruptFileError for other files. */
export function readDataset(bytes: Uint8Array, where: string): Dataset {
  const { tensors, metadata } = readSafetensors(bytes, where);
  const { schema: _, moreInputs, ...known } = readMetadata(metadata.get(metadataKey), where);
  const splits = new Map(splitNames.map((name) => [name, splitOf(tensors, name, moreInputs)]));
  const train = splits.get("train");
  if (train === undefined) throw notADataset(where, "no training examples");
  const held = { validation: splits.get("validation"), test: splits.get("test") };
  const contents = {
    train,
    ...(held.validation === undefined ? {} : { validation: held.validation }),
    ...(held.test === undefined ? {} : { test: held.test }),
  };
  const fingerprint = contentFingerprint(contents);
  const source: ArtifactSource = { kind: "artifact", sha256: sha256Hex(bytes), format: "safetensors", fingerprint };
  return { ...withoutUndefined(known), fingerprint, source, ...contents, inputShape: train.inputs.shape.slice(1) };
}

function datasetBytes(data: Dataset): Uint8Array {
  const tensors = splitNames.flatMap((name) => {
    const split = data[name];
    if (split === undefined) return [];
    if (split.source !== undefined) throw streamed(data);
    const { inputs, moreInputs = [], targets } = split;
    return [
      [`${name}/inputs`, inputs] as const,
      ...[...moreInputs].map(([input, tensor]) => [`${name}/inputs/${input}`, tensor] as const),
      [`${name}/targets`, targets] as const,
    ];
  });
  const { id, title, isSample, inputName, classes, normalization, scaling } = data;
  const moreInputs = [...(data.train.moreInputs?.keys() ?? [])];
  const named = withoutUndefined({ id, title, isSample, inputName, classes, normalization, scaling });
  const known = canonicalJson({ schema: 1, moreInputs, ...named } as unknown as Json);
  return writeSafetensors(tensors, new Map([[metadataKey, known]]));
}

function splitOf(
  tensors: ReadonlyMap<string, TensorData>,
  name: SplitName,
  moreInputs: readonly string[],
): Split | undefined {
  const [inputs, targets] = [tensors.get(`${name}/inputs`), tensors.get(`${name}/targets`)];
  if (inputs === undefined || targets === undefined) return undefined;
  const more = moreInputs.flatMap((input) => {
    const tensor = tensors.get(`${name}/inputs/${input}`);
    return tensor === undefined ? [] : [[input, tensor] as const];
  });
  return { inputs, targets, ...(more.length === 0 ? {} : { moreInputs: new Map(more) }) };
}

function readMetadata(text: string | undefined, where: string): z.output<typeof metadataSchema> {
  if (text === undefined) throw notADataset(where, "no description");
  try {
    return metadataSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw notADataset(where, "a description that cannot be read", cause);
  }
}

function notADataset(where: string, received: string, cause?: unknown): CorruptFileError {
  return new CorruptFileError("not a data set", {
    where,
    expected: "a file that was put into an artifact store as a data set",
    received,
    ...(cause === undefined ? {} : { cause }),
  });
}

function streamed({ id }: Dataset): InvalidInputError {
  return new InvalidInputError("a data set that is read from the disk as it is needed cannot be put into a store", {
    where: `data (${id})`,
    expected: "arrays in memory",
    received: "rows that are streamed",
    remedy: "Raise TRAINSCOPE_RESIDENT_LIMIT, or train where the file is",
  });
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(record: T): Defined<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>;
}
