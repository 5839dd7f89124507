// The subject of accounting: the steps of a model in order, built from layers or read from a file.
import type { Shape } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Node, Tensor } from "../../graph/tensor.js";

/** A tensor of unknown shape and type, because something before it could not be read. */
export const unknownTensor = "unknown";

/** A value in the model. `null` is an omitted optional input. */
export type Value = Tensor | typeof unknownTensor | null;

/** One operator of the model, as its author sees it. */
export interface Step {
  /** Dotted path of its module: `layer1.0.conv1`. Empty if unknown. */
  readonly module: string;
  /** Unique in the model: the module, and the operator where a module has several steps (`encoder.0.mlp/Gelu`). */
  readonly name: string;
  /** ONNX's name of the operator, with its domain if that is not ONNX's own. */
  readonly operator: string;
  /** The graph nodes of the step, in order; several for a composition, none if it could not be read. */
  readonly nodes: readonly Node[];
  /** Input values that depend on the inputs of the model; parameters and constants are excluded. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Parameters that it reads, including shared ones. */
  readonly parameters: readonly SubjectParameter[];
  /** Why it could not be accounted for. */
  readonly unknown?: string;
}

/** A stored floating-point tensor. */
export interface SubjectParameter {
  /** Name in the file or path in the model: `layer1.0.conv1.weight`. */
  readonly name: string;
  /** `statistic`: running statistics and the like, which training updates without a gradient. */
  readonly use: "weight" | "bias" | "statistic";
  readonly isTrainable: boolean;
  readonly shape: Shape;
  /** Additional elements before an exporter folded a normalization into it. */
  readonly folded?: { readonly weights: number; readonly biases: number };
  /** Bytes of its elements in their stored type. */
  readonly bytes: number;
}

export interface Subject {
  /** The user's name for the model: `resnet18`, `net.onnx`. */
  readonly model: string;
  /** The inputs, including the batch. */
  readonly inputs: readonly {
    readonly name: string;
    readonly tensor: Tensor;
    /** The type in the file, if it differs from the computed one: `float16`. */
    readonly type?: string;
  }[];
  /** Bytes per activation in inference: 2 if all values of the file are 16-bit. Default 4. */
  readonly floatBytes?: number;
  readonly outputs: readonly { readonly name: string; readonly value: Value }[];
  readonly batchSize: number;
  readonly steps: readonly Step[];
  /** Every stored tensor once, even if no step reads it. */
  readonly parameters: readonly SubjectParameter[];
  /** The forward pass in training, if it differs from the steps (batch statistics, masks). */
  readonly training?: () => { readonly outputs: readonly Tensor[]; readonly parameters: readonly Tensor[] };
  /** Trained parameters as the steps read them, if there is no `training`. */
  readonly parameterTensors?: readonly Tensor[];
  /**
   * The value of a tensor that the steps read and no node makes, except inputs: drawn from the seed for models of
   * layers, read from a file otherwise; `undefined` for any other tensor. Used by measurements that execute the model.
   * @throws TrainscopeError if the file lacks it.
   */
  readonly storedValue?: (tensor: Tensor, seed: number) => TensorData | undefined;
  /** Remarks for the user: what an exporter folded, what was omitted. */
  readonly remarks: readonly string[];
}
