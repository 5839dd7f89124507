// Models with external values, and files that a model must not reach.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, expect, test } from "vitest";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { constant, input } from "../graph/build.js";
import { graph } from "../graph/graph.js";
import { mul } from "../graph/ops/elementwise/arithmetic.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { ndFill } from "../graph/reference/nd-array.js";
import { ModelProtoSchema, StringStringEntryProtoSchema } from "../onnx/file/generated/onnx_pb.js";
import { readOnnx } from "../onnx/read.js";
import { writeOnnx } from "../onnx/write.js";
import { readModelFile } from "./model-file.js";

const folder = mkdtempSync(join(tmpdir(), "model-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** `y = x * [1, 2, 3]` with the numbers at byte 8 of another file. */
function modelWith(entries: Record<string, string>): string {
  const x = input("x", "float32", [3]);
  const model = fromBinary(
    ModelProtoSchema,
    writeOnnx(graph([x], { y: mul(x, constant(tensorFrom("float32", [3], [1, 2, 3]))) })),
  );
  const [tensor] = model.graph!.initializer;
  tensor.rawData = new Uint8Array(0);
  tensor.dataLocation = 1;
  tensor.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  const path = join(folder, "model.onnx");
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  writeFileSync(join(folder, "weights.bin"), Buffer.from(new Float32Array([0, 0, 4, 5, 6, 0]).buffer));
  return path;
}

async function read(entries: Record<string, string>) {
  const { bytes, readExternal } = await readModelFile(modelWith(entries));
  return readOnnx(bytes, "model.onnx", { readExternal });
}

test("values are read from the file beside the model", async () => {
  const model = await read({ location: "weights.bin", offset: "8", length: "12" });
  expect([...evaluateGraph(model, [ndFill("float32", [3], () => 1)])[0].data]).toEqual([4, 5, 6]);
});

test("a model can reach only files beside it", async () => {
  symlinkSync("/etc/hostname", join(folder, "link.bin"));
  mkdirSync(join(folder, "folder"));
  const refusals: [Record<string, string>, RegExp][] = [
    [{ location: "../weights.bin" }, /may not refer to/],
    [{ location: "/etc/hostname" }, /may not refer to/],
    [{ location: "a\\b" }, /may not refer to/],
    [{ location: "link.bin" }, /leads out of the model.s folder/],
    [{ location: "a".repeat(5000) }, /may not refer to.*received "a{120}.{0,9}$/],
    [{ location: "folder" }, /folder: is a folder: expected a file beside the model/],
    [{ location: "absent.bin" }, /absent\.bin: no such file/],
    [{ location: "weights.bin", offset: "16" }, /beyond the end of the file/],
    [{ location: "weights.bin", offset: "-4" }, /impossible offset/],
    [{ location: "weights.bin", offset: "99999999999999999999" }, /impossible offset/],
    [{ location: "weights.bin", length: "8" }, /expected 12 bytes, received 8/],
  ];
  for (const [entries, message] of refusals)
    await expect(read(entries), JSON.stringify(entries)).rejects.toThrow(message);
});

test("paths that are not files are refused with the reason", async () => {
  await expect(readModelFile(folder)).rejects.toThrow(/is a folder/);
  await expect(readModelFile(join(folder, "none.onnx"))).rejects.toThrow(/no such file/);
});
