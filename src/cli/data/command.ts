// `trainscope data`: the data sets and their locations.
import { addExamples, type CommandBuilder } from "../command-context.js";
import type { DataOptions } from "./run.js";

interface Flags {
  readonly dataDir?: string;
  readonly quiet?: true;
  readonly json?: true;
}

export const dataCommand: CommandBuilder = (command, context) => {
  command
    .command("list")
    .description("list the data sets, and what of them is on this machine")
    .option("--data-dir <folder>", "look into this folder first")
    .option("--json", "print one JSON document")
    .action(async (flags: Flags) => {
      const { listData } = await import("./run.js");
      context.finish(await listData(dataOptions(flags), context));
    });
  command
    .command("get <dataset>")
    .description("find a data set, or download it from its publisher, and check it")
    .option("--data-dir <folder>", "look into this folder first, and download into it")
    .option("--quiet", "no progress")
    .option("--json", "print one JSON document")
    .action(async (dataset: string, flags: Flags) => {
      const { getData } = await import("./run.js");
      context.finish(await getData(dataset, dataOptions(flags), context));
    });
  command
    .command("verify <dataset>")
    .description("compare the files of a data set with their published checksums; 1 if any differs")
    .option("--data-dir <folder>", "look into this folder first")
    .option("--json", "print one JSON document")
    .action(async (dataset: string, flags: Flags) => {
      const { verifyData } = await import("./run.js");
      context.finish(await verifyData(dataset, dataOptions(flags), context));
    });
  addExamples(command, [
    ["trainscope data list", "the data sets, and where they are looked for"],
    ["trainscope data get mnist", "download MNIST into the cache, resumable, checked by SHA-256"],
    ["trainscope data verify mnist --data-dir ~/data", "check files that you have"],
  ]);
};

function dataOptions({ dataDir, quiet, json }: Flags): DataOptions {
  return { ...(dataDir === undefined ? {} : { dataDir }), quiet: quiet === true, json: json === true };
}
