// Entry of the worker threads: the starter of host threads, and the host that runs ONNX models.
import { type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import { toWire } from "./ort-errors.js";
import { OrtHost } from "./ort-host.js";
import type { Call, ExitNotice, Reply, SpawnRequest, WorkerRole } from "./protocol.js";
import { workerEntry } from "./worker-entry.js";

// `y = Identity(x)` for a float scalar: IR version 8, opset 17.
const smallestModel = "CAg6LwoQCgF4EgF5IghJZGVudGl0eRIBZ1oLCgF4EgYKBAgBEgBiCwoBeRIGCgQIARIAQgQKABAR";

/**
 * Starts all hosts of the process. ONNX Runtime switches denormal flushing on for its pool threads and for the one
 * thread that creates the first session of the process, but for no later calling thread: two parallel hosts flushed
 * differently in parts of a computation, so that one program gave two results (1.30.0). Threads inherit the setting
 * from the thread that starts them (x86-64 Linux): so this thread creates the first session and then starts the hosts,
 * while the arithmetic of the program's own thread stays untouched.
 */
async function runStarter(): Promise<void> {
  // A failure recurs in the host, which reports it.
  const ready = createFirstSession().catch(() => undefined);
  parentPort?.on("message", async ({ id, port }: SpawnRequest) => {
    await ready;
    const host = new Worker(workerEntry(), {
      workerData: { role: "host", port } satisfies WorkerRole,
      transferList: [port],
      execArgv: [],
    });
    let reason: string | undefined;
    host.on("error", (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    host.on("exit", () =>
      parentPort?.postMessage({ id, ...(reason === undefined ? {} : { reason }) } satisfies ExitNotice),
    );
  });
}

async function createFirstSession(): Promise<void> {
  const ort = await import("onnxruntime-node");
  const extra = { session: { set_denormal_as_zero: "1" } };
  const session = await ort.InferenceSession.create(Buffer.from(smallestModel, "base64"), {
    intraOpNumThreads: 1,
    extra,
  });
  await session.release();
}

async function runHost(port: MessagePort): Promise<void> {
  const host = new OrtHost(await import("onnxruntime-node"), flushesDenormals());
  // One after the other: calls take effect in the order in which they were made.
  let turn = Promise.resolve();
  port.on("message", (call: Call) => {
    turn = turn.then(() => answer(host, port, call));
  });
}

async function answer(host: OrtHost, port: MessagePort, { id, method, args }: Call): Promise<void> {
  try {
    // The arguments are type-checked at the call site.
    const value = await (host[method] as (...args: unknown[]) => Promise<unknown>).apply(host, args);
    port.postMessage({ id, value } satisfies Reply, buffersOf(value));
  } catch (error) {
    port.postMessage({ id, error: toWire(error) } satisfies Reply);
  }
  // Without an open port, the thread ends.
  if (method === "dispose") port.close();
}

/** Whether this thread flushes denormals to zero. If it does not, the pool threads must not either. */
function flushesDenormals(): boolean {
  const [smallest, one] = new Float64Array([Number.MIN_VALUE, 1]);
  return smallest * one === 0;
}

/** The buffers of the tensors in a reply. Nothing else uses them, so they move to the caller. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const visit = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) buffers.add(part.buffer as ArrayBuffer);
    else if (typeof part === "object" && part !== null) Object.values(part).forEach(visit);
  };
  visit(value);
  return [...buffers];
}

const role = workerData as WorkerRole;
if (role.role === "starter") await runStarter();
else await runHost(role.port);
