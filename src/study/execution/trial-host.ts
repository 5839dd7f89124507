// What a trial job finds where it runs: a runtime, data, a place for its state, and somebody who takes what it measures.
import type { Remark } from "../../core/remark.js";
import type { DataResolver } from "../../data/resolver.js";
import type { Runtime } from "../../train/runtime/runtime.js";
import type { TrialEvent } from "../../train/trial/events.js";
import type { Lease, MeasuredPart, RunStore, TrialEnd } from "../store/store.js";

/** Where unfinished trials keep their state. */
export interface CheckpointPort {
  read(trial: string): Promise<{ readonly where: string; readonly bytes: Uint8Array } | undefined>;
  write(trial: string, bytes: Uint8Array): Promise<void>;
  remove(trial: string): Promise<void>;
}

/** Takes what a trial measures, under a lease: see `RunStore.append` and `RunStore.dropAfter`. */
export interface RowSink {
  /** What was measured up to this many updates is there. */
  readonly through: number;
  /** @throws StaleLeaseError when the trial has passed to somebody else. */
  append(part: MeasuredPart): Promise<void>;
  /** @throws StaleLeaseError */
  dropAfter(step: number): Promise<void>;
}

export interface TrialHost {
  /** Its cores are the threads that the trial may use. Whoever opened it disposes it. */
  readonly runtime: Runtime;
  readonly data: DataResolver;
  readonly checkpoints: CheckpointPort;
  readonly rows: RowSink;
  /** A clock in milliseconds. */
  readonly now: () => number;
  /** Between two checkpoints; default 10 s. */
  readonly checkpointEveryMs?: number;
  readonly onEvent?: (event: TrialEvent) => void;
  readonly onRemark?: (remark: Remark) => void;
}

/** How a job came to its end. It fails by throwing. */
export type TrialOutcome =
  | { readonly kind: "ended"; readonly end: TrialEnd }
  /** The signal was seen after a segment; the state is in the checkpoint. */
  | { readonly kind: "interrupted"; readonly step: number };

/** The sink of a lease in a store of this process. */
export function storeSink(store: RunStore, { token, through: saved }: Extract<Lease, { kind: "leased" }>): RowSink {
  let through = saved;
  return {
    get through() {
      return through;
    },
    async append(part) {
      await store.append(token, part);
      through = part.through;
    },
    async dropAfter(step) {
      await store.dropAfter(token, step);
      through = Math.max(0, Math.min(through, step));
    },
  };
}
