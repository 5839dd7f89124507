// The environment of a trial job: a runtime, data, checkpoints, and a sink for measurements.
import type { Remark } from "../../core/remark.js";
import type { DataResolver } from "../../data/resolver.js";
import type { Runtime } from "../../train/runtime/runtime.js";
import type { TrialEvent } from "../../train/trial/events.js";
import type { Lease, MeasuredPart, RunStore, TrialEnd } from "../store/store.js";

/** Storage for the state of unfinished trials. */
export interface CheckpointPort {
  read(trial: string): Promise<{ readonly where: string; readonly bytes: Uint8Array } | undefined>;
  write(trial: string, bytes: Uint8Array): Promise<void>;
  remove(trial: string): Promise<void>;
}

/** Takes the measurements of a trial under a lease: see `RunStore.append` and `RunStore.dropAfter`. */
export interface RowSink {
  /** Number of updates whose measurements are stored. */
  readonly through: number;
  /** @throws StaleLeaseError if another process has taken over the trial. */
  append(part: MeasuredPart): Promise<void>;
  /** @throws StaleLeaseError */
  dropAfter(step: number): Promise<void>;
}

export interface TrialHost {
  /** Its cores are the threads that the trial may use. The caller disposes it. */
  readonly runtime: Runtime;
  readonly data: DataResolver;
  readonly checkpoints: CheckpointPort;
  readonly rows: RowSink;
  /** A clock in milliseconds. */
  readonly now: () => number;
  /** Time between two checkpoints; default 10 s. */
  readonly checkpointEveryMs?: number;
  readonly onEvent?: (event: TrialEvent) => void;
  readonly onRemark?: (remark: Remark) => void;
}

/** The outcome of a job that did not fail; failures are thrown. */
export type TrialOutcome =
  | { readonly kind: "ended"; readonly end: TrialEnd }
  /** It stopped after the signal, with its state in the checkpoint. */
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
