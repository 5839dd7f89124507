// The messages between the calling thread and the worker.
//
//   calling thread                    starter thread (one per process)     host thread (one per runtime)
//   nodeRuntime() --- spawn, port --> new Worker ------------------------> OrtHost: sessions, resident tensors
//   WorkerCalls  <=========================== port: Call, Reply =========> one call after the other
//                <--- exited --------- exit, error <----------------------
import type { MessagePort } from "node:worker_threads";
import type { ErrorParts } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { RunRequest, RunResult, SessionOptions } from "../../train/runtime/runtime.js";

/** A model as the worker holds it. */
export interface LoadedModel {
  readonly session: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The calls that the worker answers, in call order. */
export interface HostCalls {
  load(model: Uint8Array, options: SessionOptions): Promise<LoadedModel>;
  unload(session: number): Promise<void>;
  run(session: number, request: RunRequest): Promise<RunResult>;
  put(key: string, tensor: TensorData): Promise<void>;
  get(key: string): Promise<TensorData>;
  remove(key: string): Promise<void>;
  /** Frees everything; the worker replies and ends. */
  dispose(): Promise<void>;
}

export type HostMethod = keyof HostCalls;
export type HostResult<Method extends HostMethod> = Awaited<ReturnType<HostCalls[Method]>>;

export interface Call {
  readonly id: number;
  readonly method: HostMethod;
  readonly args: unknown[];
}

/** The parts of an error, since its class cannot be sent between threads. */
export interface WireError {
  readonly kind: "invalid-input" | "environment";
  readonly summary: string;
  readonly parts: ErrorParts;
}

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: WireError;
}

/** The start data of a worker thread. */
export type WorkerRole = { readonly role: "starter" } | { readonly role: "host"; readonly port: MessagePort };

/** To the starter thread. */
export interface SpawnRequest {
  readonly id: number;
  readonly port: MessagePort;
}

/** From the starter thread: a host thread has ended, normally (`reason` absent) or by an error. */
export interface ExitNotice {
  readonly id: number;
  readonly reason?: string;
}
