// Fashion-MNIST: 70,000 articles of clothing in the format of MNIST, harder to tell apart than digits.
import type { DatasetDefinition } from "./definition.js";
import { idxImageFiles, parseIdxImages } from "./idx-images.js";

export const fashionMnist: DatasetDefinition = {
  id: "fashion-mnist",
  title: "Fashion-MNIST",
  about: "70,000 articles of clothing, 28x28 gray: 60,000 for training, 10,000 for test",
  files: [
    {
      name: idxImageFiles.trainImages,
      bytes: 47_040_016,
      packedBytes: 26_421_880,
      sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
    {
      name: idxImageFiles.trainLabels,
      bytes: 60_008,
      packedBytes: 29_515,
      sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    },
    {
      name: idxImageFiles.testImages,
      bytes: 7_840_016,
      packedBytes: 4_422_102,
      sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    },
    {
      name: idxImageFiles.testLabels,
      bytes: 10_008,
      packedBytes: 5_148,
      sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
  ],
  // The last one is the layout of torchvision.
  folders: ["fashion-mnist", "fashion-mnist/raw", "FashionMNIST/raw"],
  mirrors: [
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
  ],
  license: "MIT, Copyright (c) 2017 Zalando SE",
  citation:
    'H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning ' +
    'algorithms", arXiv:1708.07747, 2017',
  inputShape: [1, 28, 28],
  classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
  // The rounded statistics of the training images that the field uses, so that runs compare.
  normalization: { scale: 1 / 255, mean: [0.286], deviation: [0.353] },
  // Made by scripts/make-sample.ts: 400 and 100 of each class, drawn at random.
  sample: {
    trainExamples: 4_000,
    testExamples: 1_000,
    files: [
      {
        name: idxImageFiles.trainImages,
        bytes: 3_136_016,
        sha256: "00ffb1415833c974a8a30944220f95dfc8c999a55928e4c96fed9ca09c61463d",
      },
      {
        name: idxImageFiles.trainLabels,
        bytes: 4_008,
        sha256: "6fd3f0e63a86b2905adea36406bb132bff83ac32cefae859f81c0bc68b871680",
      },
      {
        name: idxImageFiles.testImages,
        bytes: 784_016,
        sha256: "ef330449e472def655499a486a5e49d9c40a131a0b52095a059f034301cfce10",
      },
      {
        name: idxImageFiles.testLabels,
        bytes: 1_008,
        sha256: "86a3495bba5f6b7571316fd8a8c206b3125cae712f51da6526080d79083334f3",
      },
    ],
  },
  parse: (files) => parseIdxImages(files, 28, 10),
};
