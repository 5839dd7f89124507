// Opens data sources on this machine: published sets, synthetic sets and artifacts.
import { MissingDataError } from "../../core/errors.js";
import type { ArtifactStore } from "../../data/artifact-store.js";
import type { Dataset } from "../../data/dataset.js";
import { readDataset } from "../../data/dataset-artifact.js";
import { buildDataset, type DatasetDefinition, fingerprint, identityOf } from "../../data/published/definition.js";
import { datasetDefinition } from "../../data/published/index.js";
import { type DataResolver, dataResolver } from "../../data/resolver.js";
import { type DataSource, sourceText } from "../../data/source.js";
import { syntheticFromSource } from "../../data/synthetic.js";
import { type ObtainOptions, obtainFiles } from "./download/obtain-files.js";
import { loadSample } from "./download/sample.js";

export interface NodeResolverOptions extends Omit<ObtainOptions, "signal"> {
  /** The store of artifacts; without it, artifacts cannot be opened. */
  readonly artifacts?: ArtifactStore;
}

/**
 * A resolver for the data sets of this machine. It searches for a published set as `loadDataset` does. The fingerprint
 * selects the full set or the sample, and no other data is accepted.
 * @throws (from `open`) MissingDataError for missing files and artifacts, CorruptFileError, EnvironmentError,
 * InterruptedError, UnknownNameError, InvalidInputError.
 */
export function nodeDataResolver({ artifacts, ...obtain }: NodeResolverOptions = {}): DataResolver {
  return dataResolver((source, signal) => {
    switch (source.kind) {
      case "published":
        return published(source, { ...obtain, ...(signal === undefined ? {} : { signal }) });
      case "synthetic":
        return Promise.resolve(syntheticFromSource(source));
      case "artifact":
        return artifact(source, artifacts);
    }
  });
}

type SourceOf<K extends DataSource["kind"]> = Extract<DataSource, { readonly kind: K }>;

async function published(
  { name, fingerprint: bytes }: SourceOf<"published">,
  options: ObtainOptions,
): Promise<Dataset> {
  const definition = datasetDefinition(name, "data source");
  if (identityOf(definition, bytes).isSample) return loadSample(name);
  if (bytes !== fingerprint(definition.files)) throw otherBytes(definition, bytes);
  const obtained = await obtainFiles(definition, options);
  if (obtained.unavailable !== undefined) throw obtained.unavailable;
  return buildDataset(definition, obtained.files);
}

async function artifact(source: SourceOf<"artifact">, artifacts: ArtifactStore | undefined): Promise<Dataset> {
  if (artifacts !== undefined) return readDataset(await artifacts.open(source.sha256), sourceText(source));
  throw new MissingDataError("there is no artifact store to look in", {
    where: `data source "${sourceText(source)}"`,
    remedy: "Name the folder of the artifacts",
  });
}

/** The error for a fingerprint that this version does not know. */
function otherBytes({ id, title, files, sample }: DatasetDefinition, bytes: string): MissingDataError {
  const ofSample = sample === undefined ? "" : `, ${fingerprint(sample.files)} (the sample)`;
  return new MissingDataError("this version knows other examples by this name", {
    where: `data source "${id}"`,
    expected: `fingerprint ${bytes}`,
    received: `${fingerprint(files)} (${title})${ofSample}`,
    remedy: "Use the version that made the source, or begin a new training",
  });
}
