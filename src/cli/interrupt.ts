// The first Ctrl-C finishes the segment and saves, the second stops at once. A closed pipe counts as the first.
import { exitCodes } from "../core/errors.js";
import type { Terminal } from "./terminal.js";

export interface Interrupts {
  /** Aborted by the first Ctrl-C or SIGTERM. Long work checks it between segments and saves its state. */
  readonly signal: AbortSignal;
  /** Sets the reply to the first Ctrl-C from now on: `finishing the report`. */
  setAnswer(answer: string): void;
  /** Restores the usual handling of signals. */
  dispose(): void;
}

/** The needed part of `process`; tests pass an emitter. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  /** Ends the process without waiting for anything. */
  stop(): void;
}

const showCursor = "\u001b[?25h";

/** Takes over SIGINT and SIGTERM until disposed. */
export function watchInterrupts(
  terminal: Pick<Terminal, "writeError" | "isInteractive" | "onClosed">,
  source: SignalSource = thisProcess,
): Interrupts {
  const controller = new AbortController();
  let answer = "finishing the current segment and saving";
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      // A progress bar has hidden the cursor and will not get to show it again.
      if (terminal.isInteractive) terminal.writeError(showCursor);
      source.stop();
    } else {
      terminal.writeError(`\n${answer}; press Ctrl-C again to stop at once\n`);
      controller.abort();
    }
  };
  const unwatch = terminal.onClosed?.(() => controller.abort());
  source.on("SIGINT", onSignal);
  source.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    setAnswer: (text) => {
      answer = text;
    },
    dispose: () => {
      unwatch?.();
      source.off("SIGINT", onSignal);
      source.off("SIGTERM", onSignal);
    },
  };
}

const thisProcess: SignalSource = {
  on: (signal, listener) => process.on(signal, listener),
  off: (signal, listener) => process.off(signal, listener),
  stop() {
    if (process.platform === "win32") process.exit(exitCodes.interrupted);
    // Not process.exit, which stops the worker threads: ONNX Runtime 1.30.0 aborts the process (SIGABRT) if a thread is
    // stopped during a run. Shells report death by SIGINT as exit code 130.
    process.removeAllListeners("SIGINT");
    process.kill(process.pid, "SIGINT");
  },
};
