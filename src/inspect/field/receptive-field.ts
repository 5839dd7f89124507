// Receptive fields: what one element of a feature map sees of the input, over all paths of a branching graph.
//
//   every axis of the input is followed from tensor to tensor by the operators' rules (`Op.window`, `Op.reach`);
//   axes over which windows slide somewhere in the model are the spatial ones, and those are told

import { reachOf } from "../../graph/accounting/node-reach.js";
import type { AxisReach, InputReach } from "../../graph/accounting/reach.js";
import type { Node, Tensor } from "../../graph/tensor.js";
import type { ReceptiveField } from "../inspection.js";
import type { Subject, Value } from "../subject/subject.js";
import { centerOf, evenPhases, type FieldPhases, phasesBehind, phasesTogether, widestOf } from "./field-phases.js";

/**
 * What the elements of a tensor see along one axis of the input. Elements that have places on a grid see the pixels of
 * `phases`, over all paths: without enlargements the `size` pixels around `offset + u stride`.
 */
export interface AxisField {
  /** Of the input. */
  readonly extent: number;
  readonly phases: FieldPhases;
  /** Of the path that sees least. */
  readonly least: FieldPhases;
  /** Pixels between neighbors, and the center of the field of place 0; both in the mean over phases. */
  readonly stride: number;
  readonly offset: number;
  readonly isAligned: boolean;
  /** A path sees the whole axis: a mean over it, a gate, a statistic. */
  readonly seesAll: boolean;
  /** Axes of the tensor that carry the places; none where every element sees the whole axis. */
  readonly carriers: readonly number[];
  /** `grid`: place `u` of the carrier is where the formula says. `moved`: in some other order. `none`: no places. */
  readonly places: "grid" | "moved" | "none";
}

/** By `input:axis`; absent where the axis has no influence. */
type Fields = ReadonlyMap<string, AxisField>;

/**
 * The receptive field of every tensor that has one. The formulas are those of Araujo, Norris and Sim (Distill 2019), in
 * terms of centres instead of padding: a window of kernel k, dilation d, stride s and padding p makes
 * `size + d (k - 1) stride`, `stride s`, `offset + stride (d (k - 1) / 2 - p)`. Behind an enlargement (Resize,
 * ConvTranspose, DepthToSpace) places of different phase see different extents, which are followed apart (`FieldPhases`),
 * and the size is that of the widest phase; the formulas alone would be too small for windows behind it. Branches that meet see the union of their
 * extents. A path that loses places (global pooling) and is multiplied or added back, a gate, and statistics of a
 * normalization are noted (`seesAll`) and otherwise left out.
 *
 * Spatial axes are those of the input over which windows slide; without any there is no answer. `"all"`: every element
 * sees the whole input. No entry: an operator on the way does not say what it depends on.
 */
export function receptiveFields(subject: Subject): ReadonlyMap<Tensor, ReceptiveField | "all"> {
  return new Map([...spatialPaths(subject)].map(([tensor, paths]) => [tensor, told(paths)]));
}

/** What the elements of a tensor see along one spatial axis of one input, and where their places lie. */
export interface SpatialPath extends AxisField {
  /** Which input of the subject. */
  readonly input: number;
  /** Which axis of it. */
  readonly axis: number;
}

/** What `receptiveFields` tells, with the axes of inputs and tensors: one entry for every spatial axis. */
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

/** Before anything is computed every element sees itself. The first axis counts examples. */
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
  /** Values that depend on the input, nobody knows how. */
  readonly lost: Set<Value>;
  /** Axes of the input over which windows slide. */
  readonly slid: Set<string>;
}

/** Fields of the outputs of a node; none where it has no rule, or an input none. */
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

/** Through all inputs together; `null` where there is no answer. */
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

/** What the output sees through one input; `null` where there is no answer. */
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

/** @param reach of the axes that carry the places. */
function stepped(field: AxisField, reach: readonly AxisReach[]): AxisField | null {
  if (field.places === "none" || reach.length === 0) return field;
  if (reach.some(({ kind }) => kind === "all")) {
    // Part of the places mixed, part not: which ones is not followed.
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

/** Places stay on a grid: place u of the next lies, in the mean, around `u step + start`. */
function onwards(field: AxisField, reach: GridReach, step: number, start: number): AxisField {
  const phases = phasesBehind(field.phases, reach);
  return {
    ...field,
    carriers: [reach.axis],
    phases,
    // One path so far: nothing to compute twice.
    least: field.least === field.phases ? phases : phasesBehind(field.least, reach),
    stride: field.stride * step,
    offset: field.offset + field.stride * start,
  };
}

/** Places in another order: only what keeps every element whole can be followed. */
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

/** What several paths see together. */
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
  // Rows by columns: every element sees two places, all pairs there are.
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

/** Places of two branches that do not move alike: where they lie is not followed further, only the extent of both. */
function aroundCenters(...fields: readonly AxisField[]): FieldPhases {
  const halves = fields.map(({ phases }) => (widestOf(phases) - 1) / 2);
  return evenPhases(
    Math.min(...fields.map(({ offset }, i) => offset - halves[i])),
    Math.max(...fields.map(({ offset }, i) => offset + halves[i])),
    Math.max(...fields.map(({ stride }) => stride)),
  );
}

/**
 * A path that sees the whole axis joins one with places. Repeated over the places it is a gate, which is noted; of its own
 * value at every place (attention, products over places) it makes every element see everything.
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
