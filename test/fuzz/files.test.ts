// Every reader turns random and damaged files into a value or a TrainscopeError, in memory proportional to the file.
//
// The seed is fixed, and a failure prints the shrunk damage. series.ts explains how to run more cases or other seeds.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelProtoSchema } from "../../src/onnx/file/generated/onnx_pb.js";
import { type Damage, damagedBytes, damages, damageTree } from "./mutations.js";
import { checkReading, type FuzzTarget } from "./reading.js";
import { runs, seed, timeout } from "./series.js";
import { fuzzTargets } from "./targets.js";

const choice = fc.nat({ max: 0xffff });

describe.each(fuzzTargets)("$name", (target: FuzzTarget) => {
  const { files, refusedAtLeast = 0.25, isRefused = false } = target;

  it(isRefused ? "refuses its own files" : "reads its own files", () => {
    for (const file of files) expect(checkReading(target, file)).toBe(isRefused ? "refused" : "read");
  });

  it(
    "takes random bytes, also behind a valid start",
    () => {
      const property = fc.property(
        choice,
        fc.nat({ max: 64 }),
        fc.uint8Array({ maxLength: 200 }),
        (which, start, noise) => {
          const file = files[which % files.length];
          checkReading(target, new Uint8Array(Buffer.concat([file.subarray(0, which % 2 === 0 ? 0 : start), noise])));
        },
      );
      fc.assert(property, { seed, numRuns: runs(300) });
    },
    timeout,
  );

  it(
    "takes damaged files",
    () => {
      let refused = 0;
      const property = fc.property(choice, choice, damages, (which, second, list: Damage[]) => {
        const bytes = damagedBytes(files[which % files.length], list, files[second % files.length]);
        if (checkReading(target, bytes) === "refused") refused++;
      });
      fc.assert(property, { seed, numRuns: runs(2000) });
      expect(refused).toBeGreaterThan(refusedAtLeast * runs(2000));
    },
    timeout,
  );
});

describe.each(fuzzTargets.filter(({ name }) => name === "ONNX" || name === "ONNX, accounted"))(
  "$name, damaged inside",
  (target) => {
    it(
      "takes models with hostile names, numbers, cycles and missing parts",
      () => {
        let [written, read] = [0, 0];
        const property = fc.property(choice, damages, (which, list: Damage[]) => {
          const model = fromBinary(ModelProtoSchema, target.files[which % target.files.length]);
          damageTree(model, list);
          const bytes = encoded(model);
          if (bytes === undefined) return;
          written++;
          if (checkReading(target, bytes) === "read") read++;
        });
        fc.assert(property, { seed, numRuns: runs(4000) });
        // The damage must be fine enough for some files to pass the first check.
        expect(written).toBeGreaterThan(runs(2000));
        expect(read).toBeGreaterThan(runs(200));
      },
      timeout,
    );

    it("handles nested graphs of any depth that a file can hold", () => {
      for (const depth of [1, 15, 17, 100, 3000]) {
        let bytes = new Uint8Array(0);
        // ModelProto.graph = 7, GraphProto.node = 1, NodeProto.attribute = 5, AttributeProto.g = 6.
        for (let level = 0; level < depth; level++) bytes = field(1, field(5, field(6, bytes)));
        checkReading(target, field(7, bytes));
        const types = Array.from({ length: depth }).reduce<Uint8Array>((inner) => field(4, field(1, inner)), bytes);
        checkReading(target, field(7, field(11, field(2, types))));
      }
    });
  },
);

function encoded(model: object): Uint8Array | undefined {
  try {
    return toBinary(ModelProtoSchema, create(ModelProtoSchema, model as object));
  } catch {
    // No file can hold numbers beyond the range of their field, or invalid text.
    return undefined;
  }
}

/** A length-delimited field of protobuf. */
function field(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) break;
  }
  return new Uint8Array(Buffer.concat([Uint8Array.of(number * 8 + 2, ...length), content]));
}
