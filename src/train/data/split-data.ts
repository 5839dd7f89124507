// The examples of one split in a trial: held by the runtime, or read as segments need them.
import { dtypeTable } from "../../core/numbers/dtype.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { RowSource, Split } from "../../data/dataset.js";
import { takeRows } from "../../data/rows.js";
import { type BatchLayout, inputArrayNames, splitArrays } from "./batch.js";

/** Rows of streamed inputs that are in memory at once: enough to hide a run's cost, small beside what does not fit. */
const streamedBytes = 64 * 1024 * 1024;

export interface SplitDataRequest {
  readonly layout: BatchLayout;
  /** Arrays in the order of the network's inputs. */
  readonly arranged: readonly TensorData[];
  readonly split: Split;
  /** Use only the first so many examples. */
  readonly count?: number | undefined;
  /** Beginning of the keys under which the runtime holds the arrays. */
  readonly keyPrefix: string;
}

/** One split of a trial. */
export class SplitData {
  readonly examples: number;
  /** By the names of the programs' inputs. A streamed array holds no rows. */
  readonly #arrays: ReadonlyMap<string, TensorData>;
  readonly #source: { readonly name: string; readonly rows: RowSource } | undefined;
  readonly #keyPrefix: string;

  constructor({ layout, arranged, split, count, keyPrefix }: SplitDataRequest) {
    this.#arrays = splitArrays(layout, arranged, split.targets, count);
    this.examples = (this.#arrays.get("data.targets") as TensorData).shape[0];
    this.#keyPrefix = keyPrefix;
    const name = inputArrayNames(layout)[arranged.indexOf(split.inputs)];
    this.#source = split.source === undefined ? undefined : { name, rows: split.source };
  }

  /** What the runtime has to hold, by key. Nothing where rows are streamed. */
  residentArrays(): (readonly [key: string, tensor: TensorData])[] {
    if (this.#source !== undefined) return [];
    return [...this.#arrays].map(([name, tensor]) => [this.#keyPrefix + name, tensor]);
  }

  /** Keys of what the runtime holds, by the names of the programs' inputs. */
  residentKeys(): Record<string, string> {
    if (this.#source !== undefined) return {};
    return Object.fromEntries([...this.#arrays.keys()].map((name) => [name, this.#keyPrefix + name]));
  }

  /** How many steps of a batch size may be fed at once. */
  mostSteps(batchSize: number): number {
    if (this.#source === undefined) return Number.POSITIVE_INFINITY;
    const { dtype, shape } = this.#source.rows;
    return Math.max(1, Math.floor(streamedBytes / (batchSize * dtypeTable[dtype].bytes * sizeOf(shape.slice(1)))));
  }

  /**
   * Feeds for a table of row numbers, `int32 [steps, batch]`: the table itself, or where rows are streamed the rows that
   * it names, and numbers from 0 for them. Programs gather the same values either way.
   */
  async feeds(rows: TensorData): Promise<Record<string, TensorData>> {
    return this.#source === undefined ? { rows } : this.feedsOfRows(rows);
  }

  /** As `feeds`, with copies of the rows even where the runtime holds them. */
  async feedsOfRows(rows: TensorData): Promise<Record<string, TensorData>> {
    const numbers = rows.data as Int32Array;
    const feeds: Record<string, TensorData> = { rows: { ...rows, data: numbers.map((_, i) => i) } };
    for (const [name, tensor] of this.#arrays) {
      const { name: streamed, rows: source } = this.#source ?? {};
      feeds[name] = name === streamed ? await (source as RowSource).read(numbers) : takeRows(tensor, numbers);
    }
    return feeds;
  }
}
