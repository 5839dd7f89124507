// The rows that networks in groups of lanes read: the order of every group lies in memory as its table does, so that the
// table of a segment is put together from whole runs.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { RowOrder } from "../../data/row-order.js";
import type { Segment } from "../segment.js";

/** Shuffled orders of the networks of a share, `[examples, lanes]` for every group and epoch. */
export class GroupedRows {
  readonly #orders: readonly RowOrder[];
  readonly #lanes: number;
  readonly #examples: number;
  readonly #groups: number;
  /** Of the running epoch, and of the next one as far as it was asked for. */
  readonly #made = new Map<number, Int32Array[]>();

  /** @param orders of every network, all of the same length, shuffled. */
  constructor(orders: readonly RowOrder[], lanes: number, examples: number) {
    this.#orders = orders;
    this.#lanes = lanes;
    this.#examples = examples;
    this.#groups = Math.ceil(orders.length / lanes);
  }

  /** Makes the order of one more group of an epoch. @returns whether one was missing. */
  prepare(epoch: number): boolean {
    const made = this.#ofEpoch(epoch);
    if (made.length === this.#groups) return false;
    const [stride, first] = [this.#lanes, made.length * this.#lanes];
    const into = new Int32Array(this.#examples * stride);
    for (let lane = 0; lane < stride; lane++) {
      // What is too much in the last group are copies of the last network.
      const order = this.#orders[Math.min(first + lane, this.#orders.length - 1)];
      order.writeEpoch?.(epoch, { into, at: lane, stride });
    }
    made.push(into);
    return true;
  }

  /** Rows of a segment: `[steps, g, batch, lanes]`. */
  table({ first, steps, batchSize }: Segment): TensorData {
    const [order] = this.#orders;
    const epoch = order.epochAt(first);
    for (const number of this.#made.keys()) if (number < epoch.number) this.#made.delete(number);
    while (this.prepare(epoch.number));
    const groups = this.#ofEpoch(epoch.number);
    const size = batchSize * this.#lanes;
    // The last batch of an epoch may be smaller than those before it.
    const whole = order.sizeAt(epoch.first) * this.#lanes;
    const data = new Int32Array(steps * groups.length * size);
    let at = 0;
    for (let step = first; step < first + steps; step++) {
      const start = (step - epoch.first) * whole;
      for (const group of groups) {
        data.set(group.subarray(start, start + size), at);
        at += size;
      }
    }
    return { dtype: "int32", shape: [steps, groups.length, batchSize, this.#lanes], data };
  }

  #ofEpoch(epoch: number): Int32Array[] {
    const made = this.#made.get(epoch) ?? [];
    this.#made.set(epoch, made);
    return made;
  }
}
