// The worker's side of the runtime: ONNX Runtime sessions and the tensors that live beside them.
import type * as ort from "onnxruntime-node";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { RunRequest, RunResult, SessionOptions } from "../../train/runtime/runtime.js";
import { HostFault } from "./ort-errors.js";
import type { HostCalls, LoadedModel } from "./protocol.js";
import { fromOrt, ownCopy, toOrt } from "./tensors.js";

export class OrtHost implements HostCalls {
  readonly #ort: typeof ort;
  readonly #flushDenormals: boolean;
  readonly #sessions = new Map<number, ort.InferenceSession>();
  readonly #residents = new Map<string, ort.Tensor>();
  #nextSession = 0;

  constructor(runtime: typeof ort, flushDenormals: boolean) {
    this.#ort = runtime;
    this.#flushDenormals = flushDenormals;
  }

  async load(model: Uint8Array, options: SessionOptions): Promise<LoadedModel> {
    const session = await this.#ort.InferenceSession.create(model, sessionOptions(options, this.#flushDenormals));
    const id = this.#nextSession++;
    this.#sessions.set(id, session);
    return { session: id, inputs: session.inputNames, outputs: session.outputNames };
  }

  async unload(id: number): Promise<void> {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    await session?.release();
  }

  async run(id: number, request: RunRequest): Promise<RunResult> {
    const session = this.#session(id);
    const keep = request.keep ?? {};
    const wanted = [...new Set([...Object.keys(keep), ...request.fetch])];
    const feeds = this.#feeds(request);
    const start = performance.now();
    const outputs = (await session.run(feeds, wanted)) as Record<string, ort.Tensor>;
    const durationMs = performance.now() - start;
    for (const [name, key] of Object.entries(keep)) this.#residents.set(key, outputs[name]);
    const fetched = request.fetch.map((name) => {
      const output = fromOrt(`output "${name}"`, outputs[name]);
      return [name, Object.hasOwn(keep, name) ? ownCopy(output) : output] as const;
    });
    return { outputs: Object.fromEntries(fetched), durationMs };
  }

  async put(key: string, tensor: TensorData): Promise<void> {
    this.#residents.set(key, toOrt(this.#ort, tensor));
  }

  async get(key: string): Promise<TensorData> {
    return ownCopy(fromOrt(`resident tensor "${key}"`, this.#resident(key)));
  }

  async remove(key: string): Promise<void> {
    this.#resident(key);
    this.#residents.delete(key);
  }

  async dispose(): Promise<void> {
    for (const id of [...this.#sessions.keys()]) await this.unload(id);
    this.#residents.clear();
  }

  #session(id: number): ort.InferenceSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new HostFault("cannot run because it is disposed", { where: "session" });
    return session;
  }

  #resident(key: string): ort.Tensor {
    const resident = this.#residents.get(key);
    if (resident !== undefined) return resident;
    const keys = [...this.#residents.keys()];
    const valid =
      keys.length === 0
        ? "None is stored"
        : keys.length < 10
          ? `Stored: ${keys.join(", ")}`
          : `${keys.length} others are stored`;
    throw new HostFault(`unknown resident tensor "${key}"`, { where: "runtime", remedy: valid });
  }

  #feeds(request: RunRequest): Record<string, ort.Tensor> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, tensor] of Object.entries(request.feeds)) feeds[name] = toOrt(this.#ort, tensor);
    for (const [name, key] of Object.entries(request.resident ?? {})) feeds[name] = this.#resident(key);
    return feeds;
  }
}

function sessionOptions(
  { threads, spinning = false }: SessionOptions,
  flushDenormals: boolean,
): ort.InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Only fatal messages: errors are returned as exceptions, and would otherwise also be printed to stderr.
    logSeverityLevel: 4,
    extra: {
      session: { set_denormal_as_zero: flushDenormals ? "1" : "0", intra_op: { allow_spinning: spinning ? "1" : "0" } },
    },
  };
}
