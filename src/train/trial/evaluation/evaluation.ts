// Loss and accuracy over a whole split, through the inference program.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { SplitData } from "../../data/split-data.js";
import { ofNetworks, stepCount } from "../../program/program.js";
import { ratio, rightAnswers } from "../epochs/counted-means.js";
import type { ProgramCache } from "../sessions.js";
import type { EvaluationBatch } from "./evaluation-batch.js";

export interface EvaluationRequest {
  readonly programs: ProgramCache;
  readonly threads: number;
  readonly batch: EvaluationBatch;
  readonly data: Pick<SplitData, "examples" | "mostSteps" | "residentKeys" | "feeds">;
  /** Resident key of a state vector by its name. */
  readonly stateKey: (name: string) => string;
}

/**
 * Mean loss and fraction of right answers (`undefined` for regression) of every network. Summed in float64, batch by
 * batch, and divided once by what counts: examples, or weights of targets.
 */
export async function evaluateNetworks(
  request: EvaluationRequest,
  networks: number,
): Promise<{ loss: Float64Array; accuracy?: Float64Array }> {
  const { data, batch } = request;
  const { examples } = data;
  const { size } = batch;
  const whole = Math.floor(examples / size);
  const totals = new EvaluationTotals(networks);
  const parts = [
    { first: 0, batchSize: size, steps: whole },
    { first: whole * size, batchSize: examples % size, steps: 1 },
  ];
  for (const { first, batchSize, steps } of parts) {
    if (steps === 0 || batchSize === 0) continue;
    const most = data.mostSteps(batchSize);
    for (let step = 0; step < steps; step += most) {
      const rows = consecutiveRows(first + step * batchSize, Math.min(most, steps - step), batchSize);
      totals.add(await runSteps(request, batch.isFixed ? filledUp(rows, size) : rows, batchSize), batchSize);
    }
    totals.endPart(batchSize);
  }
  return totals.means(examples);
}

/** Sums over the batches of a split, one of every network. */
class EvaluationTotals {
  readonly #networks: number;
  readonly #loss: Float64Array;
  /** Summed on over all runs of a part, so that their number cannot change a bit. */
  #lossOfPart: Float64Array;
  #correct: Float64Array | undefined;
  /** Divisors where they are not the examples. */
  #weight: Float64Array | undefined;
  #counted: Float64Array | undefined;

  constructor(networks: number) {
    this.#networks = networks;
    this.#loss = new Float64Array(networks);
    this.#lossOfPart = new Float64Array(networks);
  }

  /** Takes the steps of one run, all of one batch size. */
  add({ loss, correct, weight, counted }: Readonly<Record<string, TensorData>>, batchSize: number): void {
    const networks = this.#networks;
    const steps = loss.data.length / networks;
    if (weight === undefined) addSteps(this.#lossOfPart, loss);
    else {
      this.#weight ??= new Float64Array(networks);
      const [losses, weights] = [loss.data as Float32Array, ofNetworks(weight, steps, networks)];
      for (const [at, own] of weights.entries()) {
        this.#loss[at % networks] += losses[at] * own;
        this.#weight[at % networks] += own;
      }
    }
    if (correct === undefined) return;
    this.#correct ??= new Float64Array(networks);
    if (counted === undefined) {
      addSteps(this.#correct, correct);
      return;
    }
    this.#counted ??= new Float64Array(networks);
    const [right, counts] = [correct.data as Float32Array, ofNetworks(counted, steps, networks)];
    for (const [at, own] of counts.entries()) {
      this.#correct[at % networks] += rightAnswers(right[at], own, batchSize);
      this.#counted[at % networks] += own;
    }
  }

  endPart(batchSize: number): void {
    for (const [i, sum] of this.#lossOfPart.entries()) this.#loss[i] += sum * batchSize;
    this.#lossOfPart = new Float64Array(this.#networks);
  }

  means(examples: number): { loss: Float64Array; accuracy?: Float64Array } {
    const mean = (totals: Float64Array, divisors: Float64Array | undefined): Float64Array =>
      totals.map((total, i) => (divisors === undefined ? total / examples : ratio(total, divisors[i])));
    const loss = mean(this.#loss, this.#weight);
    return this.#correct === undefined ? { loss } : { loss, accuracy: mean(this.#correct, this.#counted) };
  }
}

/** @param rows `int32 [steps, batch]`. @param counted how many examples of a batch count, from the first on. */
async function runSteps(
  { programs, threads, data, stateKey }: EvaluationRequest,
  rows: TensorData,
  counted: number,
): Promise<Readonly<Record<string, TensorData>>> {
  const [steps, batchSize] = rows.shape;
  const { program, session } = await programs.evaluation(batchSize, threads, counted);
  const { outputs } = await session.run({
    feeds: { steps: stepCount(steps), ...(await data.feeds(rows)) },
    resident: {
      ...data.residentKeys(),
      ...Object.fromEntries(program.stateNames.map((name) => [name, stateKey(name)])),
    },
    fetch: program.graph.outputs.map(({ name }) => name),
  });
  return outputs;
}

function consecutiveRows(first: number, steps: number, batchSize: number): TensorData {
  const data = Int32Array.from({ length: steps * batchSize }, (_, i) => first + i);
  return { dtype: "int32", shape: [steps, batchSize], data };
}

/** Batches of a fixed size: their last row is repeated. */
function filledUp({ shape: [steps, rows], data }: TensorData, size: number): TensorData {
  const filled = Int32Array.from({ length: steps * size }, (_, i) =>
    Number(data[Math.floor(i / size) * rows + Math.min(rows - 1, i % size)]),
  );
  return { dtype: "int32", shape: [steps, size], data: filled };
}

/** Adds the values of all steps, one of every network: `[steps, n]` or `[steps]`. */
function addSteps(totals: Float64Array, { data }: TensorData): void {
  for (const [i, value] of (data as Float32Array).entries()) totals[i % totals.length] += value;
}
