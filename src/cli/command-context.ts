// The context of a command: the terminal, the folders, and the store on demand.
import type { Command } from "commander";
import type { Paths } from "../node/files/paths.js";
import type { RunStore } from "../study/store/store.js";
import type { Terminal } from "./terminal.js";

export interface CommandContext {
  readonly terminal: Terminal;
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Throws InvalidInputError if the environment names invalid folders. */
  paths(): Paths;
  /** Opens the user's run store, or creates it. The command closes it. */
  openStore(): Promise<RunStore>;
  /** The same, but undefined if there is no store yet, for commands that only read. */
  openExistingStore(): Promise<RunStore | undefined>;
  /** The command line as typed, for run records. */
  readonly commandLine: string;
  /** Sets the exit code of the process. */
  finish(exitCode: number): void;
}

/** Adds arguments, options, examples and actions to a command with a name and a description. */
export type CommandBuilder = (command: Command, context: CommandContext) => void;

/** One entry of the table of commands. Its file is loaded only when the command is called. */
export interface CommandEntry {
  readonly name: string;
  /** One sentence for the list of commands. */
  readonly about: string;
  load(): Promise<CommandBuilder>;
}

/** Examples at the end of a command's help: pairs of a command line and its explanation. */
export function addExamples(command: Command, examples: readonly (readonly [line: string, does: string])[]): void {
  const text = examples.map(([line, does]) => `  $ ${line}\n      ${does}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${text}`);
}
