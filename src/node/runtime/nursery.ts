// Starts worker threads by way of the one nursery thread of this process (why: see worker.ts).
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { ExitNotice, SpawnRequest, WorkerRole } from "./protocol.js";
import { workerEntry } from "./worker-entry.js";

/** A started host thread: the port to it, and a promise of its end with the reason, if it was an error. */
export interface Host {
  readonly port: MessagePort;
  readonly ended: Promise<string | undefined>;
  /** While `true`, the process stays alive for this host. */
  hold(busy: boolean): void;
}

interface Nursery {
  readonly worker: Worker;
  readonly ends: Map<number, (reason: string | undefined) => void>;
  readonly busy: Set<number>;
  nextId: number;
}

// Lives as long as the process, unreferenced: the setting that its hosts inherit can be made once in a process only.
let nursery: Nursery | undefined;

export function startHost(): Host {
  nursery ??= openNursery();
  const { worker, ends, busy } = nursery;
  const { port1, port2 } = new MessageChannel();
  const id = nursery.nextId++;
  const ended = new Promise<string | undefined>((resolve) => ends.set(id, resolve));
  worker.postMessage({ id, port: port2 } satisfies SpawnRequest, [port2]);
  // Holding the nursery, not the port: it is the nursery that tells of a host's death.
  const hold = (isBusy: boolean): void => {
    if (isBusy) busy.add(id);
    else busy.delete(id);
    if (busy.size > 0) worker.ref();
    else worker.unref();
  };
  return { port: port1, ended, hold };
}

function openNursery(): Nursery {
  keepTelemetryOff();
  // Flags of the program (`--input-type`, `--import`) are not meant for the workers; some would stop them.
  const worker = new Worker(workerEntry(), { workerData: { role: "nursery" } satisfies WorkerRole, execArgv: [] });
  worker.unref();
  const opened: Nursery = { worker, ends: new Map(), busy: new Set(), nextId: 0 };
  let reason = "the thread that starts workers ended";
  worker.on("message", (notice: ExitNotice) => {
    opened.ends.get(notice.id)?.(notice.reason);
    opened.ends.delete(notice.id);
  });
  worker.on("error", (error) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  worker.on("exit", () => {
    nursery = undefined;
    for (const end of opened.ends.values()) end(reason);
  });
  return opened;
}

/**
 * ONNX Runtime 1.30 for Linux and macOS reports sessions to its maker, keeps a database for that in the user's cache
 * folder and leaves a log in the folder for temporary files. Nobody who trains a network with us has agreed to that.
 * The library reads the variable once, when it is loaded; a worker's `process.env` would be a copy that it never sees.
 */
function keepTelemetryOff(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}
