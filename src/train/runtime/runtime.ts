// The port to whatever executes ONNX models: native ONNX Runtime in Node, WebAssembly in a browser.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { RuntimeCapabilities } from "./capabilities.js";

export interface SessionOptions {
  /** Intra-op threads. */
  readonly threads: number;
  /** Whether idle threads may spin. Good for one session on free cores, bad as soon as cores are shared. */
  readonly spinning?: boolean;
}

/** What one run takes and gives. Resident tensors live beside the sessions and never cross to the caller. */
export interface RunRequest {
  /** Tensors handed over for this run, by the model's input name. */
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** Names of feeds whose buffers move to the runtime instead of being copied: the caller never reads them again. */
  readonly transfer?: readonly string[];
  /** Model inputs fed from resident tensors: input name -> resident key. */
  readonly resident?: Readonly<Record<string, string>>;
  /** Model outputs kept as resident tensors after the run: output name -> resident key. */
  readonly keep?: Readonly<Record<string, string>>;
  /** Model outputs returned to the caller. */
  readonly fetch: readonly string[];
}

export interface RunResult {
  readonly outputs: Readonly<Record<string, TensorData>>;
  /** Time inside the runtime, without the way to and from the worker. */
  readonly durationMs: number;
}

/** A loaded model. */
export interface Session {
  run(request: RunRequest): Promise<RunResult>;
  dispose(): Promise<void>;
}

/**
 * Executes ONNX models away from the calling thread. Keys of resident tensors are shared by all sessions
 * of one runtime, so that a training and an evaluation program can use the same parameters.
 */
export interface Runtime {
  /** `onnxruntime-node 1.30.0 (cpu)`: part of what makes two results comparable. */
  readonly name: string;
  /** What it can do; a fork can do the same. */
  readonly capabilities: RuntimeCapabilities;
  /**
   * Another runtime of the same kind that works at the same time, with sessions and resident tensors of its own: the same
   * one for the same number, from 1. It is disposed together with this one. Absent where there is only one.
   */
  fork?(number: number): Runtime;
  load(model: Uint8Array, options: SessionOptions): Promise<Session>;
  /** Stores a resident tensor. The data are copied or moved; the caller must not change them afterwards. */
  put(key: string, tensor: TensorData): Promise<void>;
  /** A copy of a resident tensor. */
  get(key: string): Promise<TensorData>;
  remove(key: string): Promise<void>;
  dispose(): Promise<void>;
}
