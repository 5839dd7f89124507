// Receptive fields of recurrent layers in files, and effective fields in such files.
import { describe, expect, test } from "vitest";
import { type ModelCase, type NodeCase, numbers } from "../../onnx/model-cases.js";
import { inspectSubject } from "../inspect.js";
import { subjectOf } from "../subject/onnx-subject-cases.js";
import { type EffectiveFieldOptions, effectiveField } from "./effective-field.js";
import { referenceSession } from "./graph-session.js";

const [length, filters, units] = [24, 4, 3];

/** A 1-D window whose positions become the steps of a recurrent layer. */
function recurrentModel(
  operator: string,
  gates: number,
  direction: "forward" | "reverse" | "bidirectional",
): ModelCase {
  const directions = direction === "bidirectional" ? 2 : 1;
  const nodes: NodeCase[] = [
    ["Conv", ["x", "conv.weight"], ["a"], { pads: [1, 1] }],
    ["Transpose", ["a"], ["t"], { perm: [2, 0, 1] }],
    [operator, ["t", "w", "r"], ["y", "last"], { hidden_size: units, direction }],
    ["Relu", ["y"], ["z"]],
    ["Relu", ["last"], ["end"]],
  ];
  return {
    inputs: { x: [1, 2, length] },
    outputs: ["z", "end"],
    stored: {
      "conv.weight": numbers([filters, 2, 3]),
      w: numbers([directions, gates * units, filters]),
      r: numbers([directions, gates * units, units]),
    },
    nodes,
  };
}

describe.each([
  ["LSTM", 4],
  ["GRU", 3],
  ["RNN", 1],
] as const)("%s", (operator, gates) => {
  const fields = (direction: "forward" | "reverse" | "bidirectional") =>
    inspectSubject(subjectOf(recurrentModel(operator, gates, direction))).layers.map(
      ({ receptiveField }) => receptiveField,
    );

  test.each(["forward", "reverse"] as const)(
    "%s: every step sees others than its own, the last state all",
    (direction) => {
      const [convolution, turned, recurrent, behind, last] = fields(direction);
      for (const field of [convolution, turned]) expect(field).toMatchObject({ size: [3], seesAll: false });
      for (const field of [recurrent, behind]) expect(field).toMatchObject({ size: [3], stride: [1], seesAll: true });
      expect(last).toBe("all");
    },
  );

  test("every step of a bidirectional layer sees the whole input", () => {
    expect(fields("bidirectional").slice(2)).toEqual(["all", "all", "all"]);
  });
});

describe("the effective field", () => {
  const measure = (options: EffectiveFieldOptions) =>
    effectiveField(subjectOf(recurrentModel("LSTM", 4, "forward")), { examples: 1, ...options }, referenceSession);

  test("is by default that of the last layer before a recurrent one, with positions on its first axis", async () => {
    const field = await measure({});
    expect(field).toMatchObject({ layer: "Transpose", unit: [12, null, null], theory: [[11, 13]], inside: 1 });
    expect(field.map.flatMap((share, pixel) => (share > 0 ? [pixel] : []))).toEqual([11, 12, 13]);
  });

  test("of layers that are analyzed but not executed is refused", async () => {
    await expect(measure({ layer: "LSTM" })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: effective receptive field of net.onnx, layer LSTM: recurrent layers of files are accounted for, but not executed: expected a layer that does not depend on a recurrent one, received LSTM. The last such layer is Transpose]`,
    );
    await expect(measure({ layer: "Relu" })).rejects.toThrow(
      "recurrent layers of files are accounted for, but not executed",
    );
  });
});
