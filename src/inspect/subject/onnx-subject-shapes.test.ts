// Open and fixed shapes of a file, and values in external files.
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { InvalidInputError } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { type ModelProto, TensorProtoSchema } from "../../onnx/file/generated/onnx_pb.js";
import { integers, type ModelCase, modelBytes, type NodeCase, numbers } from "../../onnx/model-cases.js";
import { inspectSubject } from "../inspect.js";
import { type OnnxSubjectOptions, onnxSubject } from "./onnx-subject.js";
import { lines, network, refusal, relu, source, subjectOf } from "./onnx-subject-cases.js";

describe("open dimensions", () => {
  const open = (inputs: ModelCase["inputs"]): ModelCase => ({
    inputs,
    outputs: ["y"],
    stored: { w: numbers([4, 3, 3, 3]) },
    nodes: [["Conv", ["x", "w"], ["y"]]],
  });
  const model = open({ x: ["N", 3, "height", "width"] });

  test("are requested by name if nothing determines them", () => {
    expect(refusal(() => subjectOf(model))).toMatchInlineSnapshot(
      `"InvalidInputError: net.onnx, input "x": the extent of axis 2 ("height") is open: expected static shapes, received [N, 3, height, width]. Give the shape of one example, for instance --input-shape 3x224x224, or --input-shape height=224"`,
    );
    expect(refusal(() => subjectOf(model, { inputShapes: { height: [9], hight: [9] } }))).toMatchInlineSnapshot(
      `"UnknownNameError: --input-shape: unknown input or dimension "hight". Did you mean "height"? Valid: x, N, height, width"`,
    );
    expect(refusal(() => subjectOf(model, { inputShapes: { x: [3, 9] } }))).toMatchInlineSnapshot(
      `"ShapeError: net.onnx, input "x": the given shape has another number of axes: expected [N, 3, height, width], with or without the first axis, received [3, 9]"`,
    );
    expect(refusal(() => subjectOf(model, { inputShapes: { "": [4, 9, 9] } }))).toMatchInlineSnapshot(
      `"ShapeError: net.onnx, input "x": the file fixes another size: expected [N, 3, height, width], received [1, 4, 9, 9]. Leave --input-shape out, or export the model with a dynamic axis there"`,
    );
    expect(refusal(() => subjectOf(model, { batchSize: 2, inputShapes: { x: [4, 3, 9, 9] } }))).toMatchInlineSnapshot(
      `"InvalidInputError: net.onnx, input "x": --input-shape and --batch disagree: expected 2 on the first axis, received 4. Give the shape of one example, without the batch"`,
    );
  });

  test.each<[string, OnnxSubjectOptions, readonly number[]]>([
    ["one example", { inputShapes: { "": [3, 9, 10] } }, [1, 3, 9, 10]],
    ["one example by name", { inputShapes: { x: [3, 9, 10] }, batchSize: 4 }, [4, 3, 9, 10]],
    ["the whole shape", { inputShapes: { x: [5, 3, 9, 10] } }, [5, 3, 9, 10]],
    ["dimensions by name", { inputShapes: { height: [9], width: [10] } }, [1, 3, 9, 10]],
    ["dimensions by place", { inputShapes: { "x[2]": [9], width: [10] } }, [1, 3, 9, 10]],
  ])("are given as %s", (_, options, shape) => {
    const subject = subjectOf(model, options);
    expect(subject.inputs[0].tensor.shape).toEqual(shape);
    expect(subject.batchSize).toBe(shape[0]);
  });

  test("with the same name have the same size, and the batch is the axis with its name", () => {
    const two: ModelCase = {
      inputs: { a: ["length", "batch", 4], b: ["length", "batch", 4] },
      outputs: ["y"],
      nodes: [["Add", ["a", "b"], ["y"]]],
    };
    const subject = subjectOf(two, { batchSize: 6, inputShapes: { length: [7] } });
    expect(subject.inputs.map(({ tensor }) => tensor.shape)).toEqual([
      [7, 6, 4],
      [7, 6, 4],
    ]);
    expect(refusal(() => subjectOf(two, { inputShapes: { a: [7, 1, 4], b: [8, 1, 4] } }))).toMatchInlineSnapshot(
      `"InvalidInputError: --input-shape for "b": the dimension "length" has two sizes: expected 7, as given elsewhere, received 8"`,
    );
  });
});

describe("a batch size that the file fixes", () => {
  const fixed: ModelCase = {
    inputs: { x: [2, 3, 4] },
    outputs: ["y"],
    stored: { shape: integers(2, 12), w: numbers([12, 5]) },
    nodes: [
      ["Reshape", ["x", "shape"], ["f"]],
      ["MatMul", ["f", "w"], ["y"]],
    ],
  };

  test("is used, or replaced if the shapes allow it", () => {
    expect(inspectSubject(subjectOf(fixed)).totals.macs).toBe(2 * 12 * 5);
    const subject = subjectOf(fixed, { batchSize: 7 });
    expect(subject.batchSize).toBe(7);
    expect(inspectSubject(subject).totals.macs).toBe(7 * 12 * 5);
  });

  test("is not replaced if an output does not depend on it", () => {
    const nodes: NodeCase[] = [
      ["Reshape", ["x", "flat"], ["f"]],
      ["Gather", ["f", "places"], ["g"]],
      ["MatMul", ["g", "w"], ["y"]],
    ];
    const strided = {
      flat: integers(-1),
      places: tensorFrom(
        "int64",
        [2, 12],
        Array.from({ length: 24 }, (_, i) => i),
      ),
    };
    const model = { ...fixed, stored: { ...fixed.stored, ...strided }, nodes };
    expect(inspectSubject(subjectOf(model)).totals.macs).toBe(2 * 12 * 5);
    expect(() => subjectOf(model, { batchSize: 4 })).toThrow(/does not fit 4: received output "y" of shape \[2, 5\]/);
  });

  test("is reported if it cannot be replaced", () => {
    const odd: ModelCase = {
      ...fixed,
      stored: { ...fixed.stored, b: numbers([2, 12]) },
      nodes: [["Reshape", ["x", "shape"], ["e"]], ["Add", ["e", "b"], ["f"]], fixed.nodes[1]],
    };
    expect(refusal(() => subjectOf(odd, { batchSize: 3 }))).toMatchInlineSnapshot(
      `"InvalidInputError: net.onnx: the model was exported for batches of 2 and does not fit 3: received Add: shapes do not broadcast: expected equal sizes, or 1, on every axis, counted from the last, received [3, 12] and [2, 12]. Leave --batch out, or export the model with a symbolic batch axis"`,
    );
  });
});

describe("values in files beside the model", () => {
  const outside = (proto: ModelProto): void => {
    for (const tensor of proto.graph!.initializer) {
      if (tensor.rawData.length < 100) continue;
      const entries = { location: "net.data", offset: "0", length: `${tensor.rawData.length}` };
      Object.assign(
        tensor,
        create(TensorProtoSchema, { name: tensor.name, dims: tensor.dims, dataType: tensor.dataType }),
      );
      tensor.rawData = new Uint8Array(0);
      tensor.externalData = Object.entries(entries).map(([key, value]) => ({
        $typeName: "onnx.StringStringEntryProto",
        key,
        value,
      }));
    }
  };
  const bytes = modelBytes(network(relu), outside);

  test("may be missing, and shapes, parameters and operations are still known", () => {
    const missing = (): never => {
      throw new InvalidInputError("no such file", { where: "net.data" });
    };
    const subject = onnxSubject({ ...source(bytes), readBeside: missing }, "net.onnx");
    expect(lines(subject)).toEqual(lines(subjectOf(network(relu))));
    expect(subject.remarks).toMatchInlineSnapshot(`
      [
        "net.onnx: values are in "net.data", which is missing or too short: only shapes were analyzed, and every stored tensor that could be a weight counts as one",
      ]
    `);
  });

  test("are read a few bytes at a time", () => {
    let read = 0;
    const readBeside = (_: string, __: number, length: number): Uint8Array => {
      read += length;
      return new Uint8Array(length);
    };
    const subject = onnxSubject({ ...source(bytes), readBeside }, "net.onnx");
    expect(subject.remarks).toEqual([]);
    expect(inspectSubject(subject).totals.parameters).toBe(490);
    expect(read).toBeLessThan(4000);
  });
});
