// Rows that stay on disk train as those in memory do: same losses, same weights, bit for bit.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TrainscopeError } from "../../src/core/errors.js";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { randomStream } from "../../src/core/random/rng.js";
import type { Dataset } from "../../src/data/dataset.js";
import { writeNpy } from "../../src/data/formats/npy.js";
import { loadUserData, type UserDataOptions } from "../../src/node/data/user-data.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { Runtime } from "../../src/train/runtime/runtime.js";
import { bitsOf, finish, patches, trialSpec } from "../support/small-trials.js";

let root: string;
const runtime = nodeRuntime();
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "trainscope-stream-"));
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await runtime.dispose();
});

/** A runtime that notes the largest tensor that it is asked to hold. */
function watched(): { runtime: Runtime; largest: () => number } {
  let largest = 0;
  const put: Runtime["put"] = (key, tensor) => {
    largest = Math.max(largest, tensor.data.byteLength);
    return runtime.put(key, tensor);
  };
  return { runtime: { ...runtime, put }, largest: () => largest };
}

async function outcome(data: Dataset) {
  const watch = watched();
  const spec = trialSpec(data, {
    epochs: 3,
    data: { source: { kind: "local", name: "stream", fingerprint: "same" }, scaling: "raw" },
  });
  const finished = await finish({ spec, data, runtime: watch.runtime, threads: 1 });
  return { ...bitsOf(finished), largest: watch.largest() };
}

test.each(["uint8", "float64"] as const)("a training on %s rows from the disk equals one in memory", async (dtype) => {
  const { train } = patches(200);
  const [x, y] = [join(root, `${dtype}-x.npy`), join(root, `${dtype}-y.npy`)];
  const values = Array.from(train.inputs.data as Uint8Array, (value) => (dtype === "uint8" ? value : value / 7));
  writeFileSync(x, writeNpy(tensorFrom(dtype, train.inputs.shape, values)));
  writeFileSync(y, writeNpy(train.targets));
  const options: UserDataOptions = { targets: [y], validationSplit: 0.2, targetKind: "class" };
  const [resident, streamed] = [
    await loadUserData(x, options),
    await loadUserData(x, { ...options, residentLimit: 0 }),
  ];
  expect([resident.train.source, streamed.train.source?.shape, streamed.train.inputs.shape]).toEqual([
    undefined,
    [160, 1, 12, 12],
    [0, 1, 12, 12],
  ]);
  const [inMemory, onDisk] = [await outcome(resident), await outcome(streamed)];
  expect(onDisk.losses).toEqual(inMemory.losses);
  expect(onDisk.evaluations).toEqual(inMemory.evaluations);
  expect(onDisk.tensors).toEqual(inMemory.tensors);
  expect(inMemory.losses.length).toBe(30);
  // The images are the largest of what a resident training holds, and no part of what a streamed one does.
  expect(inMemory.largest).toBe(160 * 144 * (dtype === "uint8" ? 1 : 4));
  expect(onDisk.largest).toBeLessThan(inMemory.largest);
});

test("rows come in any order, in one read where they are near, and far ones by themselves", async () => {
  const stream = randomStream(1, "rows");
  const shape = [500, 700];
  const tensor = tensorFrom(
    "float32",
    shape,
    Array.from({ length: 350_000 }, (_, i) => stream.uniform(i)),
  );
  const path = join(root, "rows.npy");
  writeFileSync(path, writeNpy(tensor));
  const targets = join(root, "rows-y.npy");
  writeFileSync(targets, writeNpy(tensorFrom("int32", [500], new Array(500).fill(1))));
  const { train } = await loadUserData(path, { targets: [targets], residentLimit: 0 });
  const rows = Int32Array.of(499, 3, 4, 3, 0, 250, 251, 7);
  const expected = [...rows].flatMap((row) => [...tensor.data.slice(row * 700, (row + 1) * 700)]);
  expect(await train.source?.read(rows)).toEqual(tensorFrom("float32", [8, 700], expected as number[]));
});

test("what is wrong with rows on the disk is said before a training starts", async () => {
  const messageOf = async (bytes: Uint8Array): Promise<string> => {
    const path = join(root, "wrong.npy");
    writeFileSync(path, bytes);
    writeFileSync(join(root, "two.npy"), writeNpy(tensorFrom("int32", [2], [0, 1])));
    try {
      await loadUserData(path, { targets: [join(root, "two.npy")], residentLimit: 0 });
    } catch (error) {
      if (error instanceof TrainscopeError) return `${error.exitCode} ${error.message.replaceAll(root, "@")}`;
      throw error;
    }
    return "no error";
  };
  const good = writeNpy(tensorFrom("float32", [2, 2], [1, 2, 3, 4]));
  const fortran = Uint8Array.from(
    Buffer.from(Buffer.from(good).toString("latin1").replace("False", "True "), "latin1"),
  );
  expect([
    await messageOf(good.subarray(0, good.length - 1)),
    await messageOf(fortran),
    await messageOf(writeNpy(tensorFrom("float32", [2, 2], [1, 2, Number.NaN, 4]))),
    await messageOf(writeNpy(tensorFrom("float32", [0, 2], []))),
    await messageOf(writeNpy(tensorFrom("float32", [3, 2], [1, 2, 3, 4, 5, 6]))),
    await messageOf(good),
  ]).toMatchInlineSnapshot(`
    [
      "2 @/wrong.npy: truncated .npy file: expected 16 bytes for [2, 2] of float32, received 15. The file is damaged or of another kind: write it again with numpy.save",
      "2 @/wrong.npy: an array that is read by rows cannot be in Fortran order. Save it with numpy.save(file, numpy.ascontiguousarray(array))",
      "2 @/wrong.npy, row 1, element 0: not a finite number: expected finite numbers, received NaN. Remove such examples, or replace such numbers",
      "2 @/wrong.npy: no rows: expected at least one example",
      "2 @ > @/two.npy: arrays differ in the number of rows: expected 3, as wrong, received 2. Row i of every array belongs to example i",
      "no error",
    ]
  `);
});
