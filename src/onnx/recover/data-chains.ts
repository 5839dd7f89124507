// Finds the constants that scale data: those that meet the input of the model before any weight does, and those that
// meet what a bounded activation hands to an output.
//
//   input - mean / deviation -> first layer ... last layer -> Tanh * half the range + its middle -> output
//
// The operators are matched by name: which arithmetic a chain may consist of is a pattern of files.
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";

/** One meeting of stored values with the data. */
export interface ChainPlace {
  readonly end: "input" | "output";
  /** `Add`, `Sub`, `Mul` or `Div`. */
  readonly operator: string;
  /** Whether the chain adds, or multiplies, before this place; and whether it does after it. */
  readonly before: Readonly<Record<Kind, boolean>>;
  readonly after: Readonly<Record<Kind, boolean>>;
}

type Kind = "adds" | "multiplies";

const arithmetic: Readonly<Record<string, Kind>> = { Add: "adds", Sub: "adds", Mul: "multiplies", Div: "multiplies" };

const bounds = new Set(["Clip", "Min", "Max"]);

/** Operators that hand on the elements of their first input. */
const movements = new Set(
  "Identity Cast Reshape Transpose Flatten Squeeze Unsqueeze Slice Split Pad Resize Upsample Gather Concat Dropout DepthToSpace SpaceToDepth".split(
    " ",
  ),
);

const boundedActivations = new Set(["Tanh", "Sigmoid", "HardSigmoid", "Softsign"]);

interface Place extends ChainPlace {
  readonly names: ReadonlySet<string>;
  readonly before: Record<Kind, boolean>;
  readonly after: Record<Kind, boolean>;
}

interface Chain {
  readonly end: ChainPlace["end"];
  readonly places: readonly Place[];
}

const none: ReadonlySet<string> = new Set();

/** Places by the name of the stored tensor, which may reach them through arithmetic with other stored tensors alone. */
export function dataChains({ graph, inlined }: OnnxFile): ReadonlyMap<string, readonly ChainPlace[]> {
  const stored = new Map<string, ReadonlySet<string>>(graph.initializer.map(({ name }) => [name, new Set([name])]));
  const chains = new Map<string, Chain>();
  for (const { name } of graph.input) if (!stored.has(name)) chains.set(name, { end: "input", places: [] });
  const found: Place[] = [];
  for (const node of inlined.nodes) {
    const inputs = node.input.filter((name) => name !== "");
    const isConstant = operatorKey(node) === "Constant";
    if (isConstant || (inputs.length > 0 && inputs.every((name) => stored.has(name)))) {
      const sources = isConstant ? [node.output[0]] : inputs.flatMap((name) => [...(stored.get(name) ?? none)]);
      for (const output of node.output) stored.set(output, new Set(sources));
      continue;
    }
    const chain = continued(node, chains, stored, found);
    if (chain !== undefined) for (const output of node.output) chains.set(output, chain);
  }
  const handedOut = new Set(graph.output.flatMap(({ name }) => chains.get(name)?.places ?? []));
  return byName(found.filter((place) => place.end === "input" || handedOut.has(place)));
}

/** The chain of a node's outputs. */
function continued(
  node: NodeProto,
  chains: ReadonlyMap<string, Chain>,
  stored: ReadonlyMap<string, ReadonlySet<string>>,
  found: Place[],
): Chain | undefined {
  const key = operatorKey(node);
  const inputs = node.input.filter((name) => name !== "");
  if (boundedActivations.has(key)) return { end: "output", places: [] };
  const own = inputs.flatMap((name) => chains.get(name) ?? []);
  const first = chains.get(node.input[0]);
  if (key === "Concat") return own.length === inputs.length ? joined(own) : undefined;
  if (movements.has(key)) return first;
  const others = inputs.filter((name) => !chains.has(name));
  if (own.length !== 1 || !others.every((name) => stored.has(name))) return undefined;
  if (bounds.has(key)) return own[0];
  const kind = Object.hasOwn(arithmetic, key) ? arithmetic[key] : undefined;
  if (kind === undefined) return undefined;
  const place = placeAfter(own[0], key, kind, stored.get(others[0] ?? "") ?? none);
  found.push(place);
  return { end: own[0].end, places: [...own[0].places, place] };
}

function placeAfter({ end, places }: Chain, operator: string, kind: Kind, names: ReadonlySet<string>): Place {
  for (const { after } of places) after[kind] = true;
  const had = (wanted: Kind): boolean => places.some((place) => arithmetic[place.operator] === wanted);
  return {
    end,
    operator,
    names,
    before: { adds: had("adds"), multiplies: had("multiplies") },
    after: { adds: false, multiplies: false },
  };
}

/** Parts of the input that were treated each for itself. */
function joined(chains: readonly Chain[]): Chain | undefined {
  if (chains.length === 0 || chains.some(({ end }) => end !== chains[0].end)) return undefined;
  return { end: chains[0].end, places: [...new Set(chains.flatMap(({ places }) => places))] };
}

function byName(places: readonly Place[]): Map<string, ChainPlace[]> {
  const found = new Map<string, ChainPlace[]>();
  for (const place of places) for (const name of place.names) found.set(name, [...(found.get(name) ?? []), place]);
  return found;
}
