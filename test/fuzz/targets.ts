// Every reader of files from outside, each with a few valid files. A new reader is one more entry here.
import { readSafetensors, writeSafetensors } from "../../src/core/safetensors.js";
import { type TensorData, tensorFrom } from "../../src/core/tensor-data.js";
import { readIdx, writeIdx } from "../../src/data/idx.js";
import { readNpy, writeNpy } from "../../src/data/npy.js";
import { npzNames, readNpz, writeNpz } from "../../src/data/npz.js";
import { graphCost } from "../../src/graph/cost.js";
import { printGraph } from "../../src/graph/print.js";
import { simplify } from "../../src/graph/simplify.js";
import type { Graph } from "../../src/graph/tensor.js";
import { readOnnxModel } from "../../src/onnx/read.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { readCheckpoint, readCheckpointSpec, writeCheckpoint } from "../../src/train/checkpoint.js";
import { openSeal, seal, sealKey } from "../../src/train/seal.js";
import type { StateLayout } from "../../src/train/state-layout.js";
import type { TrialSpec } from "../../src/train/trial-spec.js";
import { type OnnxCase, readArchive } from "../conformance/archive.js";
import { caseGraph } from "../conformance/case-graph.js";
import { patches, trialSpec } from "../small-trials.js";
import type { FuzzTarget } from "./reading.js";

const where = "file";
/** Small enough that an archive which unpacks to so much is no danger to the test. */
const maxBytes = 4_000_000;

const arrays: readonly TensorData[] = [
  tensorFrom("float32", [2, 3], [0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-40, 3]),
  tensorFrom("int64", [4], [0, 1, -1, 2]),
  tensorFrom("bool", [2, 1, 2], [0, 1, 1, 0]),
  tensorFrom("uint8", [0, 7], []),
  tensorFrom("float64", [], [2.5]),
];
const named = arrays.map((array, i) => [["x", "y", "mask", "none", "rate"][i], array] as const);
/** NumPy writes the other order where an array is transposed. */
const fortran = new Uint8Array(
  Buffer.from(Buffer.from(writeNpy(arrays[0])).toString("latin1").replace("False", "True "), "latin1"),
);

/** Models of ONNX's own tests, a few of each size, with Loop among them. */
function onnxFiles(): Uint8Array[] {
  const { cases } = readArchive("onnx-node-tests.br");
  const older = readArchive("older-opsets.br").cases;
  const chosen = [...cases.filter((_, i) => i % 11 === 0), ...older.filter((_, i) => i % 9 === 0)];
  const loops = cases.filter(({ name }) => name.includes("loop"));
  return [...loops, ...chosen].flatMap((test) => readable(test) ?? []);
}

/** The model itself where nothing in it has to be known; else with constants for what has. */
function readable(test: OnnxCase): Uint8Array | undefined {
  try {
    const { graph } = caseGraph(test);
    return graph.inputs.length === test.inputs.length ? test.model : writeOnnx(graph);
  } catch {
    // Stands in the list of tests that are not read.
    return undefined;
  }
}

const layout: StateLayout = {
  parameters: [{ name: "parameters", length: 3, entries: [{ path: "0.weight", shape: [3], offset: 0 }], decays: true }],
  slots: { mu: 0 },
  buffers: [],
};
const spec: TrialSpec = trialSpec(patches(10));

export function checkpointFile(): Uint8Array {
  const vector: TensorData = tensorFrom("float32", [3], [1, 2, 3]);
  return writeCheckpoint(layout, {
    ...{ spec, origin: {}, step: 2, state: [vector, vector] },
    ...{ losses: Float32Array.of(2, 1), correct: Float32Array.of(1, 2) },
    evaluations: [{ phase: "validation", step: 2, epoch: 1, loss: 0.5, accuracy: 0.5 }],
  });
}

/** Seals what was damaged, where that can be done: the checksum would hide what lies behind it. */
function resealed(bytes: Uint8Array): Uint8Array {
  try {
    const { tensors, metadata } = readSafetensors(bytes, where);
    const file = writeSafetensors(tensors, new Map(metadata).set(sealKey, openSeal));
    seal(file);
    return file;
  } catch {
    return bytes;
  }
}

/** What is done with a graph that was read, without running it. */
export function inspect(graph: Graph): void {
  printGraph(graph);
  graphCost(graph);
  printGraph(simplify(graph));
}

export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: "ONNX",
    files: onnxFiles(),
    read: (bytes) => inspect(readOnnxModel(bytes, where, { parameters: bytes.length % 2 === 0 }).graph),
  },
  { name: "npy", files: [...arrays.map(writeNpy), fortran], read: (bytes) => readNpy(bytes, where) },
  {
    name: "npz",
    files: [writeNpz(named), writeNpz(named, { compress: false }), writeNpz([])],
    read: (bytes) => {
      npzNames(bytes, where, maxBytes);
      return readNpz(bytes, where, { maxBytes });
    },
    // No deflate stream expands further.
    expansion: 3000,
  },
  {
    name: "safetensors",
    files: [writeSafetensors(new Map(named), new Map([["format", "pt"]])), writeSafetensors(new Map(), new Map())],
    read: (bytes) => readSafetensors(bytes, where),
  },
  {
    name: "checkpoints",
    files: [checkpointFile()],
    read: (bytes) => {
      const file = resealed(bytes);
      readCheckpointSpec(where, file);
      return readCheckpoint(where, file, layout, { spec, origin: {} });
    },
  },
  {
    name: "IDX",
    files: [[3, 2, 2] as const, [4] as const, [0, 28, 28] as const].map((shape) => {
      const count = shape.reduce<number>((product, extent) => product * extent, 1);
      return writeIdx({ dtype: "uint8", shape, data: new Uint8Array(count).fill(7) });
    }),
    read: (bytes) => readIdx(bytes, where),
  },
];
