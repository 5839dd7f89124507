// commander's Command with our errors: one sentence, the nearest valid name, exit code 2.
import { Command, type ErrorOptions } from "commander";
import { InvalidInputError, type TrainscopeError, UnknownNameError } from "../core/errors.js";
import { plainName } from "../core/names.js";

export class TrainscopeCommand extends Command {
  /** commander creates subcommands with this method. */
  override createCommand(name?: string): TrainscopeCommand {
    return new TrainscopeCommand(name);
  }

  /** Reads flags in any spelling: `--learning_rate` and `--learningRate` are `--learning-rate`. */
  override parseOptions(argv: string[]): ReturnType<Command["parseOptions"]> {
    const end = argv.indexOf("--");
    return super.parseOptions(argv.map((word, i) => (end === -1 || i < end ? this.#knownFlag(word) : word)));
  }

  #knownFlag(word: string): string {
    const [, name, value = ""] = /^--([^=]+)(=.*)?$/s.exec(word) ?? [];
    if (name === undefined || this.options.some(({ long }) => long === `--${name}`)) return word;
    const plain = plainName(name);
    const known = this.options.find(({ long }) => long !== undefined && plainName(long) === plain)?.long;
    return known === undefined ? word : `${known}${value}`;
  }

  /** Receives every mistake on the command line. */
  override error(message: string, options?: ErrorOptions): never {
    throw usageError(this, message, options?.code ?? "");
  }
}

/** The full name of a command: `trainscope data get`. */
function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;
}

function usageError(command: Command, message: string, code: string): TrainscopeError {
  const where = commandPath(command);
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? "";
  const help = command.createHelp();
  switch (code) {
    case "commander.unknownOption": {
      // Help may show only some options.
      const known = [...command.options.filter(({ hidden }) => !hidden), ...help.visibleOptions(command)];
      const valid = [...new Set(known.flatMap(({ long }) => long ?? []))];
      return new UnknownNameError(where, "option", quoted.replace(/=.*$/, ""), valid);
    }
    case "commander.unknownCommand": {
      const valid = help.visibleCommands(command).map((known) => known.name());
      return new UnknownNameError(where, "command", quoted, valid);
    }
    case "commander.missingArgument":
      return new InvalidInputError(`missing argument <${quoted}>`, {
        where,
        remedy: `Write ${where} ${command.usage()}`,
      });
    default:
      return new InvalidInputError(firstLine(message), { where, remedy: `See ${where} --help` });
  }
}

function firstLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .split("\n")[0]
    .replace(/\.$/, "");
}
