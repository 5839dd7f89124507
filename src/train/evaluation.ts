// Loss and accuracy over a whole split, through the inference program.
import type { TensorData } from "../core/tensor-data.js";
import { stepCount } from "./program.js";
import type { ProgramCache } from "./sessions.js";

// Large enough for long matrix products, small enough that activations stay in cache.
const evaluationBatch = 250;
const ensembleBatch = 64;

export interface EvaluationRequest {
  readonly programs: ProgramCache;
  readonly threads: number;
  /** Resident keys of the split's arrays, by the names of the program's inputs. */
  readonly arrays: Readonly<Record<string, string>>;
  readonly examples: number;
  /** Resident key of a state vector by its name. */
  readonly stateKey: (name: string) => string;
}

/** Mean loss and share of right answers (`undefined` for regression). Summed in float64, batch by batch. */
export async function evaluateSplit(request: EvaluationRequest): Promise<{ loss: number; accuracy?: number }> {
  const { loss, accuracy } = await evaluateNetworks(request, 1);
  return { loss: loss[0], ...(accuracy === undefined ? {} : { accuracy: accuracy[0] }) };
}

/** The same for every network of an ensemble. */
export async function evaluateNetworks(
  request: EvaluationRequest,
  networks: number,
): Promise<{ loss: Float64Array; accuracy?: Float64Array }> {
  const { examples } = request;
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
    const { program, session } = await request.programs.evaluation(batchSize, request.threads);
    const fetch = program.graph.outputs.map(({ name }) => name);
    const { outputs } = await session.run({
      feeds: { steps: stepCount(steps), rows: consecutiveRows(first, steps, batchSize) },
      resident: {
        ...request.arrays,
        ...Object.fromEntries(program.stateNames.map((name) => [name, request.stateKey(name)])),
      },
      fetch,
    });
    for (const [i, sum] of sums(outputs.loss, networks).entries()) loss[i] += sum * batchSize;
    if (outputs.correct === undefined) continue;
    correct ??= new Float64Array(networks);
    for (const [i, sum] of sums(outputs.correct, networks).entries()) correct[i] += sum;
  }
  const mean = (totals: Float64Array): Float64Array => totals.map((total) => total / examples);
  return { loss: mean(loss), ...(correct === undefined ? {} : { accuracy: mean(correct) }) };
}

function consecutiveRows(first: number, steps: number, batchSize: number): TensorData {
  const data = Int32Array.from({ length: steps * batchSize }, (_, i) => first + i);
  return { dtype: "int32", shape: [steps, batchSize], data };
}

/** Sums over steps, one of every network: `[steps, n]` or `[steps]`. */
function sums({ data }: TensorData, networks: number): Float64Array {
  const totals = new Float64Array(networks);
  for (const [i, value] of (data as Float32Array).entries()) totals[i % networks] += value;
  return totals;
}
