// CIFAR-10: 60,000 color photographs of ten kinds of things, 32 x 32 pixels.
import { parseCifar } from "../formats/cifar.js";
import type { DatasetDefinition } from "./definition.js";

const trainFiles = [
  ["data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"],
  ["data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"],
  ["data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"],
  ["data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"],
  ["data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"],
] as const;
const testFile = ["test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"] as const;
const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

export const cifar10: DatasetDefinition = {
  id: "cifar-10",
  title: "CIFAR-10",
  about: "60,000 photographs of ten kinds, 32x32 color: 50,000 for training, 10,000 for test",
  files: [...trainFiles, testFile].map(([name, sha256]) => ({ name, bytes: 30_730_000, packedBytes: 0, sha256 })),
  archive: { name: "cifar-10-binary.tar.gz", packedBytes: 170_052_171 },
  // The others are the folder inside the publisher's archive, alone or unpacked into ours.
  folders: ["cifar-10", "cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin"],
  mirrors: ["https://www.cs.toronto.edu/~kriz/"],
  license: "No formal license; its author asks to be cited",
  citation:
    'A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report, University of Toronto, 2009',
  inputShape: [3, 32, 32],
  classes,
  // Of the 50,000 training images, red, green, blue, rounded as in the field; computed by scripts/make-sample.ts.
  normalization: { scale: 1 / 255, mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
  // Made by scripts/make-sample.ts: 200 and 50 of each class, drawn at random.
  sample: {
    trainExamples: 2_000,
    testExamples: 500,
    files: [
      {
        name: trainFiles[0][0],
        bytes: 6_146_000,
        sha256: "03018637a45dea59a5364d0d47a6de884a418761b4d93ec45a1ec414b713333f",
        isPredicted: true,
      },
      {
        name: testFile[0],
        bytes: 1_536_500,
        sha256: "0d6c027a6bfc47b98c6c5df1597c28adfb00e7270a77f055d40df78b787cef08",
        isPredicted: true,
      },
    ],
  },
  // A sample has only some of the training files.
  parse: (files) => ({
    train: parseCifar(
      files,
      trainFiles.map(([name]) => name).filter((name) => files.has(name)),
      classes.length,
    ),
    test: parseCifar(files, [testFile[0]], classes.length),
  }),
};
