// Users' own data: choice, conversion and held-out examples, and one sentence for every error.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { writeSafetensors } from "../../core/formats/safetensors.js";
import { type TensorData, tensorFrom, toNumbers } from "../../core/numbers/tensor-data.js";
import { writeNpy } from "../../data/formats/npy.js";
import { writeNpz } from "../../data/formats/npz.js";
import { isDataPath, loadUserData, type UserDataOptions } from "./user-data.js";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "trainscope-user-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const x = tensorFrom("float32", [4, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
const y = tensorFrom("int64", [4], [0, 2, 1, 0]);

function npz(name: string, arrays: Readonly<Record<string, TensorData>>): string {
  const path = join(root, name);
  writeFileSync(path, writeNpz(Object.entries(arrays)));
  return path;
}

async function refusal(path: string, options: UserDataOptions = {}): Promise<string> {
  try {
    await loadUserData(path, options);
  } catch (error) {
    if (error instanceof TrainscopeError) return `${error.exitCode} ${error.message.replaceAll(root, "@")}`;
    throw error;
  }
  return "no error";
}

describe("arrays of a user", () => {
  it("are chosen by their usual names and keep their type, with integer targets as classes", async () => {
    const data = await loadUserData(npz("a.npz", { y, extra: x, x }));
    expect(data).toMatchObject({
      id: "a.npz@2dd4001a",
      title: "a.npz@2dd4001a",
      isSample: false,
      inputName: "x",
      inputShape: [2],
    });
    expect([data.train.inputs, data.scaling, data.test]).toEqual([x, "raw", undefined]);
    expect(data.train.targets).toEqual(tensorFrom("int32", [4], [0, 2, 1, 0]));
    // Columns 0 2 4 6 and 1 3 5 7.
    expect(data.normalization).toEqual({ scale: 1, mean: [3, 4], deviation: [Math.sqrt(5), Math.sqrt(5)] });
  });

  it("can be chosen by name, with several inputs in the given order", async () => {
    const ids = tensorFrom("int64", [4, 1], [9, 8, 7, 6]);
    const path = npz("many.npz", { a: x, ids, t: tensorFrom("float64", [4, 1], [0.5, 1, 1.5, 2]) });
    const data = await loadUserData(path, { inputs: ["ids", "a"], targets: ["t"] });
    expect(data.train).toEqual({
      inputs: ids,
      moreInputs: new Map([["a", x]]),
      targets: tensorFrom("float32", [4, 1], [0.5, 1, 1.5, 2]),
    });
    expect([data.inputName, data.normalization]).toEqual(["ids", undefined]);
  });

  it("are converted for the loss: whole floats to classes, integers and booleans to values", async () => {
    const whole = npz("whole.npz", {
      x: tensorFrom("float64", [3], [1, 2, 3]),
      y: tensorFrom("float32", [3, 1], [2, 0, 1]),
    });
    expect((await loadUserData(whole, { targetKind: "class" })).train.targets).toEqual(
      tensorFrom("int32", [3], [2, 0, 1]),
    );
    const asValues = await loadUserData(whole);
    expect(asValues.train.targets.dtype).toBe("float32");
    expect(asValues.train.inputs).toEqual(tensorFrom("float32", [3], [1, 2, 3]));
    const flags = npz("flags.npz", { x, y: tensorFrom("bool", [4], [0, 1, 1, 0]) });
    expect((await loadUserData(flags, { targetKind: "value" })).train.targets).toEqual(
      tensorFrom("float32", [4], [0, 1, 1, 0]),
    );
    expect((await loadUserData(flags)).train.targets).toEqual(tensorFrom("int32", [4], [0, 1, 1, 0]));
  });

  it("have held-out examples from another file, from other arrays, or from the last rows", async () => {
    const path = npz("train.npz", {
      x,
      y,
      x_test: tensorFrom("float32", [1, 2], [8, 9]),
      y_test: tensorFrom("int32", [1], [1]),
    });
    const test = npz("test.npz", { x: tensorFrom("float64", [1, 2], [8, 9]), y: tensorFrom("uint8", [1], [1]) });
    const named = await loadUserData(path, { testInputs: ["x_test"], testTargets: ["y_test"] });
    const other = await loadUserData(path, { test });
    expect(named.test).toEqual(other.test);
    expect(named.fingerprint).toBe(other.fingerprint);
    const last = await loadUserData(path, { validationSplit: 0.25 });
    expect([toNumbers(last.train.inputs), toNumbers(last.validation!.inputs)]).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7],
    ]);
    expect([toNumbers(last.train.targets), toNumbers(last.validation!.targets)]).toEqual([[0, 2, 1], [0]]);
    expect(last.normalization?.mean).toEqual([2, 3]);
    expect(last.fingerprint).not.toBe(named.fingerprint);
    const three = await loadUserData(path, { validationSplit: 0.25, test });
    expect([three.train, three.validation, three.test]).toEqual([last.train, last.validation, other.test]);
    expect(new Set([three, last, other].map(({ fingerprint }) => fingerprint)).size).toBe(3);
  });

  it("are named after their folder and fingerprint, so that two folders `data` have different names", async () => {
    const targets = [y, tensorFrom("int64", [4], [0, 2, 1, 1])];
    for (const [i, tensor] of targets.entries()) {
      const folder = join(root, `study-${i}`, "data");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "x.npy"), writeNpy(x));
      writeFileSync(join(folder, "y.npy"), writeNpy(tensor));
    }
    const [first, second] = await Promise.all(["study-0", "study-1"].map((at) => loadUserData(join(root, at, "data"))));
    expect(first.id).toBe(`data@${first.fingerprint.slice(0, 8)}`);
    expect(first.source).toEqual({ kind: "local", name: first.id, fingerprint: first.fingerprint });
    expect(second.id).not.toBe(first.id);
  });

  it("are equal from .npz, .npy, a folder of .npy and .safetensors; one changed bit changes the fingerprint", async () => {
    mkdirSync(join(root, "folder"));
    for (const [name, tensor] of Object.entries({ x, y }))
      writeFileSync(join(root, "folder", `${name}.npy`), writeNpy(tensor));
    writeFileSync(join(root, "t.safetensors"), writeSafetensors(Object.entries({ inputs: x, targets: y })));
    const fromNpz = await loadUserData(npz("same.npz", { x, y }));
    const others = [
      await loadUserData(join(root, "folder")),
      await loadUserData(join(root, "folder", "x.npy")),
      await loadUserData(join(root, "folder", "x.npy"), { targets: [join(root, "folder", "y.npy")] }),
      await loadUserData(join(root, "t.safetensors")),
    ];
    for (const other of others) {
      expect([other.train, other.fingerprint]).toEqual([fromNpz.train, fromNpz.fingerprint]);
    }
    const changed = { ...x, data: Float32Array.from(x.data as Float32Array, (v, i) => (i === 7 ? v + 2 ** -20 : v)) };
    expect((await loadUserData(npz("changed.npz", { x: changed, y }))).fingerprint).not.toBe(fromNpz.fingerprint);
  });

  it("are refused with one sentence", async () => {
    const many = npz("m.npz", { a: x, b: x, c: y });
    const nan = tensorFrom("float32", [2, 2, 2], [0, 1, 2, 3, 4, 5, Number.NaN, 7]);
    const messages = [
      await refusal(join(root, "nowhere.npz")),
      await refusal(`${root}/folder/x.txt`),
      await refusal(many),
      await refusal(many, { targets: ["c"] }),
      await refusal(many, { targets: ["d"], inputs: ["a"] }),
      await refusal(many, { targets: ["a", "b"], inputs: ["c"] }),
      await refusal(many, { targets: ["a"], inputs: ["a"] }),
      await refusal(npz("rows.npz", { x, y: tensorFrom("int32", [3], [0, 1, 2]) })),
      await refusal(npz("none.npz", { x: tensorFrom("float32", [0, 2], []), y: tensorFrom("int32", [0], []) })),
      await refusal(npz("empty.npz", { x: tensorFrom("float32", [2, 0], []), y: tensorFrom("int32", [2], [0, 1]) })),
      await refusal(npz("scalar.npz", { x: tensorFrom("float32", [], [1]), y: tensorFrom("int32", [], [1]) })),
      await refusal(npz("nan.npz", { x: nan, y: tensorFrom("int32", [2], [0, 1]) })),
      await refusal(
        npz("huge.npz", { x: tensorFrom("float64", [2], [1, 1e300]), y: tensorFrom("int32", [2], [0, 1]) }),
      ),
      await refusal(npz("ynan.npz", { x, y: tensorFrom("float64", [4], [1, 2, Number.POSITIVE_INFINITY, 0]) })),
      await refusal(npz("half.npz", { x, y: tensorFrom("float32", [4], [1, 0.5, 2, 0]) }), { targetKind: "class" }),
      await refusal(npz("negative.npz", { x, y: tensorFrom("int64", [4], [0, 1, 2, -1]) })),
      await refusal(npz("ok.npz", { x, y }), { validationSplit: 0.01 }),
      await refusal(join(root, "ok.npz"), { validationSplit: 1 }),
      await refusal(join(root, "ok.npz"), { testInputs: ["x"] }),
      await refusal(join(root, "ok.npz"), { test: join(root, "nowhere.npz") }),
      await refusal(join(root, "ok.npz"), {
        test: npz("wide.npz", { x: tensorFrom("float32", [1, 3], [1, 2, 3]), y: tensorFrom("int32", [1], [0]) }),
      }),
    ];
    expect(messages).toMatchInlineSnapshot(`
      [
        "3 @/nowhere.npz: no such file or folder. Check the path",
        "3 @/folder/x.txt: no such file or folder. Check the path",
        "2 @/m.npz: several arrays could be meant: expected the name of one with --targets, received a, b, c",
        "2 @/m.npz: several arrays could be meant: expected the name of one with --inputs, received a, b",
        "2 @/m.npz: unknown array "d". Valid: a, b, c",
        "2 --targets: targets are one array: expected one name, received a, b",
        "2 --inputs, --targets: array "a" is named twice",
        "2 @/rows.npz > y: arrays differ in the number of rows: expected 4, as x, received 3. Row i of every array belongs to example i",
        "2 @/none.npz > x: no rows: expected at least one example",
        "2 @/empty.npz > x: rows without elements: received [2, 0]",
        "2 @/scalar.npz > x: a single number: expected an array with one row an example",
        "2 @/nan.npz > x, row 1, element [1, 0]: not a finite number: expected finite numbers, received NaN. Remove such examples, or replace such numbers",
        "2 @/huge.npz > x, row 1: number too large for float32: expected finite numbers, received 1e+300. Remove such examples, or replace such numbers",
        "2 @/ynan.npz > y, row 2: not a finite number: expected finite numbers, received Infinity. Remove such examples, or replace such numbers",
        "2 @/half.npz > y, row 1: not a class number: expected whole numbers from 0, which this loss needs, received 0.5. For values use --loss mean-squared-error",
        "2 @/negative.npz > y, row 3: not a class number: expected whole numbers from 0, which this loss needs, received -1. Number the classes from 0",
        "2 @/ok.npz (--validation-split): a split without rows: expected at least one row on both sides, received 0 of 4 held out",
        "2 --validation-split: not a share: expected a number above 0 and below 1, received 1",
        "2 --test-inputs: half of the held-out examples: expected --test-inputs and --test-targets together, or a file with --test, received one of them",
        "3 @/nowhere.npz: no such file or folder. Check the path",
        "2 @/wide.npz > x: held-out examples differ from those for training: expected float32 [rows, 2], as in @/ok.npz, received float32 [rows, 3]",
      ]
    `);
  });

  it("come from a table, with sorted class names that the held-out table shares", async () => {
    writeFileSync(join(root, "t.csv"), "a,b,kind\n1,2,dog\n3,4,cat\n5,6,dog\n");
    writeFileSync(join(root, "t2.csv"), "kind,b,a\ncat,8,7\n");
    const data = await loadUserData(join(root, "t.csv"), { targets: ["kind"], test: join(root, "t2.csv") });
    expect([data.classes, data.scaling, data.inputShape]).toEqual([["cat", "dog"], "raw", [2]]);
    expect(toNumbers(data.train.targets)).toEqual([1, 0, 1]);
    expect([toNumbers(data.test!.inputs), toNumbers(data.test!.targets)]).toEqual([[8, 7], [0]]);
    writeFileSync(join(root, "t3.csv"), "a,b,kind\n1,2,bird\n");
    expect([
      await refusal(join(root, "t.csv"), { targets: ["kind"], test: join(root, "t3.csv") }),
      await refusal(join(root, "t.csv"), { targets: ["kind"], targetKind: "value" }),
    ]).toEqual([
      "2 @/t3.csv > kind, row 0: class that training never sees: expected cat, dog, received bird",
      '2 @/t.csv > kind: texts are no values: expected numbers, which this loss needs, received "dog". For classes use --loss cross-entropy',
    ]);
  });

  it("come from folders of images, one per class; held-out images are in other folders or the last of each class", async () => {
    const put = (path: string, values: readonly number[], width = 2) => {
      mkdirSync(join(root, path, ".."), { recursive: true });
      const height = values.length / width;
      writeFileSync(join(root, path), encode({ width, height, data: Uint8Array.from(values), channels: 1, depth: 8 }));
    };
    for (const [i, name] of ["cat/1", "cat/2", "dog/1", "dog/2"].entries()) {
      put(`flat/${name}.png`, [i, i + 1, i + 2, i + 3]);
      put(`split/train/${name}.PNG`, [i, i + 1, i + 2, i + 3]);
    }
    put("split/val/dog/9.png", [9, 9, 9, 9]);
    writeFileSync(join(root, "flat", "dog", ".hidden"), "");
    const flat = await loadUserData(join(root, "flat"), { validationSplit: 0.5 });
    expect([flat.classes, flat.inputShape, flat.scaling]).toEqual([["cat", "dog"], [1, 2, 2], "standardize"]);
    expect(toNumbers(flat.train.targets)).toEqual([0, 1]);
    expect(toNumbers(flat.validation!.inputs)).toEqual([1, 2, 3, 4, 3, 4, 5, 6]);
    const split = await loadUserData(join(root, "split"));
    expect([toNumbers(split.train.targets), toNumbers(split.validation!.targets)]).toEqual([[0, 0, 1, 1], [1]]);
    expect([split.normalization?.mean[0], split.test]).toEqual([expect.closeTo(3 / 255, 12), undefined]);
    put("split/test/cat/9.png", [8, 8, 8, 8]);
    const three = await loadUserData(join(root, "split"));
    expect([three.train, three.validation]).toEqual([split.train, split.validation]);
    expect([toNumbers(three.test!.inputs), toNumbers(three.test!.targets)]).toEqual([[8, 8, 8, 8], [0]]);
    expect(await refusal(join(root, "split"), { validationSplit: 0.5 })).toBe(
      "2 --validation-split: held-out examples are given twice: expected either a share of the rows or examples of their own, received both",
    );
    expect((await loadUserData(join(root, "flat"), { imageSize: { height: 1, width: 1 } })).train.inputs.shape).toEqual(
      [4, 1, 1, 1],
    );
    put("odd/a/1.png", [1, 2, 3, 4]);
    put("odd/a/2.png", [1, 2, 3, 4], 1);
    mkdirSync(join(root, "hollow", "a"), { recursive: true });
    mkdirSync(join(root, "texts", "a"), { recursive: true });
    writeFileSync(join(root, "texts", "a", "1.png"), "no picture");
    writeFileSync(join(root, "texts", "a", "2.txt"), "no picture");
    const messages = [await refusal(join(root, "odd")), await refusal(join(root, "hollow"))];
    messages.push(await refusal(join(root, "texts")));
    rmSync(join(root, "texts", "a", "2.txt"));
    messages.push(await refusal(join(root, "texts")), await refusal(join(root, "texts", "a")));
    expect(messages).toMatchInlineSnapshot(`
      [
        "2 @/odd/a/2.png: pictures differ in size: expected 2 x 2 (height x width), as @/odd/a/1.png, received 4 x 1. Give the size that all of them shall have: --image-size 2x2",
        "2 @/hollow/a: a class without pictures: expected files that end in .png, .jpg, .jpeg",
        "2 @/texts/a/2.txt: not a picture: expected files that end in .png, .jpg, .jpeg",
        "2 @/texts/a/1.png: neither PNG nor JPEG. The file is damaged or of another kind: write it again, or leave it out",
        "2 @/texts/a: not a folder of pictures: expected one folder for each class, named for it, received the file 1.png",
      ]
    `);
  });

  it("have paths that differ in form from the names of data sets", () => {
    expect(["mnist", "fashion-mnist", "data.npz", "./mnist", "a/b", "DATA.NPY"].map(isDataPath)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });
});
