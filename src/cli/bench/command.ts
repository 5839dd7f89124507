// `trainscope bench`: compares our speed with peers found on this machine.
import { addExamples, type CommandBuilder } from "../command-context.js";
import { integer, list } from "../option-values.js";
import type { BenchOptions } from "./run.js";

type BenchFlags = Partial<Omit<BenchOptions, "rounds">> & Pick<BenchOptions, "rounds">;

export const benchCommand: CommandBuilder = (command, context) => {
  command
    .option("--only <ids>", "measure only these tasks, separated by commas", list)
    .option("--rounds <n>", "number of interleaved rounds; the median counts", integer("--rounds", 1), 7)
    .option("--quiet", "no progress")
    .option("--json", "print one JSON document at the end")
    .action(async ({ only = [], quiet = false, json = false, rounds }: BenchFlags) => {
      const { runBench } = await import("./run.js");
      context.finish(await runBench({ only, quiet, json, rounds }, context));
    });
  addExamples(command, [
    ["trainscope bench", "all tasks, against PyTorch if python3 (or TRAINSCOPE_PYTHON) has it"],
    ["trainscope bench --only lenet5 --rounds 11", "one task, measured longer"],
  ]);
};
