// The models of tools/oracle/fixtures/imported and the data that PyTorch trained them on.
import { readFileSync } from "node:fs";
import type { TensorData } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { type OnnxNetwork, type OnnxNetworkOptions, onnxNetwork } from "../../src/train/imported/onnx-network.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";

interface Fixtures {
  readonly batchSize: number;
  readonly optimizers: Readonly<Record<string, KindSpec>>;
  readonly data: Readonly<Record<string, { readonly shape: number[]; readonly bytes: string }>>;
  readonly labels: readonly number[];
  readonly networks: readonly {
    readonly name: string;
    readonly data: string;
    readonly files: readonly string[];
    /** Number of values in all parameters of the PyTorch model. */
    readonly parameters: number;
    readonly training: Readonly<Record<string, { readonly losses: number[]; readonly outputs: string }>>;
  }[];
}

const folder = new URL("../../tools/oracle/fixtures/imported/", import.meta.url);

export const fixtures = JSON.parse(readFileSync(new URL("trainings.json", folder), "utf8")) as Fixtures;

export const importedBytes = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, folder)));

export function imported(file: string, options: OnnxNetworkOptions = {}): OnnxNetwork {
  return onnxNetwork(importedBytes(file), file, options);
}

/** Tokens as row numbers, everything else in multiples of 1/32. */
export function importedInputs(name: string, { isTransposed = false } = {}): TensorData {
  const { shape, bytes } = fixtures.data[name];
  const stored = new Int8Array(Buffer.from(bytes, "base64"));
  if (name === "tokens") return { dtype: "int64", shape, data: BigInt64Array.from(stored, BigInt) };
  const data = Float32Array.from(stored, (value) => value / 32);
  return isTransposed ? channelsLast({ dtype: "float32", shape, data }) : { dtype: "float32", shape, data };
}

/** Images in Keras's layout. */
function channelsLast({ shape: [n, c, h, w], data }: TensorData): TensorData {
  const moved = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const [x, y, channel, image] = [
      i % w,
      Math.floor(i / w) % h,
      Math.floor(i / (w * h)) % c,
      Math.floor(i / (w * h * c)),
    ];
    moved[((image * h + y) * w + x) * c + channel] = data[i] as number;
  }
  return { dtype: "float32", shape: [n, h, w, c], data: moved };
}

/** The data set of a network. Targets are classes, or the inputs for models that reconstruct them. */
export function importedData(name: string, data: string): Dataset {
  const inputs = importedInputs(data, { isTransposed: name === "keras" });
  const rebuilds = name === "autoencoder";
  const targets: TensorData = rebuilds
    ? inputs
    : { dtype: "int32", shape: [fixtures.labels.length], data: Int32Array.from(fixtures.labels) };
  return {
    ...localData(data, data),
    train: { inputs, targets },
    inputShape: inputs.shape.slice(1),
    ...(rebuilds ? {} : { classes: ["0", "1", "2", "3"] }),
  };
}
