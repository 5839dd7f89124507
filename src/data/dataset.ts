// What training needs of a data set: two splits in their stored type, and how to bring them to unit scale.
import type { DType } from "../core/numbers/dtype.js";
import type { Shape } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import type { DataSource } from "./source.js";

/** Rows that stay where they are until they are needed: a set that does not fit into memory. */
export interface RowSource {
  readonly dtype: DType;
  /** `[rows, ...row shape]` */
  readonly shape: Shape;
  /** The rows with these numbers, in this order, which may repeat. */
  read(rows: Int32Array): Promise<TensorData>;
}

/** Examples and their targets, row for row. */
export interface Split {
  /** `[examples, ...inputShape]`, in the stored type (`uint8` for images). */
  readonly inputs: TensorData;
  /** Where the rows of `inputs` are streamed. `inputs` then has no rows: it only says their type and shape. */
  readonly source?: RowSource;
  /** Further inputs of models that have several, by name, row for row. */
  readonly moreInputs?: ReadonlyMap<string, TensorData>;
  /** `[examples]` class numbers (`int32`), or `[examples, ...]` float32 targets for regression. */
  readonly targets: TensorData;
}

/** How stored inputs become network inputs: `(value * scale - mean) / deviation`, per channel (axis 1). */
export interface Normalization {
  /** 1/255 for bytes. */
  readonly scale: number;
  /** One per channel, of the scaled training inputs. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** The parts of a data set: who learns from it, who chooses by it, who reports. */
export type SplitName = "train" | "validation" | "test";

export interface Dataset {
  /** The name on the command line: `mnist`. */
  readonly id: string;
  /** For people and figure titles: `MNIST`, or `MNIST sample (10,000 train / 2,000 test)`. */
  readonly title: string;
  /** Whether this is the embedded sample instead of the full set. Figures and findings must say so. */
  readonly isSample: boolean;
  /** Names the bytes: changes when any example changes. Also in `source`. */
  readonly fingerprint: string;
  /** Where it comes from, for whoever has to open it again. */
  readonly source: DataSource;
  readonly train: Split;
  /** Held out for choices: measured after every epoch. Absent: `test` is measured instead, unless a part of `train` is. */
  readonly validation?: Split;
  /** Held out of training and, where there is a validation split, of every choice; some users' data has none. */
  readonly test?: Split;
  /** Shape of one example: `[1, 28, 28]`. */
  readonly inputShape: readonly number[];
  /** Name of `inputs`, where the data has names. */
  readonly inputName?: string;
  /** Class names in label order; absent for regression, and for classes of a user's data that have only numbers. */
  readonly classes?: readonly string[];
  readonly normalization?: Normalization;
  /** What training does with the inputs unless it is told otherwise; `standardize` when left out. */
  readonly scaling?: "standardize" | "unit" | "raw";
}
