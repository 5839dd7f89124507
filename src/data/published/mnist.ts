// MNIST: 70,000 handwritten digits, 28 x 28 gray pixels.
import type { DatasetDefinition } from "./definition.js";
import { idxImageFiles, parseIdxImages } from "./idx-images.js";

export const mnist: DatasetDefinition = {
  id: "mnist",
  title: "MNIST",
  about: "70,000 handwritten digits, 28x28 gray: 60,000 for training, 10,000 for test",
  files: [
    {
      name: idxImageFiles.trainImages,
      bytes: 47_040_016,
      packedBytes: 9_912_422,
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    {
      name: idxImageFiles.trainLabels,
      bytes: 60_008,
      packedBytes: 28_881,
      sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    {
      name: idxImageFiles.testImages,
      bytes: 7_840_016,
      packedBytes: 1_648_877,
      sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    {
      name: idxImageFiles.testLabels,
      bytes: 10_008,
      packedBytes: 4_542,
      sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  ],
  // The last two are the layout of torchvision.
  folders: ["mnist", "mnist/raw", "MNIST/raw"],
  // The first site, yann.lecun.com, has not served the files reliably since 2021.
  mirrors: ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
  license: "No formal license; made from NIST Special Databases 1 and 3, freely redistributed since 1998",
  citation:
    'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", ' +
    "Proceedings of the IEEE 86(11), 1998; data set by Y. LeCun, C. Cortes, C. Burges",
  inputShape: [1, 28, 28],
  classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  // The rounded statistics of the training images that the field uses, so that runs compare.
  normalization: { scale: 1 / 255, mean: [0.1307], deviation: [0.3081] },
  // Made by scripts/make-sample.ts: 1,000 and 200 of each class, drawn at random.
  sample: {
    trainExamples: 10_000,
    testExamples: 2_000,
    files: [
      {
        name: idxImageFiles.trainImages,
        bytes: 7_840_016,
        sha256: "15a162fc9dc8ecd3619521424c0716bc723f439afd73f8e47d014e92ef6fdcc7",
      },
      {
        name: idxImageFiles.trainLabels,
        bytes: 10_008,
        sha256: "c2ea3889ef045cc325959ed704830dd135bd611b876800068adfce93895bcf75",
      },
      {
        name: idxImageFiles.testImages,
        bytes: 1_568_016,
        sha256: "a8b740a2c8a0f53e0281bebb66ca9f87dccc2e80f10ad8ef3e823536e046d753",
      },
      {
        name: idxImageFiles.testLabels,
        bytes: 2_008,
        sha256: "8349f180864710c737ac88f27f2ac21207c75b0aa39899e5d54bc07062861a45",
      },
    ],
  },
  parse: (files) => parseIdxImages(files, 28, 10),
};
