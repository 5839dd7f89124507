// Creates the embedded samples from the original files: npx tsx scripts/make-sample.ts <data folder> [<data set>...]
//
// The data folder holds one folder for each set, as `trainscope data get` lays it out. The same seed and files give the
// same examples. Prints the records for the definitions in src/data, and the statistics of the training set.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import type { TensorData } from "../src/core/numbers/tensor-data.js";
import { permutation, randomStream } from "../src/core/random/rng.js";
import type { Split } from "../src/data/dataset.js";
import { writeIdx } from "../src/data/formats/idx.js";
import { type ImageLayout, packImages } from "../src/data/formats/image-packing.js";
import { cifar10 } from "../src/data/published/cifar-10.js";
import { buildDataset, type DatasetDefinition, type SampleFile } from "../src/data/published/definition.js";
import { fashionMnist } from "../src/data/published/fashion-mnist.js";
import { idxImageFiles } from "../src/data/published/idx-images.js";
import { mnist } from "../src/data/published/mnist.js";
import { takeRows } from "../src/data/rows.js";
import { normalizationOf } from "../src/data/statistics.js";
import { obtainFiles } from "../src/node/data/download/obtain-files.js";

const seed = 0;

/** A file of a sample before packing. */
interface PlainFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Set if packing by prediction pays off. */
  readonly layout?: ImageLayout;
}

interface SamplePlan {
  readonly definition: DatasetDefinition;
  readonly trainPerClass: number;
  readonly testPerClass: number;
  /** The files of a split, in the publisher's format. */
  readonly files: (split: Split, isTrain: boolean) => readonly PlainFile[];
}

const plans: readonly SamplePlan[] = [
  { definition: mnist, trainPerClass: 1000, testPerClass: 200, files: idxFiles },
  // Prediction would save only 2 % here.
  { definition: fashionMnist, trainPerClass: 400, testPerClass: 100, files: idxFiles },
  { definition: cifar10, trainPerClass: 200, testPerClass: 50, files: cifarFiles },
];

function idxFiles({ inputs, targets }: Split, isTrain: boolean): PlainFile[] {
  const { trainImages, testImages, trainLabels, testLabels } = idxImageFiles;
  const [count, , ...image] = inputs.shape;
  const labels = Uint8Array.from(targets.data as Int32Array);
  return [
    {
      name: isTrain ? trainImages : testImages,
      bytes: writeIdx({ ...inputs, dtype: "uint8", shape: [count, ...image] }),
    },
    {
      name: isTrain ? trainLabels : testLabels,
      bytes: writeIdx({ dtype: "uint8", shape: [count], data: labels }),
    },
  ];
}

function cifarFiles({ inputs, targets }: Split, isTrain: boolean): PlainFile[] {
  const [records, channels, height, width] = inputs.shape;
  const size = channels * height * width;
  const bytes = new Uint8Array(records * (1 + size));
  for (let record = 0; record < records; record++) {
    bytes[record * (1 + size)] = Number(targets.data[record]);
    bytes.set((inputs.data as Uint8Array).subarray(record * size, (record + 1) * size), record * (1 + size) + 1);
  }
  const layout = { headerBytes: 0, prefixBytes: 1, channels, height, width, records };
  return [{ name: isTrain ? "data_batch_1.bin" : "test_batch.bin", bytes, layout }];
}

/** Indices of the chosen examples: equally many of each class, drawn without replacement, in file order. */
function chooseBalanced(labels: TensorData, classes: number, perClass: number, stream: string): number[] {
  const chosen: number[] = [];
  for (let label = 0; label < classes; label++) {
    const members = [...labels.data.keys()].filter((index) => labels.data[index] === label);
    const order = permutation(members.length, randomStream(seed, stream, label));
    for (const position of order.subarray(0, perClass)) chosen.push(members[position]);
  }
  return chosen.sort((a, b) => a - b);
}

function writeSample(folder: string, { name, bytes, layout }: PlainFile): SampleFile {
  const plain = layout === undefined ? bytes : packImages(bytes, layout);
  // Brotli packs digits 17 % smaller than gzip, and interleaved pixels smaller than separate planes.
  const packed = brotliCompressSync(plain, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  });
  writeFileSync(join(folder, `${name}.br`), packed);
  console.error(`${name}.br: ${packed.length} bytes, ${((8 * packed.length) / bytes.length).toFixed(2)} bits per byte`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { name, bytes: bytes.length, sha256, ...(layout === undefined ? {} : { isPredicted: true }) };
}

async function makeSample(dataDir: string, plan: SamplePlan): Promise<void> {
  const { definition, trainPerClass, testPerClass } = plan;
  const obtained = await obtainFiles(definition, { dataDir, allowDownload: false, environment: {} });
  if (obtained.unavailable !== undefined) throw obtained.unavailable;
  const { train, test } = buildDataset(definition, obtained.files);
  const folder = fileURLToPath(new URL(`../samples/${definition.id}/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const files: SampleFile[] = [];
  for (const [split, perClass, stream] of [
    [train, trainPerClass, "sample-train"],
    [test as Split, testPerClass, "sample-test"],
  ] as const) {
    const rows = chooseBalanced(split.targets, definition.classes.length, perClass, stream);
    const part = { inputs: takeRows(split.inputs, rows), targets: takeRows(split.targets, rows) };
    for (const file of plan.files(part, split === train)) files.push(writeSample(folder, file));
  }
  console.log(JSON.stringify({ id: definition.id, files, statistics: normalizationOf(train.inputs) }, null, 2));
}

const [dataDir, ...wanted] = process.argv.slice(2);
if (dataDir === undefined) {
  console.error("usage: npx tsx scripts/make-sample.ts <data folder> [<data set>...]");
  process.exit(2);
}
for (const plan of plans) {
  if (wanted.length === 0 || wanted.includes(plan.definition.id)) await makeSample(dataDir, plan);
}
