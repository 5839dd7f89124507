// Small trainings for tests: data in memory, trials with their events, a runtime that watches what it holds.
import { readFileSync } from "node:fs";
import { sha256Hex } from "../../src/core/formats/hash.js";
import { elementBytes } from "../../src/core/numbers/element-bytes.js";
import { type TensorData, tensorData } from "../../src/core/numbers/tensor-data.js";
import { randomStream } from "../../src/core/random/rng.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { relu } from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { dropout } from "../../src/nn/layers/dropout.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { batchNorm } from "../../src/nn/layers/normalization/batch-norm.js";
import { maxPool2d } from "../../src/nn/layers/pooling.js";
import type { Runtime, Session } from "../../src/train/runtime/runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import {
  trialSpec as completeSpec,
  type KindSpec,
  type TrialSpec,
  type TrialSpecInput,
} from "../../src/train/spec/trial-spec.js";
import type { TrialEvent } from "../../src/train/trial/events.js";
import { openTrial, type StopSignal, type Trial, type TrialRequest } from "../../src/train/trial/trial.js";

/** Images of `extent` x `extent` bytes with a bright patch whose place says the class, and noise. */
export function patches(examples: number, { extent = 12, classes = 4, seed = 1 } = {}): Dataset {
  const split = (name: string, count: number) => {
    const stream = randomStream(seed, name);
    const inputs = new Uint8Array(count * extent * extent);
    const targets = new Int32Array(count);
    for (let n = 0; n < count; n++) {
      targets[n] = stream.word(n * 1000) % classes;
      const [row, column] = [(targets[n] * 5) % (extent - 3), (targets[n] * 7) % (extent - 3)];
      for (let i = 0; i < 9; i++) {
        const at = (row + Math.floor(i / 3)) * extent + column + (i % 3);
        inputs[n * extent * extent + at] = 120 + (stream.word(n * 1000 + 1 + i) % 136);
      }
      for (let i = 0; i < 20; i++)
        inputs[n * extent * extent + (stream.word(n * 1000 + 20 + i) % extent ** 2)] =
          stream.word(n * 1000 + 50 + i) % 256;
    }
    return {
      inputs: tensorData("uint8", [count, 1, extent, extent], inputs),
      targets: tensorData("int32", [count], targets),
    };
  };
  return {
    ...localData("patches", `patches ${examples} ${extent} ${classes} ${seed}`),
    train: split("train", examples),
    test: split("test", Math.ceil(examples / 2)),
    inputShape: [1, extent, extent],
    classes: Array.from({ length: classes }, (_, c) => `class ${c}`),
    normalization: { scale: 1 / 255, mean: [0.1], deviation: [0.3] },
  };
}

/** A network with everything that carries state or draws numbers. */
export const smallNet = sequential([
  conv2d({ filters: 4, kernel: 3, padding: 1 }),
  batchNorm(),
  relu(),
  maxPool2d({ kernel: 2 }),
  dropout({ rate: 0.2 }),
  conv2d({ filters: 6, kernel: 3 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  dense({ units: 16 }),
  batchNorm(),
  relu(),
  dropout({ rate: 0.5 }),
  dense({ units: 4 }),
]);

export function trialSpec(data: Dataset, changes: Partial<TrialSpecInput> = {}): TrialSpec {
  const length = changes.steps === undefined ? { epochs: 2 } : {};
  return completeSpec({
    model: smallNet,
    data: dataUse(data, { scaling: "standardize" }),
    optimizer: { kind: "adam", learningRate: 0.003 },
    batchSize: 16,
    seed: 7,
    ...length,
    ...changes,
  });
}

export interface Finished {
  readonly events: readonly TrialEvent[];
  readonly losses: readonly number[];
  readonly correct: readonly number[];
  readonly tensors: ReadonlyMap<string, TensorData>;
  readonly trial: Trial;
  /** The bytes of the last checkpoint. */
  readonly checkpoint: Uint8Array;
}

export type SmallRequest = Omit<TrialRequest, "now"> &
  Partial<Pick<TrialRequest, "now">> & { readonly signal?: StopSignal };

/** Runs to the end, then frees the runtime. */
export async function finish(
  { signal, ...request }: SmallRequest,
  onEvent: (event: TrialEvent) => void = () => {},
): Promise<Finished> {
  const trial = openTrial({ now: () => performance.now(), checkpointEveryMs: Number.POSITIVE_INFINITY, ...request });
  try {
    const events: TrialEvent[] = [];
    for await (const event of trial.run(signal)) {
      events.push(event);
      onEvent(event);
    }
    const steps = events.flatMap((event) => (event.kind === "steps" ? [event] : []));
    const saved = events.flatMap((event) => (event.kind === "checkpoint" ? [event.bytes] : []));
    return {
      events,
      losses: trial.history.lossesOf(),
      correct: steps.flatMap(({ correct }) => [...correct]),
      tensors: await trial.tensors(),
      trial,
      checkpoint: saved.at(-1) ?? new Uint8Array(0),
    };
  } finally {
    await trial.dispose();
  }
}

/** Everything about a finished trial that must not depend on how it was cut, threaded or resumed. */
export function bitsOf({ losses, tensors, trial }: Finished) {
  return {
    losses: [...Float64Array.from(losses)],
    tensors: Object.fromEntries(
      [...tensors].map(([path, { data }]) => [path, sha256Hex(elementBytes(data)).slice(0, 8)]),
    ),
    evaluations: trial.history.evaluations,
  };
}

/**
 * A runtime that says each run took `stepMs` a step, so that segments have the length that the test wants, and that
 * remembers what is resident and loaded.
 */
export function watched(runtime: Runtime, stepMs?: number) {
  const resident = new Set<string>();
  const open = new Set<Session>();
  const wrapped: Runtime = {
    ...runtime,
    async load(model, options) {
      const session = await runtime.load(model, options);
      open.add(session);
      return {
        async run(request) {
          const result = await session.run(request);
          for (const key of Object.values(request.keep ?? {})) resident.add(key);
          const steps = Number(request.feeds.steps?.data[0] ?? 1);
          return stepMs === undefined ? result : { ...result, durationMs: stepMs * steps };
        },
        async dispose() {
          open.delete(session);
          await session.dispose();
        },
      };
    },
    async put(key, tensor) {
      resident.add(key);
      await runtime.put(key, tensor);
    },
    async remove(key) {
      resident.delete(key);
      await runtime.remove(key);
    },
  };
  return { runtime: wrapped, resident, open };
}

interface StoredSplit {
  readonly inputs: string;
  readonly targets: string;
  readonly shape: readonly number[];
}

export interface TrainingFixture {
  readonly name: string;
  readonly model: KindSpec;
  readonly optimizer: KindSpec;
  readonly schedule?: KindSpec;
  readonly clip?: { readonly norm?: number; readonly value?: number };
  readonly loss: string;
  readonly data: "images" | "line";
  /** Tensors by path, base64 float32. */
  readonly initial: Readonly<Record<string, string>>;
  readonly final: Readonly<Record<string, string>>;
  readonly rows: string;
  readonly losses: readonly number[];
  readonly evaluation: { readonly loss: number; readonly accuracy?: number };
  readonly outputs: string;
}

interface TrainingFile {
  readonly batchSize: number;
  readonly normalization: NonNullable<Dataset["normalization"]>;
  readonly images: StoredSplit;
  readonly line: StoredSplit;
  readonly fixtures: readonly TrainingFixture[];
}

const bytesOf = (text: string): ArrayBuffer => new Uint8Array(Buffer.from(text, "base64")).buffer;
export const floats = (text: string): Float32Array => new Float32Array(bytesOf(text));
export const ints = (text: string): Int32Array => new Int32Array(bytesOf(text));

/** What tools/oracle/training.py wrote. */
export function trainingFixtures(): TrainingFile {
  const file = new URL("../../tools/oracle/fixtures/training.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as TrainingFile;
}

/** The data of a fixture, as both splits. */
export function fixtureData({ images, line, normalization }: TrainingFile, which: "images" | "line"): Dataset {
  const { shape, inputs, targets } = which === "images" ? images : line;
  const split =
    which === "images"
      ? {
          inputs: tensorData("uint8", shape, new Uint8Array(bytesOf(inputs))),
          targets: tensorData("int32", [shape[0]], ints(targets)),
        }
      : {
          inputs: tensorData("float32", shape, floats(inputs)),
          targets: tensorData("float32", [shape[0], 2], floats(targets)),
        };
  return {
    ...localData(which, which),
    train: split,
    test: split,
    inputShape: shape.slice(1),
    ...(which === "images" ? { classes: ["0", "1", "2", "3"], normalization } : {}),
  };
}
