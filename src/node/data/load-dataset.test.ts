// The embedded sample, and the cases in which it replaces the full set.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CorruptFileError, MissingDataError, UnknownNameError } from "../../core/errors.js";
import { normalizationOf } from "../../data/statistics.js";
import { getDataset, listDatasets, verifyDataset } from "./download/library.js";
import { loadSample } from "./download/sample.js";
import { loadDataset } from "./load-dataset.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "trainscope-load-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const offline = () => Promise.reject(new TypeError("fetch failed"));
const options = () => ({ paths: { data: join(root, "cache") }, environment: {}, fetch: offline });

describe.each([
  ["mnist", 1000, 200, "MNIST sample (10,000 train / 2,000 test)"],
  ["fashion-mnist", 400, 100, "Fashion-MNIST sample (4,000 train / 1,000 test)"],
  ["cifar-10", 200, 50, "CIFAR-10 sample (2,000 train / 500 test)"],
])("the sample of %s", (id, trainPerClass, testPerClass, title) => {
  it("has the recorded checksums, balanced classes, and the statistics of the full set", async () => {
    const sample = await loadSample(id);
    expect([sample.title, sample.isSample]).toEqual([title, true]);
    for (const [split, perClass] of [
      [sample.train, trainPerClass],
      [sample.test!, testPerClass],
    ] as const) {
      expect(split.inputs.shape).toEqual([10 * perClass, ...sample.inputShape]);
      const counts = new Array<number>(10).fill(0);
      for (const label of split.targets.data) counts[Number(label)]++;
      expect(counts).toEqual(new Array(10).fill(perClass));
    }
    const { mean, deviation, scale } = normalizationOf(sample.train.inputs)!;
    expect(scale).toBe(sample.normalization?.scale);
    for (const channel of mean.keys()) {
      // The standard error of the mean over images is 0.0005 for MNIST, 0.0024 for 2,000 photographs.
      expect(Math.abs(mean[channel] - sample.normalization!.mean[channel])).toBeLessThan(0.007);
      expect(Math.abs(deviation[channel] - sample.normalization!.deviation[channel])).toBeLessThan(0.007);
    }
  });
});

describe("the samples", () => {
  it("take less than 8 MB in the package", () => {
    const folder = fileURLToPath(new URL("../../../samples/", import.meta.url));
    const sizes = readdirSync(folder, { recursive: true, encoding: "utf8" }).map(
      (name) => statSync(join(folder, name)).size,
    );
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(8_000_000);
  });
});

describe("loading a data set", () => {
  it("uses the sample if the full set is neither on the machine nor reachable, and says why", async () => {
    const reasons: string[] = [];
    const data = await loadDataset("mnist", { ...options(), onSample: (reason) => reasons.push(reason) });
    expect(data.title).toBe("MNIST sample (10,000 train / 2,000 test)");
    expect(reasons.join()).toContain("files are missing and cannot be downloaded");
  });

  it("is an error with exit code 3 if no sample is allowed", async () => {
    await expect(loadDataset("mnist", { ...options(), allowSample: false })).rejects.toThrow(MissingDataError);
    await expect(loadDataset("cifar-10", { ...options(), allowSample: false })).rejects.toThrow(
      /expected data_batch_1\.bin, .*Unpack cifar-10-binary\.tar\.gz from https:/,
    );
    await expect(getDataset("mnist", options())).rejects.toThrow(MissingDataError);
  });

  it("reports a damaged file of the user instead of using the sample", async () => {
    mkdirSync(join(root, "mine", "mnist"), { recursive: true });
    writeFileSync(join(root, "mine", "mnist", "t10k-labels-idx1-ubyte"), "damaged");
    const promise = loadDataset("mnist", { ...options(), dataDir: join(root, "mine") });
    await expect(promise).rejects.toThrow(CorruptFileError);
    await expect(promise).rejects.toThrow(/t10k-labels-idx1-ubyte: truncated file/);
  });

  it("refuses unknown names and missing folders", async () => {
    await expect(loadDataset("minst")).rejects.toThrow(UnknownNameError);
    await expect(loadDataset("mnist", { ...options(), dataDir: join(root, "nowhere") })).rejects.toThrow(
      /--data-dir: folder does not exist/,
    );
  });
});

describe("the data sets of this machine", () => {
  it("are listed with their files, and verified file by file", async () => {
    const empty = await listDatasets(options());
    expect(empty.map(({ id, present, bytes }) => [id, present, bytes])).toEqual([
      ["mnist", "sample", 0],
      ["fashion-mnist", "sample", 0],
      ["cifar-10", "sample", 0],
    ]);
    mkdirSync(join(root, "cache", "mnist"), { recursive: true });
    writeFileSync(join(root, "cache", "mnist", "t10k-labels-idx1-ubyte"), "damaged");
    const [mnist] = await listDatasets(options());
    expect(mnist).toMatchObject({ present: "sample", folder: join(root, "cache", "mnist"), bytes: 7 });
    expect(mnist.missing.length).toBe(3);
    expect((await verifyDataset("mnist", options())).map(({ state }) => state)).toEqual([
      "missing",
      "missing",
      "missing",
      "damaged",
    ]);
  });
});
