// Runs a command line: finds its command, loads only that one, runs it, and prints errors as sentences.
import { CommanderError } from "commander";
import { exitCodes, TrainscopeError } from "../core/errors.js";
import { type Paths, trainscopePaths } from "../node/files/paths.js";
import { addExamples, type CommandContext, type CommandEntry } from "./command-context.js";
import { commands } from "./commands.js";
import type { Terminal } from "./terminal.js";
import { TrainscopeCommand } from "./trainscope-command.js";

export interface CliOptions {
  readonly terminal: Terminal;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The table of commands; tests pass others. */
  readonly entries?: readonly CommandEntry[];
}

/** Runs one command line (without `node` and the script) and returns the exit code. Never throws. */
export async function runCli(argv: readonly string[], options: CliOptions): Promise<number> {
  const { terminal, environment = process.env, entries = commands } = options;
  let exitCode: number = exitCodes.done;
  const context = commandContext(argv, terminal, environment, (code) => {
    exitCode = code;
  });
  try {
    const program = await createProgram(argv, entries, context);
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (cause) {
    // Help and version end with an error too; help for a missing subcommand has a code above 0.
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
    return reportError(cause, { terminal, asJson: asksForJson(argv), debug: environment.TRAINSCOPE_DEBUG === "1" });
  }
}

async function createProgram(
  argv: readonly string[],
  entries: readonly CommandEntry[],
  context: CommandContext,
): Promise<TrainscopeCommand> {
  const { terminal } = context;
  const program = new TrainscopeCommand("trainscope");
  program
    .description("A laboratory for neural-network training: every training loop is one ONNX program.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.writeError(text),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    })
    .option("-V, --version", "print the versions of trainscope and ONNX Runtime")
    .helpOption("-h, --help", "print this help; also after a command")
    .helpCommand("help [command]", "print the help of a command");
  program.on("option:version", () => {
    throw new VersionRequest();
  });
  const words = argv.filter((word) => !word.startsWith("-"));
  for (const { name, about, load } of entries) {
    const command = program.command(name).description(about);
    command.helpOption("-h, --help", "print this help");
    if (words[0] === name || (words[0] === "help" && words[1] === name)) (await load())(command, context);
  }
  addExamples(program, [
    ["trainscope data list", "what there is to train on, and where it is looked for"],
    ["trainscope runs list", "what has been run on this machine"],
  ]);
  program.addHelpText("after", exitCodeText);
  return program;
}

const exitCodeText = `
Exit codes: 0 done; 1 a trial or claim failed; 2 wrong usage or bad input; 3 missing data or environment;
130 interrupted, state saved.`;

/** Thrown by `--version`, because versions are read only on request. */
class VersionRequest extends Error {}

function commandContext(
  argv: readonly string[],
  terminal: Terminal,
  environment: Readonly<Record<string, string | undefined>>,
  finish: (code: number) => void,
): CommandContext {
  const paths = (): Paths => trainscopePaths({ environment });
  const openStore: CommandContext["openStore"] = async () =>
    (await import("../node/store/open-store.js")).openRunStore(paths());
  return {
    terminal,
    environment,
    paths,
    openStore,
    openExistingStore: async () =>
      (await (await import("../node/store/open-store.js")).storeExists(paths())) ? openStore() : undefined,
    commandLine: ["trainscope", ...argv.map(quoted)].join(" "),
    finish,
  };
}

/** The command line as typed in a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
}

interface ReportOptions {
  readonly terminal: Terminal;
  readonly asJson: boolean;
  readonly debug: boolean;
}

async function reportError(cause: unknown, { terminal, asJson, debug }: ReportOptions): Promise<number> {
  if (cause instanceof VersionRequest) {
    terminal.write((await import("./versions.js")).versionText());
    return exitCodes.done;
  }
  const known = cause instanceof TrainscopeError ? cause : undefined;
  const message = known?.message ?? `unexpected failure: ${cause instanceof Error ? cause.message : String(cause)}`;
  terminal.writeError(`error: ${message}\n`);
  if (debug && cause instanceof Error) terminal.writeError(`${cause.stack}\n`);
  else if (known === undefined) {
    terminal.writeError(
      "This is a fault of trainscope. Please report it with what TRAINSCOPE_DEBUG=1 and the same command print.\n",
    );
  }
  if (asJson) terminal.write(`${JSON.stringify({ schema: 1, error: { code: known?.code ?? "internal", message } })}\n`);
  return known?.exitCode ?? exitCodes.failed;
}
