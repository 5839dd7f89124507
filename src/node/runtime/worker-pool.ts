// The host threads of this process, all started by one starter thread (why: see worker.ts).
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { ExitNotice, SpawnRequest, WorkerRole } from "./protocol.js";
import { workerEntry } from "./worker-entry.js";

/** A running host thread: its port, and a promise that resolves at its end, with the reason if it was an error. */
export interface Host {
  readonly port: MessagePort;
  readonly ended: Promise<string | undefined>;
  /** While `true`, the process stays alive for this host. */
  hold(busy: boolean): void;
}

interface WorkerPool {
  readonly starter: Worker;
  readonly ends: Map<number, (reason: string | undefined) => void>;
  readonly busy: Set<number>;
  nextId: number;
}

// Lives as long as the process, unreferenced, because the setting that its hosts inherit can be made only once per
// process.
let pool: WorkerPool | undefined;

export function startHost(): Host {
  pool ??= openPool();
  const { starter, ends, busy } = pool;
  const { port1, port2 } = new MessageChannel();
  const id = pool.nextId++;
  const ended = new Promise<string | undefined>((resolve) => ends.set(id, resolve));
  starter.postMessage({ id, port: port2 } satisfies SpawnRequest, [port2]);
  // The starter thread is referenced, not the port: it is the one that reports a host's death.
  const hold = (isBusy: boolean): void => {
    if (isBusy) busy.add(id);
    else busy.delete(id);
    if (busy.size > 0) starter.ref();
    else starter.unref();
  };
  return { port: port1, ended, hold };
}

function openPool(): WorkerPool {
  keepTelemetryOff();
  // Flags of the program (`--input-type`, `--import`) are not meant for workers; some would make them fail.
  const starter = new Worker(workerEntry(), { workerData: { role: "starter" } satisfies WorkerRole, execArgv: [] });
  starter.unref();
  const opened: WorkerPool = { starter, ends: new Map(), busy: new Set(), nextId: 0 };
  let reason = "the thread that starts workers ended";
  starter.on("message", (notice: ExitNotice) => {
    opened.ends.get(notice.id)?.(notice.reason);
    opened.ends.delete(notice.id);
  });
  starter.on("error", (error) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  starter.on("exit", () => {
    pool = undefined;
    for (const end of opened.ends.values()) end(reason);
  });
  return opened;
}

/**
 * ONNX Runtime 1.30 for Linux and macOS reports sessions to its vendor, keeps a database for that in the user's cache
 * folder and leaves a log in the temporary folder. Our users have not agreed to that.
 * The library reads the variable once, when it is loaded; a worker's `process.env` is a copy that it never reads.
 */
function keepTelemetryOff(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}
