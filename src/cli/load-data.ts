// Loads a data set for a command, with the progress of a download and a remark about the sample.
import type { Dataset } from "../data/dataset.js";
import { loadDataset } from "../node/data/load-dataset.js";
import type { CommandContext } from "./command-context.js";
import { startProgress } from "./progress.js";

export interface LoadOptions {
  readonly dataDir?: string;
  readonly quiet: boolean;
  readonly signal?: AbortSignal;
}

/** Finds or downloads a data set; if the full set is unavailable, uses the embedded sample with a remark. */
export async function loadForCommand(
  id: string,
  options: LoadOptions,
  { terminal, paths }: CommandContext,
): Promise<Dataset> {
  let progress: ReturnType<typeof startProgress> | undefined;
  const data = await loadDataset(id, {
    paths: paths(),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onProgress: ({ file, receivedBytes, totalBytes }) => {
      progress ??= startProgress({ terminal, total: 1, unit: "kB", label: file, quiet: options.quiet });
      progress.setTotal(Math.ceil(totalBytes / 1000));
      progress.update(Math.floor(receivedBytes / 1000), { label: file });
    },
  }).finally(() => progress?.stop());
  if (data.isSample && !options.quiet) {
    terminal.writeError(
      `${data.title}: the full set is neither on this machine nor reachable, so the sample inside the package is used\n`,
    );
  }
  return data;
}
