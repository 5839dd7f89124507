// What a runtime can do, as data: whoever compiles for it asks here instead of trying.
import type { DType } from "../../core/numbers/dtype.js";

/** What executes the operators. `cpu` is native; `wasm` and `webgpu` are a browser's. */
export type Provider = "cpu" | "wasm" | "webgpu" | "cuda";

export interface RuntimeCapabilities {
  readonly provider: Provider;
  readonly threads: {
    /** Cores that a session may use: an integer from 1. */
    readonly most: number;
    /** Whether all sessions run with the count of the first one, as in WebAssembly. */
    readonly fixedAtStart: boolean;
  };
  /** Memory for everything, in bytes. Where it is unknown, that of 32-bit WebAssembly is assumed. */
  readonly memoryBytes?: number;
  /**
   * The highest operator set of each domain that it may run: `{ "": 21, "com.microsoft.nchwc": 1 }`. A domain that is
   * absent is never tried. One that is present may still lack an operator on this processor.
   */
  readonly domains: Readonly<Record<string, number>>;
  /** Element types of inputs, outputs and resident tensors. */
  readonly dtypes: ReadonlySet<DType>;
  /**
   * Whether a `Loop` runs where the operators run. `stepwise`: its condition goes to the host after every step, as on
   * GPUs, so that one run a step costs no more.
   */
  readonly loop: "inside" | "stepwise";
  /**
   * What may be claimed of two runs of one model on the same inputs: equal bits always, equal bits if the thread
   * counts are equal, or no equal bits at all.
   */
  readonly bits: "same" | "by threads" | "varying";
}
