// What a data set is: its files with their checksums, where they come from, and how bytes become examples.
import { jsonHash } from "../../core/formats/hash.js";
import type { Dataset, Normalization, Split } from "../dataset.js";

/** One file, as its publisher made it. */
export interface DatasetFile {
  /** Name without `.gz`: `train-images-idx3-ubyte`. */
  readonly name: string;
  /** Size of the uncompressed file. */
  readonly bytes: number;
  /** Lower-case hexadecimal SHA-256 of the uncompressed file. */
  readonly sha256: string;
}

/** A file that can be downloaded as `<mirror><name>.gz`, or that is a member of the set's archive. */
export interface PublishedFile extends DatasetFile {
  /** Size of the `.gz` file, for progress. Mirrors may pack otherwise; the checksum decides. 0 in an archive. */
  readonly packedBytes: number;
}

/** One `.tar.gz` that holds all files of a set. Downloaded as `<mirror><name>`. */
export interface PublishedArchive {
  readonly name: string;
  /** Its size, for progress. The checksums of its members decide. */
  readonly packedBytes: number;
}

/** A file of an embedded sample. */
export interface SampleFile extends DatasetFile {
  /** Whether the images in it are packed by prediction (src/data/formats/image-packing.ts) before Brotli. */
  readonly isPredicted?: boolean;
}

/** A small part of the set that ships inside the package. */
export interface SampleDefinition {
  readonly trainExamples: number;
  readonly testExamples: number;
  /** Names of files of the full set; in the package as `samples/<id>/<name>.br` (Brotli). */
  readonly files: readonly SampleFile[];
}

export interface DatasetDefinition {
  /** The name on the command line, and of the folder: `mnist`. */
  readonly id: string;
  readonly title: string;
  /** One sentence for help and docs. */
  readonly about: string;
  readonly files: readonly PublishedFile[];
  /** Where the publisher packs all files as one. */
  readonly archive?: PublishedArchive;
  /** Folders below a data folder in which the files may lie; the first one is where we put them. */
  readonly folders: readonly string[];
  /** Base URLs, best first, each ending in a slash. */
  readonly mirrors: readonly string[];
  /** What is known about the right to use it. */
  readonly license: string;
  readonly citation: string;
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  readonly sample?: SampleDefinition;
  /**
   * Turns uncompressed files, by name, into examples. A sample may have fewer of them.
   * @throws CorruptFileError when files are damaged or do not fit together.
   */
  readonly parse: (files: ReadonlyMap<string, Uint8Array>) => { readonly train: Split; readonly test: Split };
}

/** What is downloaded: a file, or an archive of several. */
export interface Download {
  /** Behind the mirror's address. */
  readonly name: string;
  readonly packedBytes: number;
  readonly files: readonly PublishedFile[];
}

/** What has to be downloaded for these files. */
export function downloadsFor({ archive }: DatasetDefinition, files: readonly PublishedFile[]): Download[] {
  if (archive !== undefined) return files.length === 0 ? [] : [{ ...archive, files }];
  return files.map((file) => ({ name: `${file.name}.gz`, packedBytes: file.packedBytes, files: [file] }));
}

/** Names the bytes of a set by the checksums of its files, so that it is known without reading them. */
export function fingerprint(files: readonly DatasetFile[]): string {
  return jsonHash(files.map(({ sha256 }) => sha256));
}

/**
 * The full set from uncompressed files whose checksums were verified.
 * @throws CorruptFileError as `parse` does.
 */
export function buildDataset(definition: DatasetDefinition, files: ReadonlyMap<string, Uint8Array>): Dataset {
  return assemble(definition, files, {
    title: definition.title,
    isSample: false,
    fingerprint: fingerprint(definition.files),
  });
}

/** The embedded sample. Its normalization is that of the full set, so that networks for one fit the other. */
export function buildSample(
  definition: DatasetDefinition,
  sample: SampleDefinition,
  files: ReadonlyMap<string, Uint8Array>,
): Dataset {
  return assemble(definition, files, sampleIdentity(definition, sample));
}

/** What is known of the sample without reading it. */
export function sampleIdentity({ title }: DatasetDefinition, sample: SampleDefinition): DatasetIdentity {
  const [train, test] = [sample.trainExamples, sample.testExamples].map((count) => count.toLocaleString("en-US"));
  return {
    title: `${title} sample (${train} train / ${test} test)`,
    isSample: true,
    fingerprint: fingerprint(sample.files),
  };
}

/** Which data a fingerprint names: the sample or the full set. */
export function identityOf(definition: DatasetDefinition, bytes: string): DatasetIdentity {
  const { title, sample } = definition;
  const ofSample = sample === undefined ? undefined : sampleIdentity(definition, sample);
  return ofSample?.fingerprint === bytes ? ofSample : { title, isSample: false, fingerprint: bytes };
}

export type DatasetIdentity = Pick<Dataset, "title" | "isSample" | "fingerprint">;

function assemble(
  definition: DatasetDefinition,
  files: ReadonlyMap<string, Uint8Array>,
  identity: DatasetIdentity,
): Dataset {
  const { id, inputShape, classes, normalization } = definition;
  const source = { kind: "published", name: id, fingerprint: identity.fingerprint } as const;
  return { id, ...identity, source, ...definition.parse(files), inputShape, classes, normalization };
}
