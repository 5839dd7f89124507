// The table of commands, in the order in which help lists them.
import type { CommandEntry } from "./command-context.js";

export const commands: readonly CommandEntry[] = [
  {
    name: "lab",
    about: "run every study and write one report",
    load: async () => (await import("./lab/command.js")).labCommand,
  },
  {
    name: "study",
    about: "list, show and run single studies",
    load: async () => (await import("./study/command.js")).studyCommand,
  },
  {
    name: "train",
    about: "train one model on one data set",
    load: async () => (await import("./train/command.js")).trainCommand,
  },
  {
    name: "inspect",
    about: "account what models cost and see: parameters, MACs, memory, receptive fields",
    load: async () => (await import("./inspect/command.js")).inspectCommand,
  },
  {
    name: "data",
    about: "list, fetch and check data sets",
    load: async () => (await import("./data/command.js")).dataCommand,
  },
  {
    name: "runs",
    about: "list, show and remove stored runs",
    load: async () => (await import("./runs/command.js")).runsCommand,
  },
  {
    name: "report",
    about: "write the report of stored runs again",
    load: async () => (await import("./report/command.js")).reportCommand,
  },
  {
    name: "bench",
    about: "measure the engine beside PyTorch",
    load: async () => (await import("./bench/command.js")).benchCommand,
  },
];
