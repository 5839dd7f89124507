// What tensors were before PyTorch's dynamo exporter folded operators over them: parameters in another form, or buffers.
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

/** Operators of PyTorch that hand a tensor on in another form: training its result is training the tensor. */
export const movements =
  /^(?:t|transpose|permute|view|reshape|slice|expand|unsqueeze|squeeze|select|getitem|unbind|split|chunk|clone|detach|alias|numpy_t|mt|to|_to_copy|contiguous|flatten|unflatten)(?:_\d+|_split_\d+)*$/i;

/** Operators that take elements by their numbers, some perhaps several times. */
const lookups = /^(?:embedding|index|index_select|gather|take)(?:_\d+)*$/;
/** Operators that may take all elements several times. */
const repeats = /^(?:expand|repeat|tile)(?:_\d+)*$/;
/** Operators that may leave elements out. */
const parts = /^(?:slice|select|getitem|unbind|split|chunk|narrow)(?:_\d+|_split_\d+)*$/;
/** Where numbers of places begin. */
const places = /^(?:arange|full|full_like|ones|zeros|scalar_tensor|lift_fresh_copy)(?:_default)?(?:_\d+)*$/;

/** How a folded tensor came from one parameter. */
export interface Rearrangement {
  readonly parameter: string;
  /** Whether elements may be there several times: only the values tell. */
  readonly isChosen: boolean;
  /** Whether the parameter may have had more elements. */
  readonly isPart: boolean;
}

/** Folded tensors whose elements are those of one parameter that the program lists, in another form. */
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
 * What a folded tensor was before, where the traced call at one of its uses names that: `%p_fc_weight` is a parameter
 * whose transpose was folded, `%b_table` a buffer of which a part is read. Where no call does, the list of the program's
 * tensors says what its sources were: a parameter that was only moved, or of which elements were chosen by numbers, each
 * at most once (positions up to the length of the example), is trained as it is.
 * @param read gives the value of a stored tensor; `undefined` where the values are missing.
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
      // Whatever was computed of buffers alone is no parameter.
      if (found.length > 0 && !found.includes(kinds.p)) return [[name, kinds.b] as const];
      if (found.length === 1 && movements.test(name) && isVector(proto)) return [[name, found[0]] as const];
      const rearrangement = rearranged.get(name);
      if (rearrangement === undefined || (rearrangement.isChosen && !isVaried(read(proto)))) return [];
      return [[name, kinds.p] as const];
    }),
  );
}

const isVector = ({ dims }: TensorProto): boolean => dims.filter((n) => n > 1n).length === 1;

/** Whether hardly any value is there twice. Chance alone repeats a few of a million. */
const isVaried = (value: TensorData | undefined): boolean =>
  value !== undefined && new Set<number | bigint>(value.data).size > 0.9 * value.data.length;
