// Forms of operators on lists of tensors (sequences), which PyTorch's chunk and split become. Their parts are known
// while a graph is built.
import { InvalidInputError } from "../../core/errors.js";
import { constantValue, scalar } from "../../graph/build.js";
import { squeeze, unsqueeze } from "../../graph/ops/movement/shape-movement.js";
import { concat, split } from "../../graph/ops/movement/slicing.js";
import type { Tensor } from "../../graph/tensor.js";
import { integer } from "../file/read-values.js";
import type { NodeCall, NodeForm } from "./node-form.js";

/** A graph has no list values, so a unique constant stands for a list on its way between nodes. */
const sequences = new WeakMap<Tensor, readonly Tensor[]>();

function sequence(parts: readonly Tensor[]): [Tensor] {
  const standIn = scalar(0);
  sequences.set(standIn, parts);
  return [standIn];
}

function partsOf({ inputs: [list], where }: NodeCall): readonly Tensor[] {
  const parts = list === null || list === undefined ? undefined : sequences.get(list);
  if (parts === undefined) throw new InvalidInputError("its input is not a list with known parts", { where });
  return parts;
}

function known({ where }: NodeCall, tensor: Tensor | null | undefined, what: string): readonly number[] {
  const value = tensor === null || tensor === undefined ? undefined : constantValue(tensor);
  if (value === undefined) throw new InvalidInputError(`${what} must be a known constant`, { where });
  return [...value.data];
}

const int = (call: NodeCall, name: string, usual: number): number => {
  const given = call.attribute(name);
  return given === undefined ? usual : integer(call.where, given.i);
};

/** Part sizes along the axis: as listed, or equal parts of one size, of which the last may be smaller. */
function splitToSequence(call: NodeCall): readonly Tensor[] {
  const [x, sizes] = call.inputs;
  const given = x as Tensor;
  const rank = given.shape.length;
  const axis = int(call, "axis", 0);
  const extent = given.shape.at(axis < 0 ? axis : axis - rank) ?? 0;
  const isListed = sizes !== null && sizes !== undefined && sizes.shape.length === 1;
  const listed = sizes === null || sizes === undefined ? [1] : known(call, sizes, "the split");
  const [size] = listed;
  if (!isListed && (!(size >= 1) || extent / size > 10_000))
    throw new InvalidInputError("impossible split", { where: call.where, received: `${extent} by ${size}` });
  const equal = (): number[] =>
    Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size));
  const parts = split(given, isListed ? listed : equal(), { axis });
  // ONNX ignores keepdims if sizes are given. But PyTorch's exporter writes the unbind of a scripted program with a
  // size of 1, and ONNX Runtime then removes the axis.
  const isSqueezed = !isListed && size === 1 && int(call, "keepdims", 1) === 0;
  return sequence(isSqueezed ? parts.map((part) => squeeze(part, [axis])) : parts);
}

function sequenceAt(call: NodeCall): readonly Tensor[] {
  const parts = partsOf(call);
  const [index] = known(call, call.inputs[1], "the index");
  const part = parts.at(index);
  if (part !== undefined) return [part];
  throw new InvalidInputError("the list has no such part", {
    where: call.where,
    expected: `an index below ${parts.length}`,
    received: `${index}`,
  });
}

/** Appends if no position is given. */
function sequenceInsert(call: NodeCall): readonly Tensor[] {
  const parts = [...partsOf(call)];
  parts.splice(position(call, 2, parts.length, parts.length), 0, call.inputs[1] as Tensor);
  return sequence(parts);
}

/** Removes the last element if no position is given. */
function sequenceErase(call: NodeCall): readonly Tensor[] {
  const parts = [...partsOf(call)];
  parts.splice(position(call, 1, parts.length - 1, parts.length - 1), 1);
  return sequence(parts);
}

/** A position in a list; negative ones count from its end. */
function position(call: NodeCall, at: number, usual: number, most: number): number {
  const given = call.inputs[at];
  const [index] = given === null || given === undefined ? [usual] : known(call, given, "the place");
  const found = index < 0 ? index + partsOf(call).length : index;
  if (found >= 0 && found <= most) return found;
  throw new InvalidInputError("the list has no such position", {
    where: call.where,
    expected: `0 to ${most}`,
    received: `${index}`,
  });
}

function concatFromSequence(call: NodeCall): readonly Tensor[] {
  const axis = int(call, "axis", 0);
  const parts = partsOf(call);
  return [concat(int(call, "new_axis", 0) === 0 ? parts : parts.map((part) => unsqueeze(part, [axis])), { axis })];
}

/** By operator. */
export const sequenceForms: Readonly<Record<string, NodeForm>> = {
  ConcatFromSequence: { op: "Concat", attributes: ["axis", "new_axis"], read: concatFromSequence },
  SequenceAt: { op: "Identity", read: sequenceAt },
  SequenceConstruct: { op: "Identity", read: (call) => sequence(call.inputs as readonly Tensor[]) },
  SequenceEmpty: { op: "Identity", attributes: ["dtype"], read: () => sequence([]) },
  SequenceErase: { op: "Identity", read: sequenceErase },
  SequenceInsert: { op: "Identity", read: sequenceInsert },
  SequenceLength: { op: "Size", read: (call) => [scalar(partsOf(call).length, "int64")] },
  SplitToSequence: { op: "Split", attributes: ["axis", "keepdims"], read: splitToSequence },
};
