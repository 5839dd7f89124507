// Opening data sources again: by another resolver, by several callers at once, and after the data have changed.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InterruptedError, TrainscopeError } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import type { Dataset } from "../../data/dataset.js";
import { putDataset } from "../../data/dataset-artifact.js";
import { contentFingerprint } from "../../data/fingerprint.js";
import { writeNpz } from "../../data/formats/npz.js";
import { dataResolver } from "../../data/resolver.js";
import { syntheticDataset } from "../../data/synthetic.js";
import { artifactFolder } from "../files/artifact-folder.js";
import { nodeDataResolver } from "./data-resolver.js";
import { loadSample } from "./download/sample.js";
import { loadUserData } from "./user-data.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "trainscope-source-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const offline = () => Promise.reject(new TypeError("fetch failed"));
const resolver = () =>
  nodeDataResolver({
    ...{ paths: { data: join(root, "cache") }, environment: {}, fetch: offline },
    artifacts: artifactFolder(join(root, "artifacts")),
  });

async function messageOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    if (error instanceof TrainscopeError) return `${error.exitCode} ${error.message.replaceAll(root, "@")}`;
    throw error;
  }
  return "no error";
}

async function ownData(): Promise<Dataset> {
  const path = join(root, "own.npz");
  const x = tensorFrom("float32", [4, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
  const b = tensorFrom("int64", [4, 1], [1, 2, 3, 4]);
  const a = tensorFrom("uint8", [4, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  writeFileSync(
    path,
    writeNpz([
      ["x", x] as const,
      ["b", b] as const,
      ["a", a] as const,
      ["y", tensorFrom("int32", [4], [0, 1, 1, 0])] as const,
    ]),
  );
  return loadUserData(path, { inputs: ["x", "b", "a"], targets: ["y"], validationSplit: 0.25 });
}

describe("the sources of data sets", () => {
  it("open a sample by its fingerprint, although its name is that of the full set, and a synthetic set", async () => {
    const sample = await loadSample("mnist");
    expect(sample.source).toEqual({ kind: "published", name: "mnist", fingerprint: sample.fingerprint });
    const again = await resolver().open(JSON.parse(JSON.stringify(sample.source)));
    // Checksums are compared, because comparing all bytes takes minutes.
    expect([again.title, contentFingerprint(again)]).toEqual([sample.title, contentFingerprint(sample)]);
    const drawn = syntheticDataset("two-moons:points=40,noise=0.2,testPoints=20", "value");
    expect(await resolver().open(JSON.parse(JSON.stringify(drawn.source)))).toEqual(drawn);
  });

  it("open a user's data set from the artifact folder, with every array, name and split", async () => {
    const own = await ownData();
    const put = await putDataset(own, artifactFolder(join(root, "artifacts")));
    expect(put.source).toMatchObject({ kind: "artifact", format: "safetensors", fingerprint: own.fingerprint });
    expect(await resolver().open(put.source)).toEqual({ ...own, source: put.source });
    expect([...(put.train.moreInputs?.keys() ?? [])]).toEqual(["b", "a"]);
    // Storing it again gives the same file.
    expect((await putDataset(own, artifactFolder(join(root, "artifacts")))).source).toEqual(put.source);
    expect(readdirSync(join(root, "artifacts"))).toHaveLength(1);
  });

  it("that cannot be opened are refused with one sentence", async () => {
    const own = await ownData();
    const { source } = await putDataset(own, artifactFolder(join(root, "artifacts")));
    const { fingerprint } = await loadSample("mnist");
    if (source.kind !== "artifact") throw new Error("not an artifact");
    const messages = [
      await messageOf(resolver().open(own.source)),
      await messageOf(resolver().open({ kind: "published", name: "mnist", fingerprint: "0000" })),
      await messageOf(resolver().open({ kind: "published", name: "minst", fingerprint })),
      await messageOf(resolver().open({ ...source, sha256: "0".repeat(64), fingerprint: "1" })),
      await messageOf(resolver().open({ ...source, sha256: "../own.npz", fingerprint: "2" })),
      await messageOf(resolver().open({ ...source, fingerprint: "3" })),
      await messageOf(nodeDataResolver().open(source)),
    ];
    const drawn = syntheticDataset("xor:points=20");
    if (drawn.source.kind !== "synthetic") throw new Error("not synthetic");
    const options = { ...drawn.source.options, seed: 1 };
    messages.push(await messageOf(resolver().open({ ...drawn.source, options })));
    writeFileSync(join(root, "artifacts", source.sha256), "something else");
    messages.push(await messageOf(resolver().open(source)));
    expect(messages).toMatchInlineSnapshot(`
      [
        "2 data source "own.npz@27967340": local files cannot be opened by another process: expected a published or synthetic data set, or an artifact, received files of one machine. Put the data set into the artifact store first",
        "3 data source "mnist": this version knows other examples by this name: expected fingerprint 0000, received 62729ea254c88b55 (MNIST), 72e5fdad74859cae (the sample). Use the version that made the source, or begin a new training",
        "2 data source: unknown data set "minst". Did you mean "mnist"? 13 are known",
        "3 @/artifacts/0000000000000000000000000000000000000000000000000000000000000000: no such artifact. Put it into this folder, or name the folder that has it",
        "2 artifact: not the name of an artifact: expected 64 hexadecimal digits, received ../own.npz",
        "2 data source "artifact cb11dbd4": the examples have changed: expected fingerprint 3, received 27967340cf0fbef6 (own.npz@27967340). Train with the version that made the source, or begin a new training on the data as it is now",
        "3 data source "artifact cb11dbd4": there is no artifact store to look in. Name the folder of the artifacts",
        "2 data source "xor": the examples have changed: expected fingerprint e1de9e631780a7ed, received bc0f9822c1838507 (xor:points=20,seed=1). Train with the version that made the source, or begin a new training on the data as it is now",
        "2 @/artifacts/cb11dbd4e92e486b4b604dae9c8bdb5bf873cd45b1954f317ebdaf2fa0c1da8a: damaged artifact, its bytes are not those that were put: expected SHA-256 cb11dbd4e92e486b4b604dae9c8bdb5bf873cd45b1954f317ebdaf2fa0c1da8a, received f41f3fa625ff120ddca7ef456bf66371ecea23c129f4e4c32367101edb516cf8. Remove the file and put the artifact again",
      ]
    `);
  });
});

describe("a resolver", () => {
  const data = syntheticDataset("spirals:points=20");

  it("opens a data set once for all callers, and again after a failure", async () => {
    let opened = 0;
    const counting = dataResolver(async () => {
      opened++;
      if (opened === 1) throw new Error("the disk is gone");
      return data;
    });
    await expect(counting.open(data.source)).rejects.toThrow("the disk is gone");
    expect(await Promise.all([counting.open(data.source), counting.open(data.source)])).toEqual([data, data]);
    expect(opened).toBe(2);
  });

  it("continues for one caller when the caller that started the opening is interrupted", async () => {
    const first = new AbortController();
    const slow = dataResolver(async (_, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted === true) throw new InterruptedError("download", "Run it again");
      return data;
    });
    const both = [slow.open(data.source, first.signal), slow.open(data.source)];
    first.abort();
    const [stopped, other] = await Promise.allSettled(both);
    expect([stopped.status, other]).toEqual(["rejected", { status: "fulfilled", value: data }]);
  });

  it("keeps the four most recently used data sets", async () => {
    const sets = Array.from({ length: 5 }, (_, seed) => syntheticDataset(`spirals:points=4,testPoints=2,seed=${seed}`));
    const opened: string[] = [];
    const keeping = dataResolver(async ({ fingerprint }) => {
      opened.push(fingerprint);
      return sets.find((set) => set.fingerprint === fingerprint) as Dataset;
    });
    for (const number of [0, 1, 2, 3, 0, 4, 0, 1]) await keeping.open(sets[number].source);
    expect(opened).toEqual([0, 1, 2, 3, 4, 1].map((number) => sets[number].fingerprint));
  });
});
