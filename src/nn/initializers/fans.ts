// Fans: the numbers of inputs and outputs of one unit, by which initializers scale its weights.

/**
 * Number of inputs and outputs of one unit: for a convolution, channels times kernel area. With groups, those that one
 * filter reads and one channel feeds. (PyTorch counts the filters of all groups as fanOut.)
 */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

export const fanModes = ["fanIn", "fanOut", "fanAvg"] as const;

export type FanMode = (typeof fanModes)[number];

/** The fan that a mode selects; `fanAvg` is the mean of both. */
export function fanOf({ fanIn, fanOut }: Fans, mode: FanMode): number {
  return { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode];
}

export interface ConvolutionForm {
  readonly channels: number;
  readonly filters: number;
  readonly groups: number;
  /** Sizes of the kernel. */
  readonly kernel: readonly number[];
}

const areaOf = (kernel: readonly number[]): number => kernel.reduce((area, extent) => area * extent, 1);

/** Fans of a convolution: weight `[filters, channels / groups, ...kernel]`. */
export function convolutionFans({ channels, filters, groups, kernel }: ConvolutionForm): Fans {
  const area = areaOf(kernel);
  return { fanIn: (channels / groups) * area, fanOut: (filters / groups) * area };
}

/**
 * Fans of a transposed convolution: weight `[channels, filters / groups, ...kernel]`. PyTorch and Keras read them from
 * that shape as if it were a convolution's, and so do we: `fanIn` counts the outputs that one channel feeds, not the
 * inputs of an output. To preserve the variance of the forward pass, use the fan mode `fanOut`, times the strides.
 */
export function transposedConvolutionFans({ channels, filters, groups, kernel }: ConvolutionForm): Fans {
  return convolutionFans({ channels: filters, filters: channels, groups, kernel });
}

/** Fans of an embedding: weight `[count, features]`. As PyTorch reads them from the shape. */
export function embeddingFans(count: number, features: number): Fans {
  return { fanIn: features, fanOut: count };
}
