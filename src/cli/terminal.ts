// The program's output: results on stdout, everything else on stderr.
import { exitCodes } from "../core/errors.js";
import { fileSystemError } from "../node/files/atomic-file.js";

export interface Terminal {
  /** Results, for people or programs. */
  write(text: string): void;
  /** Progress, remarks and errors. */
  writeError(text: string): void;
  /** Columns of stdout; if it is not a terminal, those of the variable COLUMNS, or 80. */
  readonly columns: number;
  /**
   * Where lines of results and lists end, so that texts beyond are cut: `columns` of a terminal or of the variable COLUMNS,
   * no end elsewhere, since programs and files need whole names and intervals.
   */
  readonly tableColumns: number;
  /** Whether results may be colored: stdout is a terminal, and NO_COLOR is not set. */
  readonly hasColors?: boolean;
  /** Whether stderr is a terminal on which lines can be redrawn. */
  readonly isInteractive: boolean;
  /** The stream for a progress bar. */
  readonly errorStream: NodeJS.WritableStream;
  /**
   * Calls the listener when the pipe is closed (`trainscope ... | head`) or output cannot be written, so that long work can
   * save its state. Without a listener, the process ends at once. Returns a function that removes the listener.
   */
  onClosed?(listener: () => void): () => void;
  /** Whether stdout is closed; output is then dropped. */
  readonly isClosed?: boolean;
}

/** The terminal of this process. A closed pipe ends the process silently, a full disk behind stdout with one sentence. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  const listeners = new Set<() => void>();
  const closed = new Set<NodeJS.WritableStream>();
  const writeTo = (stream: NodeJS.WritableStream, text: string): void => {
    if (!closed.has(stream)) stream.write(text);
  };
  const chosen = /^\d{1,4}$/.exec(env.COLUMNS ?? "")?.[0];
  const columns = Math.max(40, stdout.isTTY ? stdout.columns : Number(chosen ?? 80));
  for (const stream of [stdout, stderr]) {
    stream.on("error", (cause: NodeJS.ErrnoException) => {
      if (closed.has(stream)) return;
      closed.add(stream);
      const exitCode = cause.code === "EPIPE" ? exitCodes.done : exitCodes.missing;
      if (exitCode !== exitCodes.done) {
        writeTo(stderr, `error: ${fileSystemError("standard output", "write", cause).message}\n`);
        // Regardless of the command's exit code, its results did not arrive.
        process.once("exit", () => {
          process.exitCode = exitCode;
        });
      }
      if (listeners.size === 0) process.exit(exitCode);
      for (const listener of listeners) listener();
    });
  }
  return {
    write: (text) => writeTo(stdout, text),
    writeError: (text) => writeTo(stderr, text),
    columns,
    tableColumns: stdout.isTTY || chosen !== undefined ? columns : Number.POSITIVE_INFINITY,
    hasColors: stdout.isTTY === true && env.TERM !== "dumb" && (env.NO_COLOR ?? "") === "",
    isInteractive: stderr.isTTY === true && env.TERM !== "dumb" && env.CI === undefined,
    errorStream: stderr,
    onClosed(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get isClosed() {
      return closed.has(stdout);
    },
  };
}
