// Loss and accuracy over a whole split, through the inference program.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { SplitData } from "../data/split-data.js";
import { stepCount } from "../program/program.js";
import type { ProgramCache } from "./sessions.js";

// Large enough for long matrix products, small enough that activations stay in cache.
const evaluationBatch = 250;
const ensembleBatch = 64;

export interface EvaluationRequest {
  readonly programs: ProgramCache;
  readonly threads: number;
  readonly data: Pick<SplitData, "examples" | "mostSteps" | "residentKeys" | "feeds">;
  /** Resident key of a state vector by its name. */
  readonly stateKey: (name: string) => string;
}

/**
 * Mean loss and fraction of right answers (`undefined` for regression) of every network. Summed in float64, batch by
 * batch.
 */
export async function evaluateNetworks(
  request: EvaluationRequest,
  networks: number,
): Promise<{ loss: Float64Array; accuracy?: Float64Array }> {
  const { data } = request;
  const { examples } = data;
  // Activations of many networks fill the cache with fewer examples.
  const size = networks === 1 ? evaluationBatch : ensembleBatch;
  const whole = Math.floor(examples / size);
  const loss = new Float64Array(networks);
  let correct: Float64Array | undefined;
  const parts = [
    { first: 0, batchSize: size, steps: whole },
    { first: whole * size, batchSize: examples % size, steps: 1 },
  ];
  for (const { first, batchSize, steps } of parts) {
    if (steps === 0 || batchSize === 0) continue;
    const most = data.mostSteps(batchSize);
    // Summed on over all runs of a part, so that their number cannot change a bit.
    const lossOfPart = new Float64Array(networks);
    for (let step = 0; step < steps; step += most) {
      const rows = consecutiveRows(first + step * batchSize, Math.min(most, steps - step), batchSize);
      const outputs = await runSteps(request, rows);
      addSteps(lossOfPart, outputs.loss);
      if (outputs.correct === undefined) continue;
      correct ??= new Float64Array(networks);
      addSteps(correct, outputs.correct);
    }
    for (const [i, sum] of lossOfPart.entries()) loss[i] += sum * batchSize;
  }
  const mean = (totals: Float64Array): Float64Array => totals.map((total) => total / examples);
  return { loss: mean(loss), ...(correct === undefined ? {} : { accuracy: mean(correct) }) };
}

/** @param rows `int32 [steps, batch]` */
async function runSteps(
  { programs, threads, data, stateKey }: EvaluationRequest,
  rows: TensorData,
): Promise<Readonly<Record<string, TensorData>>> {
  const [steps, batchSize] = rows.shape;
  const { program, session } = await programs.evaluation(batchSize, threads);
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

/** Adds the values of all steps, one of every network: `[steps, n]` or `[steps]`. */
function addSteps(totals: Float64Array, { data }: TensorData): void {
  for (const [i, value] of (data as Float32Array).entries()) totals[i % totals.length] += value;
}
