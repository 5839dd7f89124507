// The networks of the study: which data, activation and initializer, and what theory needs to know of them.
import { elu, gelu, leakyRelu, relu, sigmoid, tanh } from "../../nn/activations.js";
import type { InitializerOption } from "../../nn/initializers.js";
import type { LayerSpec } from "../../nn/layer.js";
import { sequential } from "../../nn/layers/containers/sequential.js";
import { dense } from "../../nn/layers/dense.js";
import { flatten } from "../../nn/layers/flatten.js";
import type { KindSpec } from "../../train/spec/trial-spec.js";

export interface Network {
  readonly title: string;
  /** Name of the data set. */
  readonly data: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Whether a linear layer stands before the hidden layers, as in the report's code. */
  readonly hasLinearFirst: boolean;
  /** Mean square of an input feature. */
  readonly inputSquare: number;
  readonly loss: KindSpec;
  readonly scaling: "unit" | "raw";
  /** Loss of a network that knows only how often each class occurs. */
  readonly chanceLoss: number;
}

export const networks = {
  /** Intoli's model, which the report ran: MNIST scaled to [0, 1]; mean 0.1307 and deviation 0.3081 of a pixel. */
  mnist: {
    title: "MNIST",
    data: "mnist",
    inputs: 784,
    outputs: 10,
    hasLinearFirst: true,
    inputSquare: 0.1307 ** 2 + 0.3081 ** 2,
    loss: { kind: "crossEntropy" },
    scaling: "unit",
    chanceLoss: Math.log(10),
  },
  /** deepreplay's block, on points whose coordinates have variance 1; 61 % of them are in class 1. */
  block: {
    title: "Block",
    data: "ball",
    inputs: 10,
    outputs: 1,
    hasLinearFirst: false,
    inputSquare: 1,
    loss: { kind: "binaryCrossEntropyWithLogits" },
    scaling: "raw",
    chanceLoss: -(0.61 * Math.log(0.61) + 0.39 * Math.log(0.39)),
  },
} as const satisfies Readonly<Record<string, Network>>;

export type NetworkId = keyof typeof networks;

export const activations = {
  tanh: { title: "tanh", layer: () => tanh() },
  sigmoid: { title: "sigmoid", layer: () => sigmoid() },
  relu: { title: "ReLU", layer: () => relu() },
  leakyRelu: { title: "leaky ReLU", layer: () => leakyRelu() },
  elu: { title: "ELU", layer: () => elu() },
  gelu: { title: "GELU", layer: () => gelu() },
} as const satisfies Readonly<Record<string, { readonly title: string; layer(): LayerSpec }>>;

export type ActivationId = keyof typeof activations;

/** An initializer of weights and biases, with the variances that theory needs. */
export interface Initialization {
  readonly title: string;
  readonly weights: InitializerOption;
  readonly biases: InitializerOption;
  weightVariance(fanIn: number, fanOut: number): number;
  biasVariance(fanIn: number): number;
}

const noBiases = { biases: "zeros", biasVariance: () => 0 } as const;

/** Initializers that scale with the size of a layer. */
export const scaledInitializers = {
  glorotNormal: {
    title: "Glorot",
    weights: "glorotNormal",
    ...noBiases,
    weightVariance: (fanIn, fanOut) => 2 / (fanIn + fanOut),
  },
  heNormal: { title: "He", weights: "heNormal", ...noBiases, weightVariance: (fanIn) => 2 / fanIn },
  lecunNormal: { title: "LeCun", weights: "lecunNormal", ...noBiases, weightVariance: (fanIn) => 1 / fanIn },
  /** Rows (or columns) of length 1; its entries are not independent, but their variance counts first. */
  orthogonal: {
    title: "orthogonal",
    weights: "orthogonal",
    ...noBiases,
    weightVariance: (fanIn, fanOut) => 1 / Math.max(fanIn, fanOut),
  },
  /** Uniform within `1 / sqrt(fanIn)`, biases too. */
  torchDefault: {
    title: "PyTorch default",
    weights: "torchDefault",
    biases: "torchDefault",
    weightVariance: (fanIn) => 1 / (3 * fanIn),
    biasVariance: (fanIn) => 1 / (3 * fanIn),
  },
} as const satisfies Readonly<Record<string, Initialization>>;

export type ScaledInitializerId = keyof typeof scaledInitializers;

/** `normal0.14`: a normal initializer with one deviation for every layer. */
export type InitializerId = ScaledInitializerId | `normal${number}`;

/** The initializer of an id. */
export function initializationOf(id: InitializerId): Initialization {
  const deviation = deviationOf(id);
  if (deviation === undefined) return scaledInitializers[id as ScaledInitializerId];
  return {
    title: `σ = ${deviation}`,
    weights: { kind: "normal", deviation },
    ...noBiases,
    weightVariance: () => deviation ** 2,
  };
}

/** The deviation of a normal initializer; undefined for one that scales. */
export function deviationOf(id: InitializerId): number | undefined {
  return id.startsWith("normal") ? Number(id.slice("normal".length)) : undefined;
}

/** One kind of network. */
export interface Cell {
  readonly network: NetworkId;
  readonly activation: ActivationId;
  readonly initializer: InitializerId;
  readonly hiddenLayers: number;
  readonly units: number;
}

/** The variant of a finding: `mnist/tanh/glorotNormal`. */
export function variantOf({ network, activation, initializer }: Pick<Cell, "network" | "activation" | "initializer">) {
  return `${network}/${activation}/${initializer}`;
}

/** Inputs and outputs of the dense layers, first to last. The first is linear in the report's network. */
export function denseSizes({
  network,
  hiddenLayers,
  units,
}: Cell): { readonly fanIn: number; readonly fanOut: number }[] {
  const { inputs, outputs, hasLinearFirst } = networks[network];
  const widths = [inputs, ...Array.from({ length: hiddenLayers + (hasLinearFirst ? 1 : 0) }, () => units), outputs];
  return widths.slice(1).map((fanOut, i) => ({ fanIn: widths[i], fanOut }));
}

/** Position of a hidden layer's dense layer, and of its activation, in the model: hidden layers count from 1. */
export function layerPlaces({ network }: Pick<Cell, "network">, hidden: number) {
  const dense = (networks[network].hasLinearFirst ? 2 : 1) + 2 * (hidden - 1);
  return { dense, activation: dense + 1 };
}

/** The model: `[flatten, (linear), dense, activation, ..., dense]`. */
export function modelOf(
  cell: Cell,
  initializer: Pick<Initialization, "weights" | "biases"> = initializationOf(cell.initializer),
): LayerSpec {
  const { hasLinearFirst } = networks[cell.network];
  const sizes = denseSizes(cell);
  const layers = sizes.flatMap(({ fanOut }, i) => {
    const layer = dense({ units: fanOut, weightInitializer: initializer.weights, biasInitializer: initializer.biases });
    const isLinear = i === sizes.length - 1 || (hasLinearFirst && i === 0);
    return isLinear ? [layer] : [layer, activations[cell.activation].layer()];
  });
  return sequential([flatten(), ...layers]);
}
