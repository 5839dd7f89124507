// What mean-field theory predicts of a kind of network.
import { pointwise } from "../../nn/pointwise.js";
import { type LayerSignal, meanField, outputFraction, type Pointwise } from "../../probes/mean-field.js";
import { type ActivationId, activations, type Cell, denseSizes, initializationOf, networks } from "./networks.js";

/** What theory says of one hidden layer of a network. */
export interface Prediction extends LayerSignal {
  /** What squared gradients are multiplied by on the way from this layer's pre-activations to those of the layer before. */
  readonly chi: number;
  /** Norm of the gradient at this layer's activations, divided by that of the last hidden layer. */
  readonly gradientRatio: number;
  /** Where it is known: GELU is 0 where float32 rounds it to 0, which theory does not know. */
  readonly zeroFraction?: number;
  /** For activations that are bounded on both sides. */
  readonly saturatedFraction?: number;
}

/** Beyond these outputs an activation counts as saturated; the same as those of the probe. */
const unsaturated: Partial<Readonly<Record<ActivationId, readonly [number, number]>>> = {
  tanh: [-0.9, 0.9],
  sigmoid: [0.1, 0.9],
};

const functions = new Map<ActivationId, Pointwise>();

/** The function of an activation. */
export function functionOf(activation: ActivationId): Pointwise {
  const known = functions.get(activation) ?? pointwise(activations[activation].layer());
  functions.set(activation, known);
  return known;
}

const known = new Map<string, readonly Prediction[]>();

/** Predictions for the hidden layers, first to last. */
export function predictionsOf(cell: Cell): readonly Prediction[] {
  const key = JSON.stringify(cell);
  const found = known.get(key) ?? predicted(cell);
  known.set(key, found);
  return found;
}

function predicted(cell: Cell): Prediction[] {
  const { hasLinearFirst, inputSquare } = networks[cell.network];
  const initial = initializationOf(cell.initializer);
  const activation = functionOf(cell.activation);
  const sizes = denseSizes(cell).slice(0, -1);
  const layers = sizes.map(({ fanIn, fanOut }, i) => ({
    fanIn,
    weightVariance: initial.weightVariance(fanIn, fanOut),
    biasVariance: initial.biasVariance(fanIn),
    ...(hasLinearFirst && i === 0 ? {} : { activation }),
  }));
  const signals = meanField(layers, inputSquare).slice(hasLinearFirst ? 1 : 0);
  // Squared gradients at activations, from the last hidden layer backwards.
  const squares = signals.map((_, layer) =>
    signals.slice(layer + 1).reduce((product, { gradientFactor }) => product * gradientFactor, 1),
  );
  const bounds = unsaturated[cell.activation];
  const hidden = cell.units * initial.weightVariance(cell.units, cell.units);
  return signals.map((signal, layer) => ({
    ...signal,
    chi: hidden * signal.slopeSquare,
    gradientRatio: Math.sqrt(squares[layer]),
    ...(cell.activation === "gelu"
      ? {}
      : { zeroFraction: outputFraction(activation, signal.variance, (y) => y === 0) }),
    ...(bounds === undefined
      ? {}
      : { saturatedFraction: outputFraction(activation, signal.variance, (y) => y < bounds[0] || y > bounds[1]) }),
  }));
}
