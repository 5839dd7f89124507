// Ctrl-C once: finish the segment and save. Ctrl-C twice: stop at once. A reader that went away counts as the first.
import { exitCodes } from "../core/errors.js";
import type { Terminal } from "./terminal.js";

export interface Interrupts {
  /** Aborted by the first Ctrl-C or SIGTERM. Long work looks at it between segments and saves its state. */
  readonly signal: AbortSignal;
  /** Sets what the first Ctrl-C is answered with from now on: `finishing the report`. */
  setAnswer(answer: string): void;
  /** Signals end the process again as usual. */
  dispose(): void;
}

/** What of `process` is needed; tests pass an emitter. */
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
      // A progress bar has hidden it, and nobody will get to show it again.
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
    // Not process.exit: it stops the worker threads, and ONNX Runtime aborts the process (SIGABRT) when the thread of a
    // run that is under way is stopped (1.30.0). A death by SIGINT is what shells report as exit code 130.
    process.removeAllListeners("SIGINT");
    process.kill(process.pid, "SIGINT");
  },
};
