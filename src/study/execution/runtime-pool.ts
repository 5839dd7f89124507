// Reuses runtimes for several trials, because starting one costs more than a small training.
import type { Runtime } from "../../train/runtime/runtime.js";

export class RuntimePool {
  readonly #open: (cores: number) => Runtime;
  readonly #free = new Map<number, Runtime[]>();
  readonly #taken = new Set<Runtime>();

  constructor(open: (cores: number) => Runtime) {
    this.#open = open;
  }

  /** A runtime with the given number of cores, for one trial at a time. */
  take(cores: number): Runtime {
    const runtime = this.#free.get(cores)?.pop() ?? this.#open(cores);
    this.#taken.add(runtime);
    return runtime;
  }

  /** A dead runtime is not used again. */
  async giveBack(cores: number, runtime: Runtime, isAlive: boolean): Promise<void> {
    this.#taken.delete(runtime);
    if (isAlive) this.#free.set(cores, [...(this.#free.get(cores) ?? []), runtime]);
    else await runtime.dispose().catch(() => undefined);
  }

  /** Disposes all free runtimes. */
  async dispose(): Promise<void> {
    const all = [...this.#free.values()].flat();
    this.#free.clear();
    await Promise.all(all.map((runtime) => runtime.dispose()));
  }
}
