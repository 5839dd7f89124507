// What accounting says of a model: plain records, as `inspect --json` prints them.
import type { Shape } from "../core/numbers/shape.js";

/** What one element of a feature map sees of the input, along every spatial axis (Araujo, Norris and Sim, Distill 2019). */
export interface ReceptiveField {
  /**
   * Extent in input pixels: from the first to the last on any path. Behind an enlargement (Resize, ConvTranspose,
   * DepthToSpace) elements see more or fewer by their phase, their place within the pattern that the enlargement repeats:
   * this is the maximum over phases. Exact up to patterns of 1024 places; of longer ones an upper bound.
   */
  readonly size: readonly number[];
  /** The same of the path that sees least; below `size` where branches see different extents. */
  readonly smallest: readonly number[];
  /** Input pixels between neighbouring elements (the jump, or effective stride), in the mean over phases. */
  readonly stride: readonly number[];
  /**
   * Position of the centre of the first element's field, in input pixels; 0 is the centre of the first pixel. Behind an
   * enlargement that of the line through the centres of all phases.
   */
  readonly offset: readonly number[];
  /** Whether the centres of all paths agree. */
  readonly isAligned: boolean;
  /** Some path sees the whole input as well: a gate, statistics of a normalization. The sizes leave it out. */
  readonly seesAll: boolean;
}

/** One layer: a step of the model, or all steps of a module. */
export interface LayerRecord {
  readonly name: string;
  readonly operator: string;
  /** Shape of the first input and output, batch included; null where it is not known. */
  readonly inputShape: Shape | null;
  readonly outputShape: Shape | null;
  readonly inputShapes: readonly (Shape | null)[];
  readonly outputShapes: readonly (Shape | null)[];
  /** Of windows alone. Padding has all begins, then all ends, as in ONNX. */
  readonly kernel?: readonly number[];
  readonly stride?: readonly number[];
  readonly padding?: readonly number[];
  readonly dilation?: readonly number[];
  readonly groups?: number;
  /** `weights + biases`, shared ones counted in the first layer that reads them. */
  readonly parameters: number;
  readonly weights: number;
  readonly biases: number;
  readonly trainable: number;
  readonly frozen: number;
  /** Running statistics: stored, but no parameters. */
  readonly statistics: number;
  /** Names of stored tensors that an earlier layer counted already. */
  readonly shared?: readonly string[];
  /** Elements of the outputs, and the bytes that they take; 0 for a view of the input. Null where not known. */
  readonly activations: number | null;
  readonly activationBytes: number | null;
  /** Multiply-accumulate pairs. Null where not known. */
  readonly macs: number | null;
  /** `2 x macs`, plus one for every other arithmetic operation. Null where not known. */
  readonly flops: number | null;
  /** `"all"` where every element sees the whole input; null where the question has no answer. */
  readonly receptiveField: ReceptiveField | "all" | null;
  /** Shares of the totals, 0 to 1. */
  readonly share: { readonly parameters: number; readonly macs: number; readonly activations: number };
  /** How many steps of the model it stands for. */
  readonly steps: number;
  /** Why it could not be accounted. */
  readonly unknown?: string;
}

export interface Totals {
  /**
   * `weights + biases`, statistics not counted. Where an exporter folded batch normalizations into the weights before
   * them, those of the model before that: what published tables count.
   */
  readonly parameters: number;
  /** Elements that are stored for them: fewer than `parameters` where normalizations were folded. */
  readonly storedParameters: number;
  readonly weights: number;
  readonly biases: number;
  readonly trainable: number;
  readonly frozen: number;
  readonly statistics: number;
  /** Bytes of parameters and statistics where they are stored. */
  readonly parameterBytes: number;
  readonly macs: number;
  /** `macs` and `flops` divided by the batch size. */
  readonly macsPerExample: number;
  readonly flops: number;
  readonly flopsPerExample: number;
  /** Elements that all layers write, views not counted. */
  readonly activations: number;
  readonly activationBytes: number;
  /** The input, and what layers other than element-wise functions of one input write: those work in place. */
  readonly activationsInPlace: number;
  /** Outputs of convolutions and matrix products alone, as timm counts them. */
  readonly productActivations: number;
  /** FLOPs for each byte read or written, every layer by itself: inputs, parameters and outputs once. */
  readonly arithmeticIntensity: number;
  /** Layers whose cost is not known: the totals are lower bounds if there are any. */
  readonly unknownLayers: number;
  readonly isLowerBound: boolean;
}

/** Bytes, for the batch size of the inspection. */
export interface MemoryEstimate {
  readonly inference: {
    readonly weights: number;
    /** Largest sum of tensors that are alive at once, in the order of the layers. */
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
    /** `"all"`: some gradient is not known, so every activation is counted as saved. */
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
  /** Layers that could not be accounted, each with its reason. */
  readonly unknown: readonly { readonly name: string; readonly operator: string; readonly reason: string }[];
  readonly remarks: readonly string[];
  /** What the numbers mean. */
  readonly conventions: Readonly<Record<"macs" | "flops" | "activations" | "receptiveField" | "memory", string>>;
}
