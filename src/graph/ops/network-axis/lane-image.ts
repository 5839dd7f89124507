// A tensor of every network of an ensemble, in the memory arrangements that operators need, each made once on demand.
//
//   last     [...shape, n]             one run over memory for one value of every network
//   lanes    [g, ...shape, lanes]      networks in groups as wide as a vector register; g lanes >= n
//   turned   [g, columns, rows, lanes] the same for matrices, whose columns then are images of a convolution
import type { DType } from "../../../core/numbers/dtype.js";
import { type Shape, sizeOf } from "../../../core/numbers/shape.js";
import type { Tensor } from "../../tensor.js";
import { concat, expand, reshape, transpose } from "../movement/shape-movement.js";
import { slice } from "../movement/slicing.js";

/** The number of networks, and their arrangement in groups. */
export interface LaneForm {
  /** n. */
  readonly networks: number;
  /** Networks per group: the channels of a block of the runtime's convolutions. */
  readonly lanes: number;
}

/** g. The last group is filled with copies of the last network. */
export const groupCount = ({ networks, lanes }: LaneForm): number => Math.ceil(networks / lanes);

/** Arrangements of an operator's result; at least one is present. */
export interface Arrangements {
  readonly last?: Tensor;
  readonly lanes?: Tensor;
  readonly turned?: Tensor;
  /** The turned arrangement with a function applied to every element, cheaper than the separate function. */
  readonly withActivation?: (activation: string | null) => Tensor;
}

/** Represents one tensor of the single network. */
export class LaneImage {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly #form: LaneForm;
  readonly #known: Arrangements;
  #last: Tensor | undefined;
  #lanes: Tensor | undefined;
  #turned: Tensor | undefined;

  constructor({ shape, dtype }: { readonly shape: Shape; readonly dtype: DType }, form: LaneForm, known: Arrangements) {
    this.shape = shape;
    this.dtype = dtype;
    this.#form = form;
    this.#known = known;
    this.#last = known.last;
    this.#lanes = known.lanes;
    this.#turned = known.turned;
  }

  /** Whether columns already come before rows, as products produce them. */
  get isTurned(): boolean {
    return this.#turned !== undefined || this.#known.withActivation !== undefined;
  }

  /** `[...shape, n]`. */
  get last(): Tensor {
    this.#last ??= lanesToLast(this.lanes, this.shape, this.#form);
    return this.#last;
  }

  /** `[g, ...shape, lanes]`. */
  get lanes(): Tensor {
    if (this.#lanes === undefined) {
      const isMatrix = this.isTurned;
      this.#lanes = isMatrix ? exchanged(this.turned) : lastToLanes(this.last, this.shape, this.#form);
    }
    return this.#lanes;
  }

  /** `[g, columns, rows, lanes]`, of a matrix. */
  get turned(): Tensor {
    this.#turned ??= this.#known.withActivation?.(null) ?? exchanged(this.lanes);
    return this.#turned;
  }

  /** The turned arrangement after a function; `undefined` if that saves nothing. */
  activated(activation: string): Tensor | undefined {
    return this.#turned === undefined ? this.#known.withActivation?.(activation) : undefined;
  }
}

/** Swaps rows and columns, which costs nothing if there is only one of either. */
function exchanged(x: Tensor): Tensor {
  const [groups, rows, columns, lanes] = x.shape;
  if (rows === 1 || columns === 1) return reshape(x, [groups, columns, rows, lanes]);
  return transpose(x, [0, 2, 1, 3]);
}

/** Converts from networks on the last axis to groups. */
export function lastToLanes(x: Tensor, shape: Shape, form: LaneForm): Tensor {
  const [{ networks, lanes }, groups, size] = [form, groupCount(form), sizeOf(shape)];
  const flat = reshape(x, [size, networks]);
  const missing = groups * lanes - networks;
  const copies = (): Tensor =>
    expand(slice(flat, { starts: [networks - 1], ends: [networks], axes: [1] }), [size, missing]);
  const all = missing === 0 ? flat : concat([flat, copies()], { axis: 1 });
  return reshape(transpose(reshape(all, [size, groups, lanes]), [1, 0, 2]), [groups, ...shape, lanes]);
}

/** Converts back, without the copies. */
export function lanesToLast(x: Tensor, shape: Shape, form: LaneForm): Tensor {
  const [{ networks, lanes }, groups, size] = [form, groupCount(form), sizeOf(shape)];
  const turned = transpose(reshape(x, [groups, size, lanes]), [1, 0, 2]);
  const all = reshape(turned, [size, groups * lanes]);
  const own = groups * lanes === networks ? all : slice(all, { starts: [0], ends: [networks], axes: [1] });
  return reshape(own, [...shape, networks]);
}
