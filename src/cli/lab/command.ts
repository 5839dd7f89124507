// `trainscope lab`: runs every study and writes one report.
import { addExamples, type CommandBuilder } from "../command-context.js";
import { atLeast, integer, list } from "../option-values.js";
import type { LabOptions } from "./run.js";

type LabFlags = Partial<Omit<LabOptions, "preset" | "out">> & Pick<LabOptions, "preset" | "out">;

export const labCommand: CommandBuilder = (command, context) => {
  command
    .option("--preset <name>", "size of the experiments: quick, standard, paper, ... as study show has them", "quick")
    .option("--only <ids>", "run only these studies, separated by commas", list)
    .option("--out <folder>", "where to write the report", "lab-report")
    .option("--workers <n>", "trials to run in parallel", integer("--workers", 1))
    .option("--threads <n>", "threads for all trials together", integer("--threads", 1))
    .option(
      "--checkpoint-every <seconds>",
      "time between checkpoints of a trial (default: 10)",
      atLeast("--checkpoint-every", 0),
    )
    .option("--data-dir <folder>", "folder with the data sets")
    .option("--quiet", "no progress")
    .option("--json", "print one JSON document at the end")
    .action(async ({ only = [], quiet = false, json = false, ...rest }: LabFlags) => {
      const { runLab } = await import("./run.js");
      context.finish(await runLab({ only, quiet, json, ...rest }, context));
    });
  addExamples(command, [
    ["trainscope lab --preset quick", "every study at its smallest, in minutes"],
    ["trainscope lab --only normalization --out report", "one study, report in ./report"],
  ]);
};
