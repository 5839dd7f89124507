// Ctrl-C once: finish the segment and save. Ctrl-C twice: stop at once.

import { exitCodes } from "../core/errors.js";
import type { Terminal } from "./terminal.js";

export interface Interrupts {
  /** Aborted by the first Ctrl-C or SIGTERM. Long work looks at it between segments and saves its state. */
  readonly signal: AbortSignal;
  /** Signals end the process again as usual. */
  dispose(): void;
}

/** What of `process` is needed; tests pass an emitter. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): void;
}

/** Takes over SIGINT and SIGTERM until disposed. */
export function watchInterrupts(terminal: Pick<Terminal, "writeError">, source: SignalSource = process): Interrupts {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) source.exit(exitCodes.interrupted);
    else {
      terminal.writeError("\nfinishing the current segment and saving; press Ctrl-C again to stop at once\n");
      controller.abort();
    }
  };
  source.on("SIGINT", onSignal);
  source.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      source.off("SIGINT", onSignal);
      source.off("SIGTERM", onSignal);
    },
  };
}
