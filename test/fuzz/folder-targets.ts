// Every reader that takes a path: its files are in a folder, and one of them at a time is damaged.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { readOrder } from "../../src/cli/train/data.js";
import { readModelSpec, readWeights } from "../../src/cli/train/files.js";
import { writeSafetensors } from "../../src/core/formats/safetensors.js";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { writeNpy } from "../../src/data/formats/npy.js";
import { writeNpz } from "../../src/data/formats/npz.js";
import { layerNetwork } from "../../src/nn/network.js";
import { readVerified } from "../../src/node/data/download/read-verified.js";
import { loadUserData, type UserDataOptions } from "../../src/node/data/user-data.js";
import { inspectFile } from "../../src/node/inspect-file.js";
import { readModelFile } from "../../src/node/model-file.js";
import { ModelProtoSchema, StringStringEntryProtoSchema } from "../../src/onnx/file/generated/onnx_pb.js";
import { matchWeights } from "../../src/train/imported/named-weights.js";
import { onnxNetwork } from "../../src/train/imported/onnx-network.js";
import { importedBytes } from "../files/imported-models.js";
import { smallNet } from "../support/small-trials.js";
import { jpegs, pngs, tables } from "./data-targets.js";
import { olderStoreFile, readStore, storeFile } from "./store-file.js";

/** A reader, and valid files for its folder by relative path. */
export interface FolderTarget {
  readonly name: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly read: (folder: string) => Promise<unknown>;
  /** Memory in bytes that it may use regardless of the file's size. Default 64 MB. */
  readonly allowedBytes?: number;
  /** Damage inside the format instead of random bytes: the file stays a valid `ModelProto` or JSON document. */
  readonly form?: "onnx" | "json";
}

const x = tensorFrom(
  "float32",
  [6, 4],
  Array.from({ length: 24 }, (_, i) => i / 8),
);
const y = tensorFrom("int32", [6], [0, 1, 2, 0, 1, 2]);

/** Loads data as `--data` does, and reads rows of data that stays on the disk. */
async function load(path: string, options: UserDataOptions = {}): Promise<void> {
  const { train } = await loadUserData(path, options);
  await train.source?.read(Int32Array.of(5, 0, 0));
}

/** A model of PyTorch with all its values in `values.bin`. */
function modelBeside(): Record<string, Uint8Array> {
  const model = fromBinary(ModelProtoSchema, importedBytes("mlp-2.onnx"));
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph?.initializer ?? []) {
    if (tensor.rawData.length === 0) continue;
    const entries = { location: "values.bin", offset: `${offset}`, length: `${tensor.rawData.length}` };
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    tensor.dataLocation = 1;
    parts.push(tensor.rawData);
    offset += tensor.rawData.length;
    tensor.rawData = new Uint8Array(0);
  }
  return { "model.onnx": toBinary(ModelProtoSchema, model), "values.bin": new Uint8Array(Buffer.concat(parts)) };
}

async function readModel(folder: string): Promise<void> {
  const path = join(folder, "model.onnx");
  const { bytes, readExternal } = await readModelFile(path);
  // Both ways to the same values: the whole file, and parts of it.
  inspectFile(path);
  onnxNetwork(bytes, path, { readExternal });
}

const form = { mode: "inference", batchSize: 4, inputShapes: [[1, 12, 12]] } as const;

function weightsOf(): Uint8Array {
  const { parameters, buffers } = layerNetwork(smallNet).build(form);
  const zeros = (shape: readonly number[]) =>
    tensorFrom("float32", shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(0));
  return writeSafetensors(new Map([...parameters, ...buffers].map(({ path, tensor }) => [path, zeros(tensor.shape)])));
}

const published = new Uint8Array(500).map((_, i) => i % 7);
const publishedFile = {
  ...{ name: "set", bytes: published.length },
  sha256: createHash("sha256").update(published).digest("hex"),
};

export const folderTargets: readonly FolderTarget[] = [
  {
    name: "pictures",
    files: {
      "train/cat/1.png": pngs[1],
      "train/cat/2.jpg": jpegs[0],
      "train/dog/3.png": pngs[0],
      "test/dog/4.jpg": jpegs[1],
    },
    read: (folder) => load(folder, { imageSize: { height: 6, width: 6 } }),
    allowedBytes: 500_000_000,
  },
  { name: "arrays", files: { "x.npy": writeNpy(x), "y.npy": writeNpy(y) }, read: (folder) => load(folder) },
  {
    name: "rows of an array",
    files: { "x.npy": writeNpy(x), "y.npy": writeNpy(y) },
    read: (folder) => load(join(folder, "x.npy"), { residentLimit: 0 }),
  },
  {
    name: "an archive",
    files: {
      "data.npz": writeNpz([
        ["x", x],
        ["y", y],
      ]),
      "test.npz": writeNpz(
        [
          ["x", x],
          ["y", y],
        ],
        { compress: false },
      ),
    },
    read: (folder) => load(join(folder, "data.npz"), { test: join(folder, "test.npz") }),
  },
  {
    name: "a table",
    files: { "data.csv": tables[0], "test.csv": tables[0] },
    read: (folder) => load(join(folder, "data.csv"), { test: join(folder, "test.csv") }),
  },
  {
    name: "tensors",
    files: {
      "data.safetensors": writeSafetensors(
        new Map([
          ["x", x],
          ["y", y],
        ]),
      ),
    },
    read: (folder) => load(join(folder, "data.safetensors")),
  },
  { name: "a model and values beside it", files: modelBeside(), read: readModel, form: "onnx" },
  {
    name: "a model spec",
    files: { "model.json": new TextEncoder().encode(JSON.stringify(smallNet)) },
    read: async (folder) => layerNetwork(await readModelSpec(join(folder, "model.json"))).build(form),
    // A damaged size may declare a huge layer; the program is refused by its size before anything is allocated.
    allowedBytes: 200_000_000,
    form: "json",
  },
  {
    name: "weights",
    files: { "weights.safetensors": weightsOf() },
    read: async (folder) => {
      const path = join(folder, "weights.safetensors");
      return matchWeights(path, await readWeights(path), layerNetwork(smallNet).build(form));
    },
  },
  {
    name: "an order of rows",
    files: { "order.npy": writeNpy(y) },
    read: (folder) => readOrder(join(folder, "order.npy")),
  },
  {
    name: "a published file",
    files: { "set.gz": gzipSync(published), set: published },
    read: async (folder) => {
      for (const name of ["set.gz", "set"]) await readVerified(join(folder, name), publishedFile, "Fetch it again");
    },
  },
  { name: "the run store", files: { "store.sqlite": await storeFile() }, read: readStore },
  { name: "a run store of schema 1", files: { "store.sqlite": olderStoreFile() }, read: readStore },
];
