// The networks of the study: what is learned, with which activation and initializer, at which depth and width.
import { elu, gelu, leakyRelu, relu } from "../../nn/activations.js";
import type { InitializerOption } from "../../nn/initializers.js";
import type { LayerSpec } from "../../nn/layer.js";
import { sequential } from "../../nn/layers/containers/sequential.js";
import { dense } from "../../nn/layers/dense.js";

/** Inputs are uniform on `[-sqrt 7, sqrt 7]`, so that their variance is 7/3. */
export const edge = Math.sqrt(7);

export interface Target {
  readonly title: string;
  f(x: number): number;
}

/** Functions to learn, by the name of their data set. */
export const targets = {
  "absolute-value": { title: "|x|", f: Math.abs },
  "x-sin-5x": { title: "x sin 5x", f: (x) => x * Math.sin(5 * x) },
  "step-sine": { title: "step + sine", f: (x) => (x > 0 ? 1 : 0) + 0.2 * Math.sin(5 * x) },
} as const satisfies Readonly<Record<string, Target>>;

export type TargetId = keyof typeof targets;

/** The data of the report's code: `x sin 5x` at x = -1 and 1 alone, where it is sin 5. */
export const codedData = "x-sin-5x-normalized";

export const activations = {
  relu: { title: "ReLU", layer: () => relu() },
  "leakyRelu0.01": { title: "Leaky ReLU 0.01", layer: () => leakyRelu({ slope: 0.01 }) },
  "leakyRelu0.1": { title: "Leaky ReLU 0.1", layer: () => leakyRelu({ slope: 0.1 }) },
  "leakyRelu0.3": { title: "Leaky ReLU 0.3", layer: () => leakyRelu({ slope: 0.3 }) },
  elu: { title: "ELU", layer: () => elu() },
  gelu: { title: "GELU", layer: () => gelu() },
} as const satisfies Readonly<Record<string, { readonly title: string; layer(): LayerSpec }>>;

export type ActivationId = keyof typeof activations;

interface Initialization {
  readonly title: string;
  readonly weights: InitializerOption;
  readonly biases: InitializerOption;
  /** Those of the output layer, if it has others. */
  readonly output?: { readonly weights: InitializerOption; readonly biases: InitializerOption };
}

const heAndZeros = { weights: "heNormal", biases: "zeros" } as const;

export const initializers = {
  heNormal: { title: "He normal", ...heAndZeros },
  torchDefault: { title: "PyTorch default", weights: "torchDefault", biases: "torchDefault" },
  kaimingUniform: { title: "Kaiming uniform", weights: "heUniform", biases: "torchDefault" },
  randomizedAsymmetric: {
    title: "Asymmetric",
    weights: "randomizedAsymmetric",
    biases: "randomizedAsymmetric",
    output: heAndZeros,
  },
} as const satisfies Readonly<Record<string, Initialization>>;

export type InitializerId = keyof typeof initializers;

/** One kind of network, trained many times. */
export interface Cell {
  readonly target: TargetId;
  readonly activation: ActivationId;
  readonly initializer: InitializerId;
  readonly hiddenLayers: number;
  readonly units: number;
}

/** The variant of a finding: `x-sin-5x/relu/heNormal/10x2/2`, the last number being the epochs trained; 0 for none. */
export function variantOf({ target, activation, initializer, hiddenLayers, units }: Cell, epochs: number): string {
  return `${target}/${activation}/${initializer}/${hiddenLayers}x${units}/${epochs}`;
}

/** `hiddenLayers` dense layers with their activation, and a linear output. */
export function network({ activation, initializer, hiddenLayers, units }: Cell): LayerSpec {
  const { weights, biases, output = { weights, biases } }: Initialization = initializers[initializer];
  const hidden = Array.from({ length: hiddenLayers }, () => [
    dense({ units, weightInitializer: weights, biasInitializer: biases }),
    activations[activation].layer(),
  ]);
  return sequential([
    ...hidden.flat(),
    dense({ units: 1, weightInitializer: output.weights, biasInitializer: output.biases }),
  ]);
}

/** The report's network: one hidden layer more than it says, and an activation on the output. */
export const codedHiddenLayers = 11;

export function codedNetwork(activation: ActivationId): LayerSpec {
  const layer = (units: number): LayerSpec[] => [
    dense({ units, weightInitializer: "heUniform", biasInitializer: "torchDefault" }),
    activations[activation].layer(),
  ];
  return sequential([...Array.from({ length: codedHiddenLayers }, () => layer(2)).flat(), ...layer(1)]);
}

/** The range of a target over the inputs, which the tolerance of flat outputs is measured by. */
export function targetRange(target: TargetId): number {
  const values = Array.from({ length: 4001 }, (_, i) => targets[target].f(edge * ((2 * i) / 4000 - 1)));
  return Math.max(...values) - Math.min(...values);
}

/** Whether the theory of symmetric weights without biases applies. */
export function hasTheory({ activation, initializer }: Pick<Cell, "activation" | "initializer">): boolean {
  return activation === "relu" && initializer === "heNormal";
}
