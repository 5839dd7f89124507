// How many examples are evaluated at once: as many as pay, but never so many that they need more memory than training.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { peakBytes, savedBytes } from "../../../graph/accounting/peak.js";
import { input } from "../../../graph/build.js";
import type { Network } from "../../../nn/network.js";
import type { TrainingRequest } from "../../program/program-request.js";
import { trainingStep } from "../../program/step.js";

export interface EvaluationBatch {
  readonly size: number;
  /** Whether the network takes batches of this size only, so that a smaller rest is filled up. */
  readonly isFixed: boolean;
}

export interface EvaluationBatchRequest {
  /** What the programs of one network are made of. */
  readonly program: Omit<TrainingRequest, "batchSize" | "ensemble">;
  /** Examples of a training batch that are in memory at once. */
  readonly trained: number;
  /** Sizes of the splits. */
  readonly examples: readonly number[];
  /** Networks side by side; undefined for one by itself. */
  readonly ensemble: number | undefined;
}

// Large enough for long matrix products, small enough that activations stay in cache. Activations of many networks fill
// the cache with fewer examples.
const usualBatch = 250;
const ensembleBatch = 64;

// What may be used beyond training's need: small beside what a runtime takes for itself, and enough for the usual batch of
// the networks of the studies, whose numbers depend on it in their last digits. Ensembles hold as much for each of many
// networks. Of large examples, so few fit that nothing is gained.
const freeBytes = 64 * 2 ** 20;
const ensembleFreeBytes = 256 * 2 ** 20;
const fewestForFree = 16;

/** The batch for all splits of a trial. It depends on neither runtime nor threads, so that results do not. */
export function evaluationBatch(request: EvaluationBatchRequest): EvaluationBatch {
  const { program, trained, examples, ensemble } = request;
  const usual = Math.min(ensemble === undefined ? usualBatch : ensembleBatch, Math.max(1, ...examples));
  const rests = examples.map((count) => count % usual).filter((rest) => rest > 0);
  const [network, ...others] = [usual, ...new Set(rests)].map((size) => builtIfItFits(program, size));
  if (network === undefined || others.includes(undefined)) return { size: trained, isFixed: true };
  const networks = ensemble ?? 1;
  const needed = networks * evaluationBytes(program, network);
  const sizeIn = (bytes: number): number => Math.max(1, Math.min(usual, Math.floor((usual * bytes) / needed)));
  const free = sizeIn(ensemble === undefined ? freeBytes : ensembleFreeBytes);
  if (free === usual) return { size: usual, isFixed: false };
  const size = Math.max(sizeIn(networks * trainingBytes(program, trained)), free < fewestForFree ? 1 : free);
  return { size, isFixed: false };
}

type Program = EvaluationBatchRequest["program"];

function built({ network, layout }: Program, batchSize: number): Network {
  return network.build({ mode: "inference", batchSize, inputShapes: layout.inputs.map(({ shape }) => shape) });
}

/** Models from files may be made for one batch size: undefined for another. */
function builtIfItFits(program: Program, batchSize: number): Network | undefined {
  try {
    return built(program, batchSize);
  } catch (cause) {
    if (cause instanceof InvalidInputError || cause instanceof ShapeError) return undefined;
    throw cause;
  }
}

/** The forward pass to the measurements. */
function evaluationBytes({ layout, loss }: Program, { inputs, output }: Network): number {
  const targets = input("targets", layout.targetDtype, [output.shape[0], ...layout.targetShape]);
  const measured = [loss.build(output, targets), loss.correct?.(output, targets)];
  return peakBytes(
    measured.filter((tensor) => tensor !== undefined),
    inputs,
  );
}

/** What a training step needs at least: the forward pass alone, and what it holds for the backward pass. */
function trainingBytes(program: Program, batchSize: number): number {
  const { microBatchSize: _, ...whole } = program;
  const { loss, next } = trainingStep({ ...whole, batchSize });
  return Math.max(evaluationBytes(program, built(program, batchSize)), savedBytes([loss], next));
}
