// The table of data sets, and the names and fingerprints of sets.
import { describe, expect, it } from "vitest";
import { buildDataset, buildSample, type DatasetDefinition, downloadsFor, fingerprint } from "./definition.js";
import { datasetDefinition, datasetTable } from "./index.js";
import { mnist } from "./mnist.js";

describe("data set definitions", () => {
  it("have matching keys and ids, checksums, mirrors and one name per class", () => {
    for (const [id, definition] of Object.entries(datasetTable)) {
      expect(definition.id).toBe(id);
      expect(definition.folders[0]).toBe(id);
      for (const file of [...definition.files, ...(definition.sample?.files ?? [])]) {
        expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
      }
      for (const mirror of definition.mirrors) expect(mirror).toMatch(/^https?:\/\/.*\/$/);
      expect(definition.normalization.mean.length).toBe(definition.inputShape[0]);
      const names = definition.files.map(({ name }) => name);
      for (const { name } of definition.sample?.files ?? []) expect(names).toContain(name);
      expect(downloadsFor(definition, definition.files).every(({ packedBytes }) => packedBytes > 0)).toBe(true);
    }
  });

  it("have distinct files: no checksum twice", () => {
    const sums = Object.values(datasetTable).flatMap((definition) => [
      ...definition.files,
      ...(definition.sample?.files ?? []),
    ]);
    expect(new Set(sums.map(({ sha256 }) => sha256)).size).toBe(sums.length);
  });

  it("are found by name, with a suggestion for a typing error", () => {
    expect(datasetDefinition("mnist")).toBe(mnist);
    const messageOf = (id: string) => {
      try {
        datasetDefinition(id, "--data");
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect([messageOf("mnits"), messageOf("toString")]).toMatchInlineSnapshot(`
      [
        "--data: unknown data set "mnits". Did you mean "mnist"? 13 are known",
        "--data: unknown data set "toString". 13 are known",
      ]
    `);
  });

  it("tell the sample from the full set in title and fingerprint", () => {
    const split = {
      inputs: { dtype: "uint8", shape: [0], data: new Uint8Array(0) },
      targets: { dtype: "int32", shape: [0], data: new Int32Array(0) },
    } as const;
    const definition: DatasetDefinition = { ...mnist, parse: () => ({ train: split, test: split }) };
    const full = buildDataset(definition, new Map());
    const sample = buildSample(
      definition,
      { trainExamples: 10_000, testExamples: 2000, files: definition.sample?.files ?? [] },
      new Map(),
    );
    expect([full.title, full.isSample, full.fingerprint]).toEqual(["MNIST", false, fingerprint(mnist.files)]);
    expect([sample.title, sample.isSample]).toEqual(["MNIST sample (10,000 train / 2,000 test)", true]);
    expect(sample.fingerprint).not.toBe(full.fingerprint);
    expect(full.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });
});
