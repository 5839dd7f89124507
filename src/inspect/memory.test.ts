// Activations that training keeps, for models that return classes, masks or both.
import { expect, test } from "vitest";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { integers, type NodeCase, numbers } from "../onnx/model-cases.js";
import { inspectSubject } from "./inspect.js";
import { subjectOf } from "./subject/onnx-subject-cases.js";

const stored = { w: numbers([6, 3, 3, 3]), v: numbers([4, 6, 1, 1]), u: numbers([2, 6, 1, 1]) };
const trunk: NodeCase[] = [
  ["Conv", ["x", "w"], ["a"], { pads: [1, 1, 1, 1] }],
  ["Relu", ["a"], ["b"]],
];
const classes: NodeCase[] = [["Conv", ["b", "v"], ["c"]]];
const savedOf = (nodes: NodeCase[], outputs: string[]) =>
  inspectSubject(subjectOf({ inputs: { x: [1, 3, 8, 8] }, outputs, stored, nodes: [...trunk, ...nodes] })).memory
    .training.savedActivations;

// The inputs of both convolutions; that of the second is the output of the ReLU.
const ofLogits = 4 * (3 + 6) * 64;

test("a model that returns classes is trained on the logits before them", () => {
  const argMax: NodeCase = ["ArgMax", ["c"], ["y"], { axis: 1 }];
  expect(savedOf(classes, ["c"])).toBe(ofLogits);
  expect(savedOf([...classes, argMax], ["y"])).toBe(ofLogits);
  expect(savedOf([...classes, argMax, ["Cast", ["y"], ["z"], { to: 1 }]], ["z"])).toBe(ofLogits);
});

test("a branch with an integer result counts along with a branch of floats", () => {
  const other: NodeCase[] = [
    ["Conv", ["b", "u"], ["d"]],
    ["Sigmoid", ["d"], ["e"]],
    ["Conv", ["e", "t"], ["f"]],
    ["ArgMax", ["f"], ["g"], { axis: 1 }],
  ];
  const model = {
    inputs: { x: [1, 3, 8, 8] },
    stored: { ...stored, t: numbers([2, 2, 1, 1]) },
    nodes: [...trunk, ...classes, ...other],
  };
  const saved = (outputs: string[]) =>
    inspectSubject(subjectOf({ ...model, outputs })).memory.training.savedActivations;
  // The output of the sigmoid, for its own gradient and for the next convolution.
  expect(saved(["c", "g"])).toBe(ofLogits + 4 * 2 * 64);
  expect(saved(["c", "f"])).toBe(saved(["c", "g"]));
  expect(saved(["g"])).toBe(ofLogits + 4 * 2 * 64);
});

test("integers that do not depend on parameters take no memory", () => {
  expect(savedOf([["Shape", ["b"], ["y"]], ...classes], ["y", "c"])).toBe(ofLogits);
  expect(savedOf([["ArgMax", ["x"], ["y"], { axis: 1 }]], ["y"])).toBe(0);
});

test.each([
  ["Resize", ["b", "", "scales"], { mode: "linear" }],
  ["Pad", ["b", "pads"], { mode: "reflect" }],
] as const)(
  "the gradient of %s along an axis of enormous extent is not listed: all activations count",
  (operator, inputs, attrs) => {
    const extent = 2 ** 27;
    const nodes: NodeCase[] = [
      ["Conv", ["x", "k"], ["a"]],
      ["Relu", ["a"], ["b"]],
      [operator, inputs, ["c"], attrs],
    ];
    const constants = { scales: tensorFrom("float32", [3], [1, 1, 2]), pads: integers(0, 0, 1, 0, 0, 1) };
    const model = {
      inputs: { x: [1, 1, extent] },
      outputs: ["c"],
      stored: { k: numbers([2, 1, 1]), ...constants },
      nodes,
    };
    const { memory, unknown } = inspectSubject(subjectOf(model));
    expect(unknown).toEqual([]);
    const last = operator === "Pad" ? extent + 2 : 2 * extent;
    expect(memory.training).toMatchObject({
      saved: "all",
      savedActivations: 4 * (extent + 2 * (2 * extent) + 2 * last),
    });
  },
);
