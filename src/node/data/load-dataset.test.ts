// The embedded sample, and when it stands in for the full set.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CorruptFileError, MissingDataError, UnknownNameError } from "../../core/errors.js";
import { getDataset, listDatasets, verifyDataset } from "./library.js";
import { loadDataset } from "./load-dataset.js";
import { loadSample } from "./sample.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "trainscope-load-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const offline = () => Promise.reject(new TypeError("fetch failed"));
const options = () => ({ paths: { data: join(root, "cache") }, environment: {}, fetch: offline });

describe("the sample of MNIST", () => {
  it("has its recorded checksums, is balanced, and has the statistics of the full set", async () => {
    const sample = await loadSample("mnist");
    expect([sample.title, sample.isSample]).toEqual(["MNIST sample (10,000 train / 2,000 test)", true]);
    expect(sample.train.inputs.shape).toEqual([10_000, 1, 28, 28]);
    expect(sample.test!.inputs.shape).toEqual([2000, 1, 28, 28]);
    for (const [split, perClass] of [
      [sample.train, 1000],
      [sample.test!, 200],
    ] as const) {
      const counts = new Array<number>(10).fill(0);
      for (const label of split.targets.data) counts[Number(label)]++;
      expect(counts).toEqual(new Array(10).fill(perClass));
    }
    const { mean, deviation, scale } = sample.normalization ?? { mean: [], deviation: [], scale: 0 };
    let sum = 0;
    let squares = 0;
    for (const pixel of sample.train.inputs.data as Uint8Array) {
      sum += pixel * scale;
      squares += (pixel * scale) ** 2;
    }
    const count = sample.train.inputs.data.length;
    // The standard error of the mean over images is about 0.0005.
    expect(Math.abs(sum / count - mean[0])).toBeLessThan(0.002);
    expect(Math.abs(Math.sqrt(squares / count - (sum / count) ** 2) - deviation[0])).toBeLessThan(0.002);
  });

  it("takes less than 4 MB in the package", () => {
    const folder = fileURLToPath(new URL("../../../samples/", import.meta.url));
    const sizes = readdirSync(folder, { recursive: true, encoding: "utf8" }).map(
      (name) => statSync(join(folder, name)).size,
    );
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(4_000_000);
  });
});

describe("loading a data set", () => {
  it("takes the sample when the full set is neither here nor reachable, and says why", async () => {
    const reasons: string[] = [];
    const data = await loadDataset("mnist", { ...options(), onSample: (reason) => reasons.push(reason) });
    expect(data.title).toBe("MNIST sample (10,000 train / 2,000 test)");
    expect(reasons.join()).toContain("files are missing and cannot be downloaded");
  });

  it("is an error with exit code 3 when no sample is allowed or there is none", async () => {
    await expect(loadDataset("mnist", { ...options(), allowSample: false })).rejects.toThrow(MissingDataError);
    await expect(loadDataset("fashion-mnist", options())).rejects.toThrow(MissingDataError);
    await expect(getDataset("mnist", options())).rejects.toThrow(MissingDataError);
  });

  it("never hides a damaged file of the user behind the sample", async () => {
    mkdirSync(join(root, "mine", "mnist"), { recursive: true });
    writeFileSync(join(root, "mine", "mnist", "t10k-labels-idx1-ubyte"), "damaged");
    const promise = loadDataset("mnist", { ...options(), dataDir: join(root, "mine") });
    await expect(promise).rejects.toThrow(CorruptFileError);
    await expect(promise).rejects.toThrow(/t10k-labels-idx1-ubyte: truncated file/);
  });

  it("knows unknown names and folders that do not exist", async () => {
    await expect(loadDataset("minst")).rejects.toThrow(UnknownNameError);
    await expect(loadDataset("mnist", { ...options(), dataDir: join(root, "nowhere") })).rejects.toThrow(
      /--data-dir: folder does not exist/,
    );
  });
});

describe("the data sets of this machine", () => {
  it("are listed with what is here, and verified file by file", async () => {
    const empty = await listDatasets(options());
    expect(empty.map(({ id, present, bytes }) => [id, present, bytes])).toEqual([
      ["mnist", "sample", 0],
      ["fashion-mnist", "absent", 0],
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
