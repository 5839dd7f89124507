// `trainscope runs`: the runs on this machine.
import { addExamples, type CommandBuilder } from "../command-context.js";

export const runsCommand: CommandBuilder = (command, context) => {
  command
    .command("list")
    .description("list all runs, newest first")
    .option("--json", "print one JSON document")
    .action(async (options: { json?: true }) => {
      const { listRuns } = await import("./run.js");
      await listRuns({ json: options.json === true }, context);
    });
  command
    .command("show <run>")
    .description("show one run: its trials, findings and claims; any unique beginning of the name will do")
    .option("--json", "print one JSON document")
    .action(async (run: string, options: { json?: true }) => {
      const { showRun } = await import("./run.js");
      await showRun({ run, json: options.json === true }, context);
    });
  command
    .command("rm <run...>")
    .description("remove runs, with the trials and checkpoints that no other run uses")
    .option("--json", "print one JSON document")
    .action(async (runs: string[], options: { json?: true }) => {
      const { removeRuns } = await import("./run.js");
      await removeRuns({ runs, json: options.json === true }, context);
    });
  addExamples(command, [
    ["trainscope runs list", "all runs, newest first"],
    ["trainscope runs show normalization", "the run whose name begins so"],
    ["trainscope runs rm train-20261122-202501", "remove one run and what it alone needs"],
  ]);
};
