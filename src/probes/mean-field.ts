// Mean-field theory of signals in wide dense networks: what variance each layer has, and what gradients lose in it.
//
//   second moment of the input -> [dense: q = fanIn V x + B] -> [activation: E phi(sqrt(q) z)^2] -> next layer
//
// With many inputs, a pre-activation is a sum of many independent terms, so it is normal, with a variance that depends on
// the previous layer only by its second moment. B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein and S. Ganguli,
// "Exponential expressivity in deep neural networks through transient chaos", NeurIPS 2016, equations 3 to 5; S. S.
// Schoenholz, J. Gilmer, S. Ganguli and J. Sohl-Dickstein, "Deep information propagation", ICLR 2017, equations 3 and 9.
import { normalNodes } from "../core/statistics/gaussian-expectation.js";
import { normalQuantile } from "../core/statistics/special-functions.js";

/** A non-linearity that acts on each number alone: its values and its slopes at the given places. */
export interface Pointwise {
  values(places: Float64Array): Float64Array;
  slopes(places: Float64Array): Float64Array;
}

/** A dense layer of random weights. */
export interface RandomLayer {
  /** Inputs of a unit. */
  readonly fanIn: number;
  /** Variance of a weight; weights are independent with mean 0. */
  readonly weightVariance: number;
  /** Variance of a bias, also independent with mean 0. Default 0. */
  readonly biasVariance?: number;
  /** Absent: the layer is linear. */
  readonly activation?: Pointwise;
}

/** What theory says of one layer. */
export interface LayerSignal {
  /** Variance `q` of the pre-activations; their mean is 0. */
  readonly variance: number;
  readonly preActivationDeviation: number;
  /** Mean, standard deviation and second moment of the outputs. */
  readonly activationMean: number;
  readonly activationDeviation: number;
  readonly activationSquare: number;
  /** `E[phi'(sqrt(q) z)^2]`, the factor of squared gradients in the activation. */
  readonly slopeSquare: number;
  /** `chi = fanIn V E[phi'(sqrt(q) z)^2]`: what a squared gradient is multiplied by on its way from outputs to inputs. */
  readonly gradientFactor: number;
}

/**
 * The recursion of variances through layers, input to output.
 * @param inputSquare mean square of the inputs' features.
 */
export function meanField(layers: readonly RandomLayer[], inputSquare: number): LayerSignal[] {
  let square = inputSquare;
  return layers.map((layer) => {
    const signal = layerSignal(layer, square);
    square = signal.activationSquare;
    return signal;
  });
}

function layerSignal(
  { fanIn, weightVariance, biasVariance = 0, activation }: RandomLayer,
  square: number,
): LayerSignal {
  const gain = fanIn * weightVariance;
  const variance = gain * square + biasVariance;
  const { mean, second, slope } =
    activation === undefined ? { mean: 0, second: variance, slope: 1 } : activationMoments(activation, variance);
  return {
    variance,
    preActivationDeviation: Math.sqrt(variance),
    activationMean: mean,
    activationDeviation: Math.sqrt(Math.max(0, second - mean ** 2)),
    activationSquare: second,
    slopeSquare: slope,
    gradientFactor: gain * slope,
  };
}

/** Moments of an activation whose input is normal with mean 0: `E phi`, `E phi^2` and `E phi'^2`. */
export function activationMoments(
  activation: Pointwise,
  variance: number,
): { readonly mean: number; readonly second: number; readonly slope: number } {
  const places = Float64Array.from(normalNodes, ({ at }) => Math.sqrt(variance) * at);
  const [values, slopes] = [activation.values(places), activation.slopes(places)];
  const sum = { mean: 0, second: 0, slope: 0 };
  for (const [i, { weight }] of normalNodes.entries()) {
    sum.mean += weight * values[i];
    sum.second += weight * values[i] ** 2;
    sum.slope += weight * slopes[i] ** 2;
  }
  return sum;
}

/** Quantiles of the normal distribution at which fractions are counted, so that they are exact to 1 / 4000. */
const counted = Float64Array.from({ length: 4000 }, (_, i) => normalQuantile((i + 0.5) / 4000));

/** The fraction of outputs for which `holds` is true, if the inputs are normal with mean 0. */
export function outputFraction(activation: Pointwise, variance: number, holds: (output: number) => boolean): number {
  const outputs = activation.values(counted.map((z) => Math.sqrt(variance) * z));
  return outputs.filter(holds).length / counted.length;
}

/** A point of the edge of chaos: standard deviations of weights (times `sqrt(fanIn)`) and of biases. */
export interface EdgePoint {
  readonly weightDeviation: number;
  readonly biasDeviation: number;
  /** The variance of pre-activations that the layers keep there. */
  readonly variance: number;
}

/**
 * The edge of chaos, `chi = 1`: below it gradients vanish with depth, above it they explode. Every variance q that layers
 * can keep gives one point, `sigma_w^2 = 1 / E[phi'^2]` and `sigma_b^2 = q - sigma_w^2 E[phi^2]`, so nothing is iterated
 * (Schoenholz and others, figure 1). Variances for which no real bias exists have none.
 */
export function edgeOfChaos(activation: Pointwise, variances: readonly number[]): EdgePoint[] {
  return variances.flatMap((variance) => {
    const { second, slope } = activationMoments(activation, variance);
    const biasVariance = variance - second / slope;
    return biasVariance < 0
      ? []
      : [{ weightDeviation: Math.sqrt(1 / slope), biasDeviation: Math.sqrt(biasVariance), variance }];
  });
}

/**
 * The variance of pre-activations that many equal layers end at, from `start`. Infinite if they grow without bound.
 */
export function fixedVariance(
  activation: Pointwise,
  { weightDeviation, biasDeviation }: Pick<EdgePoint, "weightDeviation" | "biasDeviation">,
  start = 1,
): number {
  let variance = start;
  for (let layer = 0; layer < 2000; layer++) {
    const next = weightDeviation ** 2 * activationMoments(activation, variance).second + biasDeviation ** 2;
    if (next > 1e12) return Number.POSITIVE_INFINITY;
    if (Math.abs(next - variance) <= 1e-12 * next) return next;
    variance = next;
  }
  return variance;
}
