// The result of accounting for a model: plain records, as `inspect --json` prints them.
import type { Shape } from "../core/numbers/shape.js";

/** What one element of a feature map sees of the input, along every spatial axis (Araujo, Norris and Sim, Distill 2019). */
export interface ReceptiveField {
  /**
   * Size in input pixels, from the first to the last on any path. After upsampling (Resize, ConvTranspose,
   * DepthToSpace) the size depends on an element's phase, its position within the repeated pattern: this is the maximum
   * over phases. Exact for patterns of up to 1024 positions; an upper bound for longer ones.
   */
  readonly size: readonly number[];
  /** The size for the path that sees least; below `size` if branches see different sizes. */
  readonly smallest: readonly number[];
  /** Input pixels between neighboring elements (the jump, or effective stride), as the mean over phases. */
  readonly stride: readonly number[];
  /**
   * Center of the first element's field, in input pixels; 0 is the center of the first pixel. After upsampling it lies
   * on the line through the centers of all phases.
   */
  readonly offset: readonly number[];
  /** Whether the centers of all paths agree. */
  readonly isAligned: boolean;
  /** Some path also sees the whole input: a gate, or statistics of a normalization. The sizes exclude it. */
  readonly seesAll: boolean;
}

/** One layer: a step of the model, or all steps of a module. */
export interface LayerRecord {
  readonly name: string;
  readonly operator: string;
  /** Shape of the first input and output, including the batch; null if unknown. */
  readonly inputShape: Shape | null;
  readonly outputShape: Shape | null;
  readonly inputShapes: readonly (Shape | null)[];
  readonly outputShapes: readonly (Shape | null)[];
  /** Only for windows. Padding lists all begins, then all ends, as in ONNX. */
  readonly kernel?: readonly number[];
  readonly stride?: readonly number[];
  readonly padding?: readonly number[];
  readonly dilation?: readonly number[];
  readonly groups?: number;
  /** `weights + biases`; shared ones count in the first layer that reads them. */
  readonly parameters: number;
  readonly weights: number;
  readonly biases: number;
  readonly trainable: number;
  readonly frozen: number;
  /** Running statistics: stored, but not parameters. */
  readonly statistics: number;
  /** Names of stored tensors that an earlier layer already counted. */
  readonly shared?: readonly string[];
  /** Elements and bytes of the outputs; 0 for a view of the input, null if unknown. */
  readonly activations: number | null;
  readonly activationBytes: number | null;
  /** Multiply-accumulate pairs; null if unknown. */
  readonly macs: number | null;
  /** `2 x macs`, plus one for every other arithmetic operation; null if unknown. */
  readonly flops: number | null;
  /** `"all"` where every element sees the whole input; null where the question has no answer. */
  readonly receptiveField: ReceptiveField | "all" | null;
  /** Fractions of the totals, 0 to 1. */
  readonly share: { readonly parameters: number; readonly macs: number; readonly activations: number };
  /** Number of steps in this layer. */
  readonly steps: number;
  /** Why it could not be accounted for. */
  readonly unknown?: string;
}

export interface Totals {
  /**
   * `weights + biases`, without statistics. If an exporter folded batch normalizations into weights, this is the count
   * before folding, as in published tables.
   */
  readonly parameters: number;
  /** Number of stored elements of parameters: less than `parameters` if normalizations were folded. */
  readonly storedParameters: number;
  readonly weights: number;
  readonly biases: number;
  readonly trainable: number;
  readonly frozen: number;
  readonly statistics: number;
  /** Bytes of parameters and statistics in their stored types. */
  readonly parameterBytes: number;
  readonly macs: number;
  /** `macs` and `flops` divided by the batch size. */
  readonly macsPerExample: number;
  readonly flops: number;
  readonly flopsPerExample: number;
  /** Elements that all layers write, excluding views. */
  readonly activations: number;
  readonly activationBytes: number;
  /** The input, and the outputs of all layers except element-wise functions of one input, which work in place. */
  readonly activationsInPlace: number;
  /** Outputs of convolutions and matrix products only, as timm counts them. */
  readonly productActivations: number;
  /** FLOPs per byte read or written if every layer runs on its own: inputs, parameters and outputs once. */
  readonly arithmeticIntensity: number;
  /** Number of layers of unknown cost; if there are any, the totals are lower bounds. */
  readonly unknownLayers: number;
  readonly isLowerBound: boolean;
}

/** Bytes, for the batch size of the inspection. */
export interface MemoryEstimate {
  readonly inference: {
    readonly weights: number;
    /** Largest sum of tensors alive at once, in layer order. */
    readonly peakActivations: number;
    /** The layer that runs at that moment. */
    readonly peakLayer: string;
    readonly total: number;
  };
  readonly training: {
    readonly optimizer: string;
    readonly weights: number;
    readonly gradients: number;
    readonly optimizerSlots: number;
    /** Tensors of the forward pass that the backward pass reads. */
    readonly savedActivations: number;
    readonly total: number;
    /** `"all"`: some gradient is unknown, so every activation counts as saved. */
    readonly saved: "read by the backward pass" | "all";
  };
}

export interface Inspection {
  readonly schema: 1;
  readonly model: string;
  readonly batchSize: number;
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly type: string }[];
  readonly outputs: readonly { readonly name: string; readonly shape: Shape | null }[];
  readonly layers: readonly LayerRecord[];
  readonly totals: Totals;
  readonly memory: MemoryEstimate;
  /** Layers that could not be accounted for, each with its reason. */
  readonly unknown: readonly { readonly name: string; readonly operator: string; readonly reason: string }[];
  readonly remarks: readonly string[];
  /** Definitions of the numbers. */
  readonly conventions: Readonly<Record<"macs" | "flops" | "activations" | "receptiveField" | "memory", string>>;
}
