// The table of commands, in the order in which help lists them.
import type { CommandEntry } from "../command-context.js";

export const commands: readonly CommandEntry[] = [
  {
    name: "runs",
    about: "list, show and remove stored runs",
    load: async () => (await import("./runs.js")).runsCommand,
  },
];
