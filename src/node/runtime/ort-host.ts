// The worker's side of the runtime: ONNX Runtime sessions and the tensors that live beside them.
import type * as ort from "onnxruntime-node";
import type { TypedArray } from "../../core/dtype.js";
import type { TensorData } from "../../core/tensor-data.js";
import type { RunRequest, RunResult, SessionOptions } from "../../train/runtime.js";
import { HostFault } from "./ort-errors.js";
import type { HostCalls, LoadedModel } from "./protocol.js";
import { fromOrt, ownCopy, toOrt } from "./tensors.js";

interface Resident {
  readonly tensor: ort.Tensor;
  /** The array that held the previous value: the next kept output is written into it, so state swaps two buffers. */
  readonly spare?: TypedArray;
}

export class OrtHost implements HostCalls {
  readonly #ort: typeof ort;
  readonly #flushDenormals: boolean;
  readonly #sessions = new Map<number, ort.InferenceSession>();
  readonly #residents = new Map<string, Resident>();
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
    const kept = Object.entries(request.keep ?? {});
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of request.fetch) fetches[name] = null;
    for (const [name, key] of kept) fetches[name] = this.#spareTensor(session, name, key);
    const feeds = this.#feeds(request);
    const start = performance.now();
    const outputs = (await session.run(feeds, fetches)) as Record<string, ort.Tensor>;
    const durationMs = performance.now() - start;
    for (const [name, key] of kept) {
      const previous = this.#residents.get(key)?.tensor.data as TypedArray | undefined;
      this.#residents.set(key, { tensor: outputs[name], ...(previous === undefined ? {} : { spare: previous }) });
    }
    const keptNames = new Set(kept.map(([name]) => name));
    const fetched = request.fetch.map((name) => {
      const output = fromOrt(`output "${name}"`, outputs[name]);
      return [name, keptNames.has(name) ? ownCopy(output) : output] as const;
    });
    return { outputs: Object.fromEntries(fetched), durationMs };
  }

  async put(key: string, tensor: TensorData): Promise<void> {
    this.#residents.set(key, { tensor: toOrt(this.#ort, tensor) });
  }

  async get(key: string): Promise<TensorData> {
    return ownCopy(fromOrt(`resident tensor "${key}"`, this.#resident(key).tensor));
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

  #resident(key: string): Resident {
    const resident = this.#residents.get(key);
    if (resident !== undefined) return resident;
    const keys = [...this.#residents.keys()];
    const valid = keys.length === 0 ? "None is stored" : keys.length < 10 ? `Stored: ${keys.join(", ")}` : `${keys.length} others are stored`;
    throw new HostFault(`unknown resident tensor "${key}"`, { where: "runtime", remedy: valid });
  }

  #feeds(request: RunRequest): Record<string, ort.Tensor> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, tensor] of Object.entries(request.feeds)) feeds[name] = toOrt(this.#ort, tensor);
    for (const [name, key] of Object.entries(request.resident ?? {})) feeds[name] = this.#resident(key).tensor;
    return feeds;
  }

  /** A tensor on the spare array, where the output's type and shape are known before the run. */
  #spareTensor(session: ort.InferenceSession, output: string, key: string): ort.Tensor | null {
    const resident = this.#residents.get(key);
    const metadata = session.outputMetadata.find(({ name }) => name === output);
    if (resident?.spare === undefined || metadata?.isTensor !== true || metadata.type !== resident.tensor.type) return null;
    const { dims } = resident.tensor;
    // Symbolic extents are names here, so they never equal a number.
    const fits = metadata.shape.length === dims.length && metadata.shape.every((extent, axis) => extent === dims[axis]);
    if (!fits || resident.spare.length !== resident.tensor.size) return null;
    return new this.#ort.Tensor(metadata.type as "float32", resident.spare as Float32Array, dims);
  }
}

function sessionOptions({ threads, spinning = false }: SessionOptions, flushDenormals: boolean): ort.InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Fatal only: an error comes back as an exception, and would otherwise be printed to stderr as well.
    logSeverityLevel: 4,
    extra: {
      session: { set_denormal_as_zero: flushDenormals ? "1" : "0", intra_op: { allow_spinning: spinning ? "1" : "0" } },
    },
  };
}
