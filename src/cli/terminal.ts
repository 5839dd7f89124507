// Where the program writes: results on stdout, everything else on stderr.

export interface Terminal {
  /** Results, for people or programs. */
  write(text: string): void;
  /** Progress, remarks and errors. */
  writeError(text: string): void;
  /** Columns of stdout, or 80 where it is not a terminal. */
  readonly columns: number;
  /** Whether stderr is a terminal on which lines can be redrawn. */
  readonly isInteractive: boolean;
  /** What a progress bar draws on. */
  readonly errorStream: NodeJS.WritableStream;
}

/** The terminal of this process. A closed pipe (`trainscope ... | head`) ends the process quietly. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EPIPE") process.exit(0);
      throw cause;
    });
  }
  return {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    columns: stdout.isTTY ? Math.max(40, stdout.columns) : 80,
    isInteractive: stderr.isTTY === true && env.TERM !== "dumb" && env.CI === undefined,
    errorStream: stderr,
  };
}
