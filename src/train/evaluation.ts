// Loss and accuracy over a whole split, through the inference program.
import type { TensorData } from "../core/tensor-data.js";
import { stepCount } from "./program.js";
import type { ProgramCache } from "./sessions.js";

// Large enough for long matrix products, small enough that activations stay in cache.
const evaluationBatch = 250;

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
  const { examples } = request;
  const whole = Math.floor(examples / evaluationBatch);
  let loss = 0;
  let correct: number | undefined;
  const parts = [
    { first: 0, batchSize: evaluationBatch, steps: whole },
    { first: whole * evaluationBatch, batchSize: examples % evaluationBatch, steps: 1 },
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
    loss += sum(outputs.loss) * batchSize;
    if (outputs.correct !== undefined) correct = (correct ?? 0) + sum(outputs.correct);
  }
  return { loss: loss / examples, ...(correct === undefined ? {} : { accuracy: correct / examples }) };
}

function consecutiveRows(first: number, steps: number, batchSize: number): TensorData {
  const data = Int32Array.from({ length: steps * batchSize }, (_, i) => first + i);
  return { dtype: "int32", shape: [steps, batchSize], data };
}

function sum(tensor: TensorData): number {
  return (tensor.data as Float32Array).reduce((total, value) => total + value, 0);
}
