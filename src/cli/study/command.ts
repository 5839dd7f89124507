// `trainscope study`: lists, shows and runs studies.
import { addExamples, type CommandBuilder } from "../command-context.js";
import { atLeast, integer, setting } from "../option-values.js";
import type { StudyRunOptions } from "./run.js";

type RunFlags = Partial<Omit<StudyRunOptions, "study" | "out">> & Pick<StudyRunOptions, "out">;

export const studyCommand: CommandBuilder = (command, context) => {
  command
    .command("list")
    .description("list the studies with their questions")
    .option("--json", "print one JSON document")
    .action(async ({ json }: { json?: true }) => {
      const { listStudies } = await import("./run.js");
      context.finish(await listStudies({ json: json === true }, context));
    });
  command
    .command("show <id>")
    .description("show one study: question, expectation, source, data, presets and settings")
    .option("--json", "print one JSON document")
    .action(async (study: string, { json }: { json?: true }) => {
      const { showStudy } = await import("./run.js");
      context.finish(await showStudy({ study, json: json === true }, context));
    });
  command
    .command("run <id>")
    .description("run a study and write its report; finished trials are taken from the store")
    .option("--preset <name>", "size of the experiment; study show names those of a study (default: quick)")
    .option("--set <key=value>", "change a setting of the study; lists as key=a,b; may be repeated", setting("--set"))
    .option("--seeds <n>", "number of seeds", integer("--seeds", 1))
    .option("--workers <n>", "trials to run in parallel", integer("--workers", 1))
    .option("--threads <n>", "threads for all trials together", integer("--threads", 1))
    .option("--resume", "resume the newest unfinished run")
    .option("--out <folder>", "where to write the report", "trainscope-report")
    .option(
      "--checkpoint-every <seconds>",
      "time between checkpoints of a trial (default: 10)",
      atLeast("--checkpoint-every", 0),
    )
    .option("--data-dir <folder>", "folder with the data sets")
    .option("--quiet", "no progress")
    .option("--json", "print one JSON document at the end")
    .action(async (study: string, { set = {}, resume = false, quiet = false, json = false, ...rest }: RunFlags) => {
      const { runStudyCommand } = await import("./run.js");
      context.finish(await runStudyCommand({ study, set, resume, quiet, json, ...rest }, context));
    });
  addExamples(command, [
    ["trainscope study list", "the questions that can be answered"],
    ["trainscope study run normalization --preset quick", "an answer in under two minutes"],
    ["trainscope study run normalization --set epochs=5 --seeds 10", "longer, with more seeds"],
  ]);
};
