// Every reader of foreign bytes, each with a few valid files. Add new readers here, and those that take a path to
// folder-targets.ts.
import assert from "node:assert/strict";
import { readSafetensors, writeSafetensors } from "../../src/core/formats/safetensors.js";
import { type TensorData, tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { cifarRecordBytes, parseCifar } from "../../src/data/formats/cifar.js";
import { readIdx, writeIdx } from "../../src/data/formats/idx.js";
import { packImages, unpackImages } from "../../src/data/formats/image-packing.js";
import { readNpy, writeNpy } from "../../src/data/formats/npy.js";
import { npzNames, readNpz, writeNpz } from "../../src/data/formats/npz.js";
import { readTar } from "../../src/data/formats/tar.js";
import { localData } from "../../src/data/source.js";
import { chooseArrays } from "../../src/data/user/array-choice.js";
import { userDataset } from "../../src/data/user/user-dataset.js";
import { graphCost } from "../../src/graph/accounting/cost.js";
import { constant } from "../../src/graph/build.js";
import { identity } from "../../src/graph/ops/elementwise/unary.js";
import { simplify } from "../../src/graph/passes/simplify.js";
import { printGraph } from "../../src/graph/print.js";
import type { Graph } from "../../src/graph/tensor.js";
import { inspectSubject } from "../../src/inspect/inspect.js";
import { onnxSubject } from "../../src/inspect/subject/onnx-subject.js";
import { parseModel } from "../../src/onnx/file/onnx-file.js";
import { type ByteSource, skimModel } from "../../src/onnx/file/skim.js";
import { readTensor } from "../../src/onnx/file/stored-tensor.js";
import { readOnnx, readOnnxModel } from "../../src/onnx/read.js";
import { writeOnnx } from "../../src/onnx/write.js";
import type { StateLayout } from "../../src/train/program/state-layout.js";
import type { TrialSpec } from "../../src/train/spec/trial-spec.js";
import { readCheckpoint, writeCheckpoint } from "../../src/train/trial/checkpoint.js";
import { openSeal, seal, sealKey } from "../../src/train/trial/seal.js";
import { type OnnxCase, readArchive } from "../conformance/archive.js";
import { caseGraph } from "../conformance/case-graph.js";
import { patches, trialSpec } from "../support/small-trials.js";
import { dataTargets } from "./data-targets.js";
import type { FuzzTarget } from "./reading.js";

const where = "file";
/** Small enough for the test to unpack safely. */
const maxBytes = 4_000_000;

const arrays: readonly TensorData[] = [
  tensorFrom("float32", [2, 3], [0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-40, 3]),
  tensorFrom("int64", [4], [0, 1, -1, 2]),
  tensorFrom("bool", [2, 1, 2], [0, 1, 1, 0]),
  tensorFrom("uint8", [0, 7], []),
  tensorFrom("float64", [], [2.5]),
];
const named = arrays.map((array, i) => [["x", "y", "mask", "none", "rate"][i], array] as const);
const examples = [
  ["x", tensorFrom("float32", [3, 2], [0.5, -1, 1e-40, 3, 4, 5])],
  ["y", tensorFrom("int64", [3], [0, 1, 1])],
] as const;
const moreExamples = [
  ["inputs", tensorFrom("uint8", [2, 1, 2, 2], [0, 1, 2, 3, 4, 255, 6, 7])],
  ["targets", tensorFrom("float64", [2, 1], [0.25, -1])],
] as const;

/** NumPy writes transposed arrays in Fortran order. */
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

/** The model itself, or with constants for the inputs whose values must be known. */
function readable(test: OnnxCase): Uint8Array | undefined {
  try {
    const { graph } = caseGraph(test);
    return graph.inputs.length === test.inputs.length ? test.model : writeOnnx(graph);
  } catch {
    // It is in the list of tests that cannot be read.
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
    ...{ spec, step: 2, state: [vector, vector] },
    ...{ losses: Float32Array.of(2, 1), correct: Float32Array.of(1, 2) },
    evaluations: [{ phase: "validation", step: 2, epoch: 1, loss: [0.5], accuracy: [0.5] }],
  });
}

/** Recomputes the checksum of a damaged file if possible, since a wrong checksum would hide everything behind it. */
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

/** Uses a graph in every way that does not run it. */
export function inspect(graph: Graph): void {
  printGraph(graph);
  graphCost(graph);
  printGraph(simplify(graph));
}

const packedLayout = { headerBytes: 0, prefixBytes: 1, channels: 3, height: 4, width: 4, records: 3 };

/** An archive as `tar` writes it: a header of 512 bytes per file, padded contents, two empty blocks at the end. */
function tarFile(): Uint8Array {
  const header = Buffer.alloc(512);
  header.write("folder/a.bin", 0);
  header.write("0000644\0", 100);
  header.write("00000000010\0", 124);
  header.write("        0ustar\x0000", 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return new Uint8Array(Buffer.concat([header, Buffer.alloc(512, 8), Buffer.alloc(1024)]));
}

/** Training's use of arrays: the choice of inputs and targets, their checks and conversions. */
function datasetOf(found: ReadonlyMap<string, TensorData>): void {
  const { inputs, targets } = chooseArrays(where, [...found.keys()], {});
  const get = (name: string): TensorData => found.get(name) as TensorData;
  userDataset({
    identify: (fingerprint) => localData(where, fingerprint),
    train: {
      where,
      inputs: new Map(inputs.map((name) => [name, get(name)])),
      targets: { name: targets, values: get(targets) },
    },
    hash: () => "0".repeat(16),
  });
}

const models = onnxFiles();

const readParameters = (bytes: Uint8Array): void => inspect(readOnnxModel(bytes, where, { parameters: true }).graph);

/** Undefined if a shape depends on a tensor that becomes a parameter. */
function isTrainable(bytes: Uint8Array): boolean {
  try {
    readParameters(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Tensors of several types, stored in a file. */
function storedGraph(): Graph {
  return {
    inputs: [],
    outputs: arrays.map((array, i) => ({ name: `y${i}`, tensor: identity(constant(array)) })),
  };
}

/** A file that is read in parts. Reads beyond its end fail the test. */
function partsOf(bytes: Uint8Array): ByteSource {
  const readAt = (offset: number, length: number): Uint8Array => {
    if (offset < 0 || length < 0 || offset + length > bytes.length) throw new RangeError("read outside of the file");
    return bytes.subarray(offset, offset + length);
  };
  return { size: bytes.length, readAt };
}

/** Leaves all values in the file, then fetches them one by one. They must equal those of a complete read. */
function skim(bytes: Uint8Array): void {
  const source = partsOf(bytes);
  const tensors = skimModel(source, where, { smallestPayload: 1 }).graph?.initializer ?? [];
  const readRange = (_: string, offset: number, length: number): Uint8Array => source.readAt(offset, length);
  const whole = parseModel(bytes, where).graph?.initializer ?? [];
  for (const [i, proto] of tensors.entries())
    assert.deepEqual(readTensor(where, proto, { readRange }), readTensor(where, whole[i]));
}

/** Reads as the command `inspect` does: in pieces, leaving out unreadable parts. */
function account(bytes: Uint8Array): void {
  const { totals, layers } = inspectSubject(onnxSubject(partsOf(bytes), where));
  const isUnknown = layers.some(({ unknown }) => unknown !== undefined);
  if (totals.isLowerBound !== isUnknown) throw new Error("totals do not say that they are lower bounds");
  if (!(totals.macs >= 0 && totals.parameters >= 0)) throw new Error("totals are no numbers");
}

export const fuzzTargets: readonly FuzzTarget[] = [
  { name: "ONNX", files: models, read: (bytes) => inspect(readOnnx(bytes, where)) },
  { name: "ONNX with parameters", files: models.filter(isTrainable), read: readParameters },
  { name: "ONNX, accounted", files: models, read: account },
  { name: "ONNX, skimmed", files: [...models, writeOnnx(storedGraph())], read: skim },
  { name: "npy", files: [...arrays.map(writeNpy), fortran], read: (bytes) => readNpy(bytes, where) },
  {
    name: "npz",
    files: [writeNpz(examples), writeNpz(examples, { compress: false }), writeNpz(moreExamples)],
    read: (bytes) => {
      npzNames(bytes, where, maxBytes);
      datasetOf(readNpz(bytes, where, { maxBytes }));
    },
    // The maximum ratio of deflate.
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
      return readCheckpoint(where, resealed(bytes), layout, { spec });
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
  {
    name: "CIFAR",
    files: [new Uint8Array(2 * cifarRecordBytes).fill(3), new Uint8Array(cifarRecordBytes)],
    read: (bytes) => parseCifar(new Map([[where, bytes]]), [where], 10),
  },
  { name: "tar", files: [tarFile()], read: (bytes) => readTar(bytes, where) },
  {
    name: "packed images",
    files: [
      packImages(
        new Uint8Array(3 * 49).map((_, i) => (i * i) % 251),
        packedLayout,
      ),
    ],
    read: (bytes) => unpackImages(bytes, where, maxBytes),
    expansion: 2000,
  },
  ...dataTargets,
];
