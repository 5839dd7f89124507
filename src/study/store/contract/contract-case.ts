// The environment of tests of the store contract, and their common operations.
import type { SeriesBlock } from "../../../core/rows.js";
import { type MeasurementPlan, measurementPlan } from "../../measurement.js";
import { wholeSeries } from "../read-results.js";
import type { Lease, LeaseToken, RunStore, SeriesQuery } from "../store.js";

/** The two functions of the test framework that the suite needs; vitest's are suitable. */
export interface ContractTools {
  test(name: string, body: () => Promise<void>): void;
  expect(actual: unknown): { toEqual(expected: unknown): void };
}

/** Several connections to one store, as from several processes. Each test gets a new world. */
export interface StoreWorld {
  open(): Promise<RunStore>;
  /** Marks the process behind an open store as dead, without closing the store. */
  kill(store: RunStore): void;
  dispose(): Promise<void>;
}

export interface StoreCase extends Pick<ContractTools, "expect"> {
  readonly world: StoreWorld;
  /** A store with one run and one trial. */
  readonly store: RunStore;
  readonly run: string;
  readonly id: string;
}

/** Tests by title. */
export type StoreContract = Readonly<Record<string, (of: StoreCase) => Promise<void>>>;

/** Leases a free trial. */
export async function leased(
  store: RunStore,
  trial: string,
  wanted: MeasurementPlan = measurementPlan(),
): Promise<Extract<Lease, { kind: "leased" }>> {
  const lease = await store.leaseTrial(trial, wanted);
  if (lease.kind !== "leased") throw new Error(`trial ${trial} is ${lease.kind}`);
  return lease;
}

export async function tokenOf(store: RunStore, trial: string, wanted?: MeasurementPlan): Promise<LeaseToken> {
  return (await leased(store, trial, wanted)).token;
}

/** The complete series of a query. */
export async function seriesIn(store: RunStore, trial: string, query?: SeriesQuery): Promise<SeriesBlock[]> {
  const blocks: SeriesBlock[] = [];
  for await (const block of store.readSeries(trial, query)) blocks.push(block);
  return wholeSeries(blocks);
}

/** The error of a refused action: its code and its message without the place. */
export function refusal(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "no error",
    (cause: unknown) => {
      if (!(cause instanceof Error)) return String(cause);
      const message = cause.message.replace(/^.*?: /, "");
      return "code" in cause ? `${String(cause.code)}: ${message}` : message;
    },
  );
}
