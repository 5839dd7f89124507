// Test cases of the non-linearities and of the trigonometric functions.
import { awayFromZero, distinct, exactly, float, type OpCase } from "./case.js";

const plain = (): OpCase[] => [{ name: "both signs", inputs: [float([2, 5])], twice: true }];
/** Away from the kink at 0. */
const kinked = (): OpCase[] => [{ name: "both signs", inputs: [awayFromZero([3, 4])], twice: true }];
const inside = (low: number, high: number): OpCase[] => [
  { name: "inside its range", inputs: [float([2, 5], [low, high])], twice: true },
];

export const activationCases = {
  Acos: inside(-0.9, 0.9),
  Acosh: inside(1.2, 3),
  Asin: inside(-0.9, 0.9),
  Asinh: plain(),
  Atan: plain(),
  Atanh: inside(-0.9, 0.9),
  Celu: [...kinked(), { name: "alpha 0.7", inputs: [awayFromZero([2, 3])], attrs: { alpha: 0.7 }, twice: true }],
  Cos: plain(),
  Cosh: plain(),
  Elu: [...kinked(), { name: "alpha 2", inputs: [awayFromZero([2, 3])], attrs: { alpha: 2 }, twice: true }],
  Gelu: [...plain(), { name: "by tanh", inputs: [float([2, 5])], attrs: { approximate: "tanh" }, twice: true }],
  HardSigmoid: [
    { name: "between the ends", inputs: [float([2, 4])] },
    { name: "beyond the ends", inputs: [float([2, 4], [3, 5])] },
    { name: "as PyTorch's", inputs: [float([2, 4])], attrs: { alpha: 1 / 6, beta: 0.5 } },
  ],
  Hardmax: [
    { name: "last axis", inputs: [distinct([3, 4])] },
    { name: "first axis", inputs: [distinct([3, 2])], attrs: { axis: 0 } },
    { name: "ties: first", inputs: [exactly("float", [2, 3], [1, 4, 4, 5, 5, 2])], withRespectTo: [] },
  ],
  HardSwish: [
    { name: "between the ends", inputs: [float([2, 4])], twice: true },
    { name: "beyond the ends", inputs: [float([2, 4], [-6, -3.5])] },
  ],
  Mish: plain(),
  PRelu: [
    { name: "one slope", inputs: [awayFromZero([2, 3, 2]), float([1])] },
    { name: "a slope for each channel", inputs: [awayFromZero([2, 3, 2]), float([3, 1])] },
    { name: "a slope for each value", inputs: [awayFromZero([2, 3]), float([2, 3])] },
  ],
  Selu: kinked(),
  Shrink: [
    { name: "hard", inputs: [exactly("float", [6], [-2, -0.6, -0.4, 0.3, 0.7, 1.5])] },
    { name: "soft", inputs: [exactly("float", [4], [-2, -1, 0.5, 3])], attrs: { lambd: 0.75, bias: 0.75 } },
    { name: "int8", inputs: [exactly("int8", [5], [-128, -2, 1, 2, 127])], attrs: { lambd: 1, bias: -1 } },
  ],
  Sin: plain(),
  Sinh: plain(),
  Softsign: kinked(),
  Swish: [...plain(), { name: "alpha 1.7", inputs: [float([2, 5])], attrs: { alpha: 1.7 }, twice: true }],
  Tan: inside(-1.2, 1.2),
  ThresholdedRelu: [
    { name: "threshold 0.1", inputs: [awayFromZero([3, 3])], attrs: { alpha: 0.1 } },
    { name: "the usual threshold", inputs: [float([2, 3], [1.2, 3])] },
  ],
} as const satisfies Record<string, readonly OpCase[]>;
