// Receptive fields: the part of the input that one element of a feature map sees, over all paths of a branching graph.
//
//   every axis of the input is tracked from tensor to tensor by the operators' rules (`Op.window`, `Op.reach`);
//   the spatial axes are those over which windows slide anywhere in the model, and only these are reported

import type { AxisReach, InputReach } from "../../graph/accounting/axis-reach.js";
import { reachOf } from "../../graph/accounting/node-reach.js";
import type { Node, Tensor } from "../../graph/tensor.js";
import type { ReceptiveField } from "../inspection.js";
import type { Subject, Value } from "../subject/subject.js";
import { centerOf, evenPhases, type FieldPhases, phasesBehind, phasesTogether, widestOf } from "./field-phases.js";

/**
 * What the elements of a tensor see along one axis of the input. Elements at grid positions see the pixels of `phases`,
 * over all paths: without upsampling, the `size` pixels around `offset + u stride`.
 */
export interface AxisField {
  /** Size of the input axis. */
  readonly extent: number;
  readonly phases: FieldPhases;
  /** The phases of the path that sees least. */
  readonly least: FieldPhases;
  /** Pixels between neighbors, and center of the field of position 0; both are means over phases. */
  readonly stride: number;
  readonly offset: number;
  readonly isAligned: boolean;
  /** Whether a path sees the whole axis: a mean over it, a gate, a statistic. */
  readonly seesAll: boolean;
  /** Axes of the tensor that carry the positions; none if every element sees the whole axis. */
  readonly carriers: readonly number[];
  /**
   * `grid`: position `u` of the carrier is where the formula says. `moved`: the positions are reordered. `none`: no
   * positions.
   */
  readonly places: "grid" | "moved" | "none";
}

/** By `input:axis`; absent if the axis has no influence. */
type Fields = ReadonlyMap<string, AxisField>;

/**
 * The receptive field of every tensor that has one. The formulas are those of Araujo, Norris and Sim (Distill 2019),
 * written with centers instead of padding: a window of kernel k, dilation d, stride s and padding p gives `size + d (k
 * - 1) stride`, `stride s`, `offset + stride (d (k - 1) / 2 - p)`. After upsampling (Resize, ConvTranspose,
 * DepthToSpace), positions of different phase see different sizes, which are tracked separately (`FieldPhases`), and
 * the size is that of the widest phase; the formulas alone would give too small sizes for later windows. Where branches
 * meet, the field is the union. Two kinds of paths are only flagged (`seesAll`) and otherwise ignored: a path that
 * loses its positions (global pooling) and is multiplied or added back, which is a gate, and the statistics of a
 * normalization.
 *
 * The spatial axes are the input axes over which windows slide; without any, the result is empty. `"all"` means that
 * every element sees the whole input. A tensor is missing if an operator before it does not declare its dependencies.
 */
export function receptiveFields(subject: Subject): ReadonlyMap<Tensor, ReceptiveField | "all"> {
  return new Map([...spatialPaths(subject)].map(([tensor, paths]) => [tensor, told(paths)]));
}

/** What the elements of a tensor see along one spatial axis of one input, and the axes that carry their positions. */
export interface SpatialPath extends AxisField {
  /** Index of the subject's input. */
  readonly input: number;
  /** Index of the input axis. */
  readonly axis: number;
}

/** The fields of `receptiveFields` with the axes of inputs and tensors: one entry per spatial axis. */
export function spatialPaths({ inputs, steps }: Subject): ReadonlyMap<Tensor, readonly SpatialPath[]> {
  const known = new Map<Tensor, Fields>();
  const lost = new Set<Value>();
  const slid = new Set<string>();
  for (const [i, { tensor }] of inputs.entries()) known.set(tensor, initialFields(i, tensor));
  for (const { nodes, outputs, unknown } of steps) {
    for (const node of nodes) follow(node, { known, lost, slid });
    if (unknown !== undefined) for (const output of outputs) lost.add(output);
  }
  const result = new Map<Tensor, readonly SpatialPath[]>();
  for (const [tensor, fields] of known) {
    const paths = [...fields].filter(([key]) => slid.has(key)).map(([key, field]) => pathOf(key, field));
    if (paths.length > 0) result.set(tensor, paths);
  }
  return result;
}

function pathOf(key: string, field: AxisField): SpatialPath {
  const [input, axis] = key.split(":").map(Number);
  return { ...field, input, axis };
}

const itself = evenPhases(0, 0, 1);

/** Initially every element sees itself. The first axis is the batch. */
function initialFields(index: number, { shape }: Tensor): Fields {
  return new Map(
    shape.slice(1).map((extent, i): [string, AxisField] => [
      `${index}:${i + 1}`,
      {
        ...{ extent, phases: itself, least: itself },
        ...{ stride: 1, offset: 0, isAligned: true, seesAll: false },
        carriers: [i + 1],
        places: "grid",
      },
    ]),
  );
}

interface Findings {
  readonly known: Map<Tensor, Fields>;
  /** Values that depend on the input in an unknown way. */
  readonly lost: Set<Value>;
  /** Input axes over which windows slide. */
  readonly slid: Set<string>;
}

/** The fields of a node's outputs; none if the node has no rule or an input has no fields. */
function follow(node: Node, { known, lost, slid }: Findings): void {
  const { op, inputs, outputs, attrs } = node;
  const read = inputs.map((tensor) => (tensor === null ? undefined : known.get(tensor)));
  const isLost = inputs.some((tensor) => tensor !== null && lost.has(tensor));
  if (!isLost && read.every((fields) => fields === undefined)) return;
  for (const [output, tensor] of outputs.entries()) {
    const fields = isLost ? null : seenBy(read, reachOf(node, output));
    if (fields === null) lost.add(tensor);
    else known.set(tensor, fields);
  }
  if (op.window === undefined || read[0] === undefined) return;
  const spatial = op.window(inputs, attrs).kernel.map((_, axis) => axis + 2);
  for (const [axis, { carriers }] of read[0]) if (carriers.some((carrier) => spatial.includes(carrier))) slid.add(axis);
}

/** What the output sees through one input. */
interface Path {
  readonly fields: Fields;
  /** Axes of the output along which the input is not repeated. */
  readonly variesOver: ReadonlySet<number>;
}

function axesOf(reach: AxisReach): readonly number[] {
  return reach.kind === "all" ? [] : reach.kind === "moved" ? reach.axes : [reach.axis];
}

/** What the output sees through all inputs together; `null` if unknown. */
function seenBy(read: readonly (Fields | undefined)[], rules: readonly InputReach[] | undefined): Fields | null {
  if (rules === undefined) return null;
  const paths: Path[] = [];
  for (const [i, input] of read.entries()) {
    const rule = rules[i];
    if (input === undefined || rule === null || rule === undefined) continue;
    const fields = through(input, rule);
    if (fields === null) return null;
    paths.push({ fields, variesOver: new Set(rule.flatMap(axesOf)) });
  }
  return union(paths);
}

/** What the output sees through one input; `null` if unknown. */
function through(fields: Fields, rule: readonly AxisReach[]): Fields | null {
  const result = new Map<string, AxisField>();
  for (const [axis, field] of fields) {
    const next = stepped(
      field,
      field.carriers.map((carrier) => rule[carrier]),
    );
    if (next === null) return null;
    result.set(axis, next);
  }
  return result;
}

/** @param reach rules of the axes that carry the positions. */
function stepped(field: AxisField, reach: readonly AxisReach[]): AxisField | null {
  if (field.places === "none" || reach.length === 0) return field;
  if (reach.some(({ kind }) => kind === "all")) {
    // If only some of the carrying axes are mixed, the result is not tracked.
    return reach.every(({ kind }) => kind === "all") ? everywhere(field) : null;
  }
  if (field.places === "moved" || reach.length > 1) return movedOn(field, reach);
  const [only] = reach;
  switch (only.kind) {
    case "same":
      return { ...field, carriers: [only.axis], seesAll: field.seesAll || only.seesAll === true };
    case "window":
      return onwards(field, only, only.stride, (only.dilation * (only.kernel - 1)) / 2 - only.pad);
    case "between":
      return onwards(field, only, only.step, only.start);
    case "moved":
      return { ...field, carriers: only.axes, places: "moved" };
    default:
      return everywhere(field);
  }
}

type GridReach = Extract<AxisReach, { kind: "window" | "between" }>;

/** Positions stay on a grid: position u of the output is centered, on average, at `u step + start`. */
function onwards(field: AxisField, reach: GridReach, step: number, start: number): AxisField {
  const phases = phasesBehind(field.phases, reach);
  return {
    ...field,
    carriers: [reach.axis],
    phases,
    // With a single path so far, both are the same.
    least: field.least === field.phases ? phases : phasesBehind(field.least, reach),
    stride: field.stride * step,
    offset: field.offset + field.stride * start,
  };
}

/** The positions are reordered: only rules that keep every element whole can be tracked. */
function movedOn(field: AxisField, reach: readonly AxisReach[]): AxisField | null {
  const carriers: number[] = [];
  let seesAll = field.seesAll;
  for (const one of reach) {
    if (one.kind === "same") {
      carriers.push(one.axis);
      seesAll ||= one.seesAll === true;
    } else if (one.kind === "moved") carriers.push(...one.axes);
    else if (one.kind === "window" && one.kernel === 1) carriers.push(one.axis);
    else return null;
  }
  return { ...field, carriers: [...new Set(carriers)], places: "moved", seesAll };
}

/** Every element sees the whole axis. */
function everywhere({ extent }: AxisField): AxisField {
  const phases = evenPhases(0, extent - 1, 0);
  return {
    ...{ extent, phases, least: phases, stride: 0, offset: (extent - 1) / 2, isAligned: true, seesAll: true },
    carriers: [],
    places: "none",
  };
}

/** The union of several paths. */
function union(paths: readonly Path[]): Fields {
  const result = new Map<string, AxisField>();
  const varied = new Map<string, ReadonlySet<number>>();
  for (const { fields, variesOver } of paths) {
    for (const [axis, field] of fields) {
      const known = result.get(axis);
      const before = varied.get(axis) ?? new Set();
      result.set(axis, known === undefined ? field : joined(known, before, field, variesOver));
      varied.set(axis, new Set([...before, ...variesOver]));
    }
  }
  return result;
}

function joined(a: AxisField, variesA: ReadonlySet<number>, b: AxisField, variesB: ReadonlySet<number>): AxisField {
  if (a.places === "none") return withoutPlaces(b, variesA);
  if (b.places === "none") return withoutPlaces(a, variesB);
  // Rows by columns: an element sees two positions, and all pairs occur.
  if (a.carriers.join() !== b.carriers.join()) return everywhere(a);
  const onGrid = a.places === "grid" && b.places === "grid" ? phasesTogether(a.phases, b.phases) : undefined;
  const phases = onGrid ?? aroundCenters(a, b);
  return {
    extent: a.extent,
    phases,
    least: widestOf(a.least) <= widestOf(b.least) ? a.least : b.least,
    stride: Math.max(a.stride, b.stride),
    offset: centerOf(phases),
    isAligned: a.isAligned && b.isAligned && a.stride === b.stride && Math.abs(a.offset - b.offset) < 1e-9,
    seesAll: a.seesAll || b.seesAll,
    carriers: a.carriers,
    places: onGrid === undefined ? "moved" : "grid",
  };
}

/** Two branches whose fields advance differently: only their common size is tracked, not the exact positions. */
function aroundCenters(...fields: readonly AxisField[]): FieldPhases {
  const halves = fields.map(({ phases }) => (widestOf(phases) - 1) / 2);
  return evenPhases(
    Math.min(...fields.map(({ offset }, i) => offset - halves[i])),
    Math.max(...fields.map(({ offset }, i) => offset + halves[i])),
    Math.max(...fields.map(({ stride }) => stride)),
  );
}

/**
 * A path that sees the whole axis meets a path with positions. If it is repeated over the positions, it is a gate,
 * which is flagged. If it has its own value at every position (attention, products over positions), every element sees
 * everything.
 */
function withoutPlaces(field: AxisField, variesOver: ReadonlySet<number>): AxisField {
  const isGate = !field.carriers.some((carrier) => variesOver.has(carrier));
  return isGate ? { ...field, seesAll: true } : everywhere(field);
}

/** The spatial axes of one tensor. */
function told(spatial: readonly AxisField[]): ReceptiveField | "all" {
  if (spatial.every(({ places }) => places === "none")) return "all";
  return {
    size: spatial.map(({ phases }) => widestOf(phases)),
    smallest: spatial.map(({ least }) => widestOf(least)),
    stride: spatial.map(({ stride }) => stride),
    offset: spatial.map(({ offset }) => offset),
    isAligned: spatial.every(({ isAligned }) => isAligned),
    seesAll: spatial.some(({ seesAll }) => seesAll),
  };
}
