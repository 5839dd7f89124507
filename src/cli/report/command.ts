// `trainscope report`: writes the report of finished runs again, from the store.
import { addExamples, type CommandBuilder } from "../command-context.js";

export const reportCommand: CommandBuilder = (command, context) => {
  command
    .argument("<run...>", "names of runs (see trainscope runs list)")
    .option("--out <folder>", "where to write the report", "trainscope-report")
    .option("--quiet", "no progress")
    .option("--json", "print one JSON document at the end")
    .action(async (runs: string[], options: { out: string; quiet?: true; json?: true }) => {
      const { runReport } = await import("./run.js");
      const { out, quiet, json } = options;
      context.finish(await runReport({ runs, out, quiet: quiet === true, json: json === true }, context));
    });
  addExamples(command, [
    ["trainscope report normalization-20261122-202501", "one run as one HTML file, with its figures beside it"],
  ]);
};
