// From a source to its data set: the port, its cache, and the check that the examples are still the same.
import { InterruptedError, InvalidInputError } from "../core/errors.js";
import type { Dataset } from "./dataset.js";
import { type DataSource, sourceText } from "./source.js";

/** Opens data sets by where they come from. */
export interface DataResolver {
  /**
   * The data set with the fingerprint of the source. Opened once; callers share it.
   * @throws InvalidInputError for local files, and where the examples have changed; errors of files and networks.
   */
  open(source: DataSource, signal?: AbortSignal): Promise<Dataset>;
}

/** How one process opens a source, without a cache. What it finds may have another fingerprint. */
export type OpenSource = (
  source: Exclude<DataSource, { readonly kind: "local" }>,
  signal: AbortSignal | undefined,
) => Promise<Dataset>;

/** As many as a worker meets in turn; the one that was not asked for the longest goes first. */
const mostKept = 4;

/** A resolver with a cache by fingerprint. */
export function dataResolver(openSource: OpenSource): DataResolver {
  const kept = new Map<string, Promise<Dataset>>();
  const opened = async (source: DataSource, signal: AbortSignal | undefined): Promise<Dataset> => {
    if (source.kind === "local") throw localOnly(source.name);
    const data = await openSource(source, signal);
    if (data.fingerprint !== source.fingerprint) throw otherExamples(source, data);
    return data;
  };
  const resolver: DataResolver = {
    async open(source, signal) {
      const known = kept.get(source.fingerprint);
      if (known === undefined) {
        const opening = opened(source, signal);
        kept.set(source.fingerprint, opening);
        opening.catch(() => kept.delete(source.fingerprint));
        for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - mostKept))) kept.delete(oldest);
        return opening;
      }
      kept.delete(source.fingerprint);
      kept.set(source.fingerprint, known);
      try {
        return await known;
      } catch (cause) {
        // Another caller, whose signal it was, gave up; this one still wants the data.
        if (cause instanceof InterruptedError && signal?.aborted !== true) return resolver.open(source, signal);
        throw cause;
      }
    },
  };
  return resolver;
}

/** Data sets that were loaded already, by their fingerprints; others come from another resolver, or are unknown. */
export function loadedData(sets: readonly Dataset[], others?: DataResolver): DataResolver {
  return {
    async open(source, signal) {
      const data = sets.find(({ fingerprint }) => fingerprint === source.fingerprint);
      if (data !== undefined) return data;
      if (others !== undefined) return others.open(source, signal);
      throw new InvalidInputError("unknown data", {
        where: `data source "${sourceText(source)}"`,
        expected: sets.map(({ fingerprint, title }) => `fingerprint ${fingerprint} (${title})`).join(" or "),
        received: `fingerprint ${source.fingerprint}`,
      });
    },
  };
}

function localOnly(name: string): InvalidInputError {
  return new InvalidInputError("local files cannot be opened by another process", {
    where: `data source "${name}"`,
    expected: "a published or synthetic data set, or an artifact",
    received: "files of one machine",
    remedy: "Put the data set into the artifact store first",
  });
}

function otherExamples(source: DataSource, { title, fingerprint }: Dataset): InvalidInputError {
  return new InvalidInputError("the examples have changed", {
    where: `data source "${sourceText(source)}"`,
    expected: `fingerprint ${source.fingerprint}`,
    received: `${fingerprint} (${title})`,
    remedy: "Train with the version that made the source, or begin a new training on the data as it is now",
  });
}
