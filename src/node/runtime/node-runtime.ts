// The Runtime port over onnxruntime-node: a worker thread per runtime, since `InferenceSession.run` blocks its thread.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, totalmem } from "node:os";
import { InvalidInputError, UnknownNameError } from "../../core/errors.js";
import { dtypes } from "../../core/numbers/dtype.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { RuntimeCapabilities } from "../../train/runtime/capabilities.js";
import type { RunRequest, RunResult, Runtime, Session, SessionOptions } from "../../train/runtime/runtime.js";
import type { LoadedModel } from "./protocol.js";
import { ownCopy } from "./tensors.js";
import { WorkerCalls } from "./worker-calls.js";
import { startHost } from "./worker-pool.js";

export interface NodeRuntimeOptions {
  /** Cores that a session may use. Default: all cores available to the process. */
  readonly cores?: number;
}

/**
 * Executes ONNX models with native ONNX Runtime, on the CPU. Calls take effect in the order in which they are made,
 * awaited or not; tensors passed in are copied and stay the caller's. Dispose it to end its thread; an idle
 * runtime that was not disposed does not keep the process alive.
 */
export function nodeRuntime({ cores = availableParallelism() }: NodeRuntimeOptions = {}): Runtime {
  checkCount("runtime.cores", cores);
  const calls = new WorkerCalls(startHost());
  const others = new Map<number, Runtime>();
  return {
    name: `onnxruntime-node ${ortVersion()} (cpu)`,
    capabilities: capabilitiesWith(cores),
    fork(number: number): Runtime {
      const other = others.get(number) ?? nodeRuntime({ cores });
      others.set(number, other);
      return other;
    },
    async load(model: Uint8Array, options: SessionOptions): Promise<Session> {
      checkCount("session.threads", options.threads);
      const copy = new Uint8Array(model);
      return nodeSession(calls, await calls.call("load", [copy, options], [copy.buffer]));
    },
    put(key: string, tensor: TensorData): Promise<void> {
      const copy = ownCopy(tensor);
      return calls.call("put", [key, copy], [copy.data.buffer as ArrayBuffer]);
    },
    get: (key) => calls.call("get", [key]),
    remove: (key) => calls.call("remove", [key]),
    async dispose(): Promise<void> {
      await Promise.all([calls.close(), ...[...others.values()].map((other) => other.dispose())]);
    },
  };
}

function capabilitiesWith(cores: number): RuntimeCapabilities {
  return {
    provider: "cpu",
    threads: { most: cores, fixedAtStart: false },
    memoryBytes: machineMemoryBytes(),
    // ONNX Runtime 1.30 refuses operator sets from 27 on as not yet released.
    // Blocked convolutions exist on processors for which MLAS has vector kernels: mostly x86-64 with AVX.
    domains: { "": 26, "com.microsoft": 1, "com.microsoft.nchwc": 1 },
    dtypes: new Set(dtypes),
    loop: "inside",
    bits: "by threads",
  };
}

/** Memory of the machine, or the limit of the container. */
export function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

function nodeSession(calls: WorkerCalls, model: LoadedModel): Session {
  return {
    async run(request: RunRequest): Promise<RunResult> {
      checkNames(model, request);
      const feeds = Object.fromEntries(
        Object.entries(request.feeds).map(([name, tensor]) => [
          name,
          request.transfer?.includes(name) === true && isWhole(tensor) ? tensor : ownCopy(tensor),
        ]),
      );
      const buffers = [...new Set(Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer))];
      return calls.call("run", [model.session, { ...request, feeds }], buffers);
    },
    dispose: () => calls.call("unload", [model.session]),
  };
}

/** Whether a tensor is the only user of its buffer. */
const isWhole = ({ data }: TensorData): boolean => data.byteLength === data.buffer.byteLength;

/** Checks names here, where the error can list the valid ones. */
function checkNames({ inputs, outputs }: LoadedModel, { feeds, resident = {}, keep = {}, fetch }: RunRequest): void {
  const named = [...Object.keys(feeds), ...Object.keys(resident)];
  for (const name of named) {
    if (!inputs.includes(name)) throw new UnknownNameError("session.run", "model input", name, inputs);
  }
  for (const name of [...Object.keys(keep), ...fetch]) {
    if (!outputs.includes(name)) throw new UnknownNameError("session.run", "model output", name, outputs);
  }
  const missing = inputs.filter((name) => !named.includes(name));
  if (missing.length > 0)
    throw new InvalidInputError(`missing model input ${missing.join(", ")}`, { where: "session.run" });
}

function checkCount(where: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new InvalidInputError("not a number of threads", {
    where,
    expected: "an integer from 1",
    received: `${value}`,
  });
}

/** Read from the manifest, because loading the library on the calling thread would take tens of milliseconds. */
function ortVersion(): string {
  const manifest = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
