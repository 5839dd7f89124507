// Calls to a worker thread as promises, which are rejected if the worker dies.
import { receiveMessageOnPort } from "node:worker_threads";
import { InvalidInputError, RuntimeCrashError } from "../../core/errors.js";
import { fromWire } from "./ort-errors.js";
import type { Call, HostCalls, HostMethod, HostResult, Reply } from "./protocol.js";
import type { Host } from "./worker-pool.js";

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class WorkerCalls {
  readonly #host: Host;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #closed: Error | undefined;

  constructor(host: Host) {
    this.#host = host;
    host.port.on("message", (reply: Reply) => this.#settle(reply));
    // An idle runtime does not keep the process alive; a pending call does.
    host.port.unref();
    host.ended.then((reason) => this.#die(reason ?? "it exited"));
  }

  /** @param transfer buffers to move to the worker; no one else may use them. */
  call<Method extends HostMethod>(
    method: Method,
    args: Parameters<HostCalls[Method]>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<HostResult<Method>> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#host.hold(true);
      this.#host.port.postMessage({ id, method, args } satisfies Call, [...transfer]);
    });
  }

  /** Waits for pending calls, then ends the worker if it is alive. Later calls are rejected. */
  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    const answered = this.call("dispose", []);
    this.#closed = new InvalidInputError("cannot be used because it is disposed", { where: "runtime" });
    await answered.catch((cause: unknown) => {
      // A dead worker has freed its resources already; reporting it would hide the earlier error.
      if (cause !== this.#closed) throw cause;
    });
    this.#host.hold(true);
    await this.#host.ended;
    // The worker's end may have been reported before its reply.
    this.#host.hold(false);
  }

  #settle({ id, value, error }: Reply): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#host.hold(false);
    if (error === undefined) pending?.resolve(value);
    else pending?.reject(fromWire(error));
  }

  #die(reason: string): void {
    // The notice of its end takes another path than its replies, and may overtake the last of them.
    for (;;) {
      const last = receiveMessageOnPort(this.#host.port);
      if (last === undefined) break;
      this.#settle(last.message as Reply);
    }
    this.#closed ??= new RuntimeCrashError(reason);
    for (const { reject } of this.#pending.values()) reject(this.#closed);
    this.#pending.clear();
    this.#host.port.close();
    this.#host.hold(false);
  }
}
