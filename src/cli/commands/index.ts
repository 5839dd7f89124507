// The table of commands, in the order in which help lists them.
import type { CommandEntry } from "../command-context.js";

export const commands: readonly CommandEntry[] = [
  {
    name: "data",
    about: "list, fetch and check data sets",
    load: async () => (await import("./data.js")).dataCommand,
  },
  {
    name: "runs",
    about: "list, show and remove stored runs",
    load: async () => (await import("./runs.js")).runsCommand,
  },
];
