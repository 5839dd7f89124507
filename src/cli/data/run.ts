// Runs `trainscope data`.
import { exitCodes } from "../../core/errors.js";
import type { Row } from "../../core/rows.js";
import { syntheticTable } from "../../data/synthetic.js";
import { getDataset, listDatasets, verifyDataset } from "../../node/data/download/library.js";
import type { PlacesOptions } from "../../node/data/download/places.js";
import type { CommandContext } from "../command-context.js";
import { watchInterrupts } from "../interrupt.js";
import { formatBytes, formatNumber, formatTable, jsonLine } from "../output.js";
import { startProgress } from "../progress.js";

export interface DataOptions {
  /** The folder that is searched first. */
  readonly dataDir?: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** `data list`. */
export async function listData(options: DataOptions, context: CommandContext): Promise<number> {
  const sets = await listDatasets(placesOf(options, context));
  const { terminal } = context;
  const drawn = Object.values(syntheticTable);
  if (options.json) {
    const synthetic = drawn.map(({ kind, about, options: { shape } }) => ({
      id: kind,
      about,
      options: Object.keys(shape),
    }));
    terminal.write(jsonLine({ schema: 1, datasets: sets, synthetic }));
    return exitCodes.done;
  }
  const published = sets.map(
    ({ id, present, about, folder, bytes }): Row => ({
      "data set": id,
      here: present,
      size: formatBytes(bytes),
      about,
      folder: folder ?? "",
    }),
  );
  const rows = [...published, ...drawn.map(({ kind, about }): Row => ({ "data set": kind, here: "drawn", about }))];
  const keys = ["data set", "here", "size", "about", "folder"];
  const columns = keys.map((key) => ({ key, title: key }));
  terminal.write(formatTable(columns, rows, terminal.tableColumns));
  terminal.write("\nThose that are drawn take options: --data two-moons:points=500,noise=0.2,seed=1\n");
  terminal.write("Files are looked for in --data-dir, then TRAINSCOPE_DATA, then the cache:\n");
  terminal.write(`  ${context.paths().data}\n`);
  return exitCodes.done;
}

/** `data get`. The first Ctrl-C stops the download and keeps the received bytes for the next time. */
export async function getData(dataset: string, options: DataOptions, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const interrupts = watchInterrupts(terminal);
  const progress = startProgress({ terminal, total: 1, unit: "kB", label: dataset, quiet: options.quiet });
  try {
    const status = await getDataset(dataset, {
      ...placesOf(options, context),
      signal: interrupts.signal,
      onProgress: ({ file, receivedBytes, totalBytes }) => {
        progress.setTotal(Math.ceil(totalBytes / 1000));
        progress.update(Math.floor(receivedBytes / 1000), { label: file });
      },
    });
    progress.stop();
    if (options.json) terminal.write(jsonLine({ schema: 1, dataset: status }));
    else
      terminal.write(
        `${status.title}: ${status.present}${status.folder === undefined ? "" : ` in ${status.folder}`}\n`,
      );
    return exitCodes.done;
  } finally {
    progress.stop();
    interrupts.dispose();
  }
}

/** `data verify`. Exit code 1 if a file is damaged, 3 if one is missing. */
export async function verifyData(dataset: string, options: DataOptions, context: CommandContext): Promise<number> {
  const checks = await verifyDataset(dataset, placesOf(options, context));
  const { terminal } = context;
  if (options.json) terminal.write(jsonLine({ schema: 1, dataset, files: checks }));
  else {
    const columns = ["file", "state", "remark"].map((key) => ({ key, title: key }));
    terminal.write(
      formatTable(
        columns,
        checks.map((check): Row => ({ ...check })),
        terminal.tableColumns,
      ),
    );
    const good = checks.filter(({ state }) => state === "good").length;
    terminal.write(`${formatNumber(good)} of ${formatNumber(checks.length)} files are as published\n`);
  }
  if (checks.some(({ state }) => state === "damaged")) return exitCodes.failed;
  return checks.some(({ state }) => state === "missing") ? exitCodes.missing : exitCodes.done;
}

function placesOf({ dataDir }: DataOptions, { environment, paths }: CommandContext): PlacesOptions {
  return { environment, paths: paths(), ...(dataDir === undefined ? {} : { dataDir }) };
}
