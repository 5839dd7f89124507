// Loading a data set for a command: progress of the download, and the remark when the sample stands in.
import type { Dataset } from "../../data/dataset.js";
import { loadDataset } from "../../node/data/load-dataset.js";
import type { CommandContext } from "../command-context.js";

export interface LoadOptions {
  readonly dataDir?: string;
  readonly quiet: boolean;
  readonly signal?: AbortSignal;
}

/** Finds or fetches a data set; the embedded sample stands in, with a remark, when the full set cannot be had. */
export async function loadForCommand(
  id: string,
  options: LoadOptions,
  { terminal, paths }: CommandContext,
): Promise<Dataset> {
  const data = await loadDataset(id, {
    paths: paths(),
    allowSample: true,
    allowDownload: true,
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (data.isSample && !options.quiet) {
    const remark = `${data.title}: the full set is neither on this machine nor reachable, so the sample inside the package is used.\n`;
    terminal.writeError(remark);
  }
  return data;
}
