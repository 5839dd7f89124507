// What a command is given: where to write, where files live, and the store once it needs it.
import type { Command } from "commander";
import type { Paths } from "../node/files/paths.js";
import type { RunStore } from "../study/store/store.js";
import type { Terminal } from "./terminal.js";

export interface CommandContext {
  readonly terminal: Terminal;
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Throws InvalidInputError when the environment names impossible folders. */
  paths(): Paths;
  /** Opens the run store of this user; made if there is none. The command closes it. */
  openStore(): Promise<RunStore>;
  /** The same, but undefined if there is none yet: for commands that only look. */
  openExistingStore(): Promise<RunStore | undefined>;
  /** The command line as it was typed, for run records. */
  readonly commandLine: string;
  /** Sets the exit code of the process. */
  finish(exitCode: number): void;
}

/** Adds arguments, options, examples and actions to a command that has its name and description already. */
export type CommandBuilder = (command: Command, context: CommandContext) => void;

/** One line of the table of commands. The file behind it is loaded only when the command is called. */
export interface CommandEntry {
  readonly name: string;
  /** One sentence for the list of commands. */
  readonly about: string;
  load(): Promise<CommandBuilder>;
}

/** Examples at the end of a command's help: pairs of command line and what it does. */
export function addExamples(command: Command, examples: readonly (readonly [line: string, does: string])[]): void {
  const text = examples.map(([line, does]) => `  $ ${line}\n      ${does}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${text}`);
}
