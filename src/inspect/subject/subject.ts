// What is accounted: the steps of a model in order, wherever it comes from. Layers and files each become one.
import type { Shape } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Node, Tensor } from "../../graph/tensor.js";

/** A tensor of which shape and type are not known: something before it could not be read. */
export const unknownTensor = "unknown";

/** A value on its way through the model. `null` stands for an optional input that is left out. */
export type Value = Tensor | typeof unknownTensor | null;

/** One operator of the model, as its author sees it. */
export interface Step {
  /** Path of the module it belongs to, with dots: `layer1.0.conv1`. Empty where nothing is known of modules. */
  readonly module: string;
  /** Unique in the model: the module, and the operator where a module has several steps (`encoder.0.mlp/Gelu`). */
  readonly name: string;
  /** ONNX's name of the operator; with its domain where that is not ONNX's own. */
  readonly operator: string;
  /** What it became in the graph, in order; several where we compose it. Empty where it could not be read. */
  readonly nodes: readonly Node[];
  /** Values that follow from the inputs of the model; parameters and constants are left out. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Parameters that it reads, shared ones included. */
  readonly parameters: readonly SubjectParameter[];
  /** Why it could not be accounted. */
  readonly unknown?: string;
}

/** A stored tensor of floating type. */
export interface SubjectParameter {
  /** Name in the file or path in the model: `layer1.0.conv1.weight`. */
  readonly name: string;
  /** `statistic`: running statistics and the like, which training moves but no gradient does. */
  readonly use: "weight" | "bias" | "statistic";
  readonly isTrainable: boolean;
  readonly shape: Shape;
  /** What stood in its place before an exporter folded a normalization into it, beyond its own elements. */
  readonly folded?: { readonly weights: number; readonly biases: number };
  /** Bytes that its elements take where they are stored. */
  readonly bytes: number;
}

export interface Subject {
  /** What the user named: `resnet18`, `net.onnx`. */
  readonly model: string;
  /** What it reads, batch included. */
  readonly inputs: readonly {
    readonly name: string;
    readonly tensor: Tensor;
    /** Its type in the file, where that differs from the one that is computed with: `float16`. */
    readonly type?: string;
  }[];
  /** Bytes of a number between the layers in inference: 2 where the file keeps all of them in 16 bits. Default 4. */
  readonly floatBytes?: number;
  readonly outputs: readonly { readonly name: string; readonly value: Value }[];
  readonly batchSize: number;
  readonly steps: readonly Step[];
  /** Every stored tensor once, whether a step reads it or not. */
  readonly parameters: readonly SubjectParameter[];
  /** The forward pass as it trains, where that differs from the steps (statistics of the batch, masks). */
  readonly training?: () => { readonly outputs: readonly Tensor[]; readonly parameters: readonly Tensor[] };
  /** Trained parameters as the steps read them, where there is no `training`. */
  readonly parameterTensors?: readonly Tensor[];
  /**
   * The value of a tensor that the steps read and no node makes, inputs aside: drawn from the seed for models of layers,
   * read from a file; `undefined` for any other tensor. Instruments that compute ask for it.
   * @throws TrainscopeError where a file lacks it.
   */
  readonly storedValue?: (tensor: Tensor, seed: number) => TensorData | undefined;
  /** Sentences that a user should hear: what an exporter folded away, what was left out. */
  readonly remarks: readonly string[];
}
