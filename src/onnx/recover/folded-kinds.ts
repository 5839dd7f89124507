// Determines what a tensor was before PyTorch's dynamo exporter folded operators over it: a rearranged parameter, or a
// buffer.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { GraphProto, TensorProto } from "../file/generated/onnx_pb.js";
import { usesByName } from "./stored-copies.js";
import {
  foldedSources,
  type Kind,
  kinds,
  tracedCall,
  tracedFunction,
  tracedKinds,
  tracedName,
} from "./traced-weights.js";

/** PyTorch operators that only rearrange a tensor: training the result trains the tensor. */
export const movements =
  /^(?:t|transpose|permute|view|reshape|slice|expand|unsqueeze|squeeze|select|getitem|unbind|split|chunk|clone|detach|alias|numpy_t|mt|to|_to_copy|contiguous|flatten|unflatten)(?:_\d+|_split_\d+)*$/i;

/** Operators that select elements by index, possibly the same one several times. */
const lookups = /^(?:embedding|index|index_select|gather|take)(?:_\d+)*$/;
/** Operators that may repeat all elements. */
const repeats = /^(?:expand|repeat|tile)(?:_\d+)*$/;
/** Operators that may drop elements. */
const parts = /^(?:slice|select|getitem|unbind|split|chunk|narrow)(?:_\d+|_split_\d+)*$/;
/** Operators that create position indices. */
const places = /^(?:arange|full|full_like|ones|zeros|scalar_tensor|lift_fresh_copy)(?:_default)?(?:_\d+)*$/;

/** How a folded tensor was made from one parameter. */
export interface Rearrangement {
  readonly parameter: string;
  /** Whether elements may occur several times; only the values can tell. */
  readonly isChosen: boolean;
  /** Whether the parameter may have had more elements. */
  readonly isPart: boolean;
}

/** Folded tensors that are rearrangements of one parameter that the program lists. */
export function rearrangedParameters(graph: GraphProto): Map<string, Rearrangement> {
  const listed = tracedKinds(graph);
  const uses = usesByName(graph.node);
  return new Map(
    [...foldedSources(graph)].flatMap(([name, sources]) => {
      const parameters = sources.filter((source) => listed.get(source) === kinds.p);
      const own = /^_?val_\d+$/.test(name) ? (uses.get(name) ?? []).map(({ node }) => tracedFunction(node)) : [name];
      const steps = [...own, ...sources.filter((source) => !listed.has(source))];
      const has = (...patterns: RegExp[]): boolean =>
        steps.some((step) => patterns.some((pattern) => pattern.test(step)));
      const isMoved = steps.every((step) => [movements, lookups, repeats, places].some((known) => known.test(step)));
      if (parameters.length !== 1 || !isMoved) return [];
      const isNumbered = has(lookups) || sources.some((source) => listed.get(source) === kinds.b);
      const [isChosen, isPart] = [isNumbered || has(repeats), isNumbered || has(parts)];
      return [[name, { parameter: parameters[0], isChosen, isPart }] as const];
    }),
  );
}

/**
 * The kind of each folded tensor before folding. If the traced call at one of its uses names the tensor, that decides:
 * `%p_fc_weight` is a parameter whose transpose was folded, `%b_table` a buffer of which a part is read. Otherwise the
 * program's list of tensors gives the kinds of its sources. A parameter that was only rearranged, or from which
 * elements were selected by index, each at most once (positions up to the length of the example), is trained directly.
 * @param read returns the value of a stored tensor, or `undefined` if it is missing.
 */
export function foldedKinds(
  graph: GraphProto,
  read: (proto: TensorProto) => TensorData | undefined,
): Map<string, Kind> {
  const uses = usesByName(graph.node);
  const listed = tracedKinds(graph);
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const rearranged = rearrangedParameters(graph);
  return new Map(
    [...foldedSources(graph)].flatMap(([name, sources]) => {
      const flat = new Set(sources.map((source) => tracedName(source).slice(2)));
      const named = (uses.get(name) ?? []).flatMap(({ node }) => [...tracedCall(node).matchAll(/%([pbc])_(\w+)/g)]);
      const letter = named.find(([, , rest]) => flat.has(rest))?.[1] as keyof typeof kinds | undefined;
      if (letter !== undefined) return [[name, kinds[letter]] as const];
      const found = sources.flatMap((source) => listed.get(source) ?? []);
      const proto = stored.get(name);
      if (proto === undefined) return [];
      // A tensor computed from buffers alone is not a parameter.
      if (found.length > 0 && !found.includes(kinds.p)) return [[name, kinds.b] as const];
      if (found.length === 1 && movements.test(name) && isVector(proto)) return [[name, found[0]] as const];
      const rearrangement = rearranged.get(name);
      if (rearrangement === undefined || (rearrangement.isChosen && !isVaried(read(proto)))) return [];
      return [[name, kinds.p] as const];
    }),
  );
}

const isVector = ({ dims }: TensorProto): boolean => dims.filter((n) => n > 1n).length === 1;

/** Whether almost all values are distinct. By chance, only a few in a million coincide. */
const isVaried = (value: TensorData | undefined): boolean =>
  value !== undefined && new Set<number | bigint>(value.data).size > 0.9 * value.data.length;
