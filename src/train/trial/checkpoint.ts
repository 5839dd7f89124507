// Checkpoints: everything that a trial needs to go on as if nothing had happened, as one .safetensors file.
import { CorruptFileError, EnvironmentError, InvalidInputError } from "../../core/errors.js";
import { jsonHash } from "../../core/formats/hash.js";
import { canonicalJson } from "../../core/formats/json.js";
import { readSafetensors, writeSafetensors } from "../../core/formats/safetensors.js";
import { shapeText } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { dependsOnLength } from "../../optim/schedules.js";
import { type ProbeSpec, readProbeSpec } from "../../probes/probe-spec.js";
import { type Packing, packValues, unpackValues } from "../program/packing.js";
import { type ProbeRecord, probeTensors, readProbeTensors } from "../program/probe-record.js";
import { type StateLayout, stateNames } from "../program/state-layout.js";
import { type TrialSpec, trialId } from "../spec/trial-spec.js";
import { upgradeTrialSpec } from "../spec/upgrade.js";
import type { KeptState } from "./epochs/kept-weights.js";
import type { Evaluation } from "./events.js";
import type { StepMeasurements } from "./history.js";
import { checkSeal, openSeal, seal, sealKey } from "./seal.js";

/** Measurements are those of every step done, so that rows of a resumed trial equal those of an undisturbed one. */
export interface Checkpoint extends StepMeasurements {
  readonly spec: TrialSpec;
  /** Updates done. */
  readonly step: number;
  /** State vectors in the order of `stateNames`. */
  readonly state: readonly TensorData[];
  readonly evaluations: readonly Evaluation[];
  /** Weights of earlier epochs, of networks that will end with those. */
  readonly kept?: KeptState;
  /** What probes look at, and what they found so far, in the order of their program's outputs. */
  readonly probes?: { readonly spec: ProbeSpec; readonly records: readonly ProbeRecord[] };
}

const formatVersion = "4";
/** Its spec was of schema 1, with the probes in it; arrays that were handed in had a checksum beside the spec. */
const olderVersion = "3";

/** Serializes a checkpoint. Tensors are stored under their own names: `parameters/0.weight`, `mu/0.weight`. */
export function writeCheckpoint(layout: StateLayout, checkpoint: Checkpoint): Uint8Array {
  const tensors = new Map<string, TensorData>();
  for (const { group, packing, vectors } of groupsOf(layout, checkpoint.state)) {
    for (const [path, value] of unpackValues(packing, vectors)) tensors.set(`${group}/${path}`, value);
  }
  const { kept } = checkpoint;
  for (const [path, value] of keptTensors(layout, kept)) tensors.set(`kept/${path}`, value);
  const { losses: loss, correct, weights: weight, counted } = checkpoint;
  for (const [name, data] of Object.entries({ loss, correct, weight, counted }))
    if (data !== undefined) tensors.set(`history/${name}`, { dtype: "float32", shape: [data.length], data });
  for (const [name, tensor] of probeTensors(checkpoint.probes?.records ?? [])) tensors.set(`probes/${name}`, tensor);
  const metadata = {
    format: "trainscope-checkpoint",
    version: formatVersion,
    [sealKey]: openSeal,
    trial: trialId(checkpoint.spec),
    spec: JSON.stringify(checkpoint.spec),
    ...(checkpoint.probes === undefined ? {} : { probes: JSON.stringify(checkpoint.probes.spec) }),
    step: `${checkpoint.step}`,
    evaluations: JSON.stringify(checkpoint.evaluations, spelledOut),
    ...(kept === undefined ? {} : { kept: JSON.stringify(kept.steps) }),
  };
  const bytes = writeSafetensors(tensors, new Map(Object.entries(metadata)));
  seal(bytes);
  return bytes;
}

/** Kept weights by path. */
function keptTensors({ parameters, buffers }: StateLayout, kept: KeptState | undefined): Map<string, TensorData> {
  if (kept === undefined) return new Map();
  const { weights } = kept;
  return new Map([
    ...unpackValues(parameters, weights.slice(0, parameters.length)),
    ...unpackValues(buffers, weights.slice(parameters.length)),
  ]);
}

/** What a checkpoint says of itself. */
interface Description {
  readonly spec: TrialSpec;
  readonly step: number;
  readonly probes: ProbeSpec | undefined;
}

/** What a checkpoint says of itself, one of the version before included: its spec is upgraded. */
function readDescription(where: string, bytes: Uint8Array): Description {
  const { metadata } = readSafetensors(bytes, where);
  if (metadata.get("format") !== "trainscope-checkpoint") {
    throw new InvalidInputError("not a checkpoint", {
      where,
      expected: "a .safetensors file that train --save-state wrote",
      received: metadata.get("format") ?? "a file without a format entry",
    });
  }
  const version = metadata.get("version");
  if (Number(version) > Number(formatVersion)) {
    throw new EnvironmentError("the checkpoint was written by a newer Trainscope", {
      where,
      expected: `version ${formatVersion} or older`,
      received: `version ${version}`,
      remedy: "Update trainscope, or start anew without this file",
    });
  }
  if (version !== formatVersion && version !== olderVersion) {
    throw new InvalidInputError("checkpoint of another version", {
      where,
      expected: formatVersion,
      received: version ?? "none",
    });
  }
  checkSeal(bytes, where);
  const stored = parsed(where, metadata.get("spec"));
  if (typeof stored !== "object" || stored === null || jsonHash(stored) !== metadata.get("trial")) throw damaged(where);
  if (version === olderVersion) checkNoArrays(where, parsed(where, metadata.get("origin")));
  const { spec, probes } = upgradeTrialSpec(stored, `${where}, trial`);
  const measured = metadata.get("probes");
  return {
    spec,
    step: Number(metadata.get("step")),
    probes: measured === undefined ? probes : readProbeSpec(parsed(where, measured)),
  };
}

/**
 * Updates done when a checkpoint was written.
 * @throws InvalidInputError when it is none, CorruptFileError when it is damaged, EnvironmentError when it is newer.
 */
export function checkpointStep(where: string, bytes: Uint8Array): number {
  return readDescription(where, bytes).step;
}

/** The older checksums cannot be compared with hashes. */
function checkNoArrays(where: string, origin: unknown): void {
  const [what] = Object.keys((origin as Members | null) ?? {});
  if (what === undefined) return;
  throw new InvalidInputError(`a checkpoint of an older form, whose ${what} cannot be checked`, {
    where,
    remedy: "Start anew without --resume",
  });
}

/** JSON has no word for the loss of a diverged network: a text stands for it. */
function spelledOut(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? `${value}` : value;
}

function asNumber(_key: string, value: unknown): unknown {
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : value;
}

function parsed(where: string, text: string | undefined, revive?: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text ?? "", revive);
  } catch (cause) {
    throw damaged(where, cause);
  }
}

function damaged(where: string, cause?: unknown): CorruptFileError {
  return new CorruptFileError("the checkpoint's description is damaged", { where, cause });
}

function readEvaluations(where: string, text: string | undefined): Evaluation[] {
  const list = parsed(where, text, asNumber);
  const isEvaluation = (entry: unknown): entry is Evaluation | SingleEvaluation =>
    typeof entry === "object" && entry !== null && "phase" in entry && "step" in entry && "loss" in entry;
  if (!Array.isArray(list) || !list.every(isEvaluation)) throw damaged(where);
  return list.map((entry) => ofNetworks(entry));
}

/** Checkpoints of one network used to hold its numbers outside of lists. */
type SingleEvaluation = Omit<Evaluation, "loss" | "accuracy"> & { readonly loss: number; readonly accuracy?: number };

function ofNetworks({ loss, accuracy, ...place }: Evaluation | SingleEvaluation): Evaluation {
  const listed = (value: number | readonly number[]): readonly number[] =>
    typeof value === "number" ? [value] : value;
  return { ...place, loss: listed(loss), ...(accuracy === undefined ? {} : { accuracy: listed(accuracy) }) };
}

/** The trial that a checkpoint is read for. */
export interface CheckpointOwner {
  readonly spec: TrialSpec;
  readonly probes?: ProbeSpec | undefined;
}

/**
 * Reads a checkpoint for a trial.
 * @throws InvalidInputError when it belongs to another trial, CorruptFileError when it is damaged, EnvironmentError when it
 * is newer.
 */
export function readCheckpoint(
  where: string,
  bytes: Uint8Array,
  layout: StateLayout,
  { spec, probes }: CheckpointOwner,
): Checkpoint {
  const saved = readDescription(where, bytes);
  const { tensors, metadata } = readSafetensors(bytes, where);
  assertSameTrial(where, described(withNameOf(spec, saved)), described({ spec, probes }));
  assertSameLength(where, saved.spec, spec);
  const take = (name: string): TensorData => {
    const tensor = tensors.get(name);
    if (tensor?.dtype !== "float32") throw new CorruptFileError(`tensor "${name}" is missing`, { where });
    return tensor;
  };
  const readGroup = (group: string, packing: Packing): TensorData[] => {
    for (const entry of packing.flatMap(({ entries }) => entries)) {
      const { path } = entry;
      const shape = entry.part?.whole ?? entry.shape;
      const found = take(`${group}/${path}`);
      if (shapeText(found.shape) !== shapeText(shape)) {
        throw new CorruptFileError(`tensor "${group}/${path}" has another shape`, {
          where,
          expected: shapeText(shape),
          received: shapeText(found.shape),
        });
      }
    }
    return packValues(packing, (path) => take(`${group}/${path}`).data as Float32Array);
  };
  const state = groupsOf(layout, []).flatMap(({ group, packing }) => readGroup(group, packing));
  const losses = take("history/loss").data as Float32Array;
  const networks = spec.ensemble ?? 1;
  if (!Number.isInteger(saved.step) || losses.length !== saved.step * networks) {
    throw new CorruptFileError("the history does not fit the step", {
      where,
      expected: `${saved.step * networks} losses`,
      received: `${losses.length}`,
    });
  }
  const correct = take("history/correct").data as Float32Array;
  const divisors = readDivisors(where, tensors, losses.length);
  const evaluations = readEvaluations(where, metadata.get("evaluations"));
  const measured = probes === undefined ? {} : { probes: { spec: probes, records: readProbeTensors(where, tensors) } };
  const kept = readKept(where, metadata.get("kept"), networks, () =>
    [layout.parameters, layout.buffers].flatMap((packing) => readGroup("kept", packing)),
  );
  return { spec: saved.spec, step: saved.step, state, losses, correct, ...divisors, evaluations, ...measured, ...kept };
}

/** What losses and right answers of every step are divided by, where that is not the examples. */
function readDivisors(
  where: string,
  tensors: ReadonlyMap<string, TensorData>,
  expected: number,
): Pick<StepMeasurements, "weights" | "counted"> {
  const read = (name: string): Float32Array | undefined => {
    const data = tensors.get(`history/${name}`)?.data;
    if (data === undefined || (data instanceof Float32Array && data.length === expected)) return data;
    throw new CorruptFileError("the history does not fit the step", {
      where,
      expected: `${expected} numbers`,
      received: `${data.length}`,
    });
  };
  const [weights, counted] = [read("weight"), read("counted")];
  return { ...(weights === undefined ? {} : { weights }), ...(counted === undefined ? {} : { counted }) };
}

/** Weights of earlier epochs, where the training will end with some. */
function readKept(
  where: string,
  text: string | undefined,
  networks: number,
  readWeights: () => readonly TensorData[],
): { kept?: KeptState } {
  if (text === undefined) return {};
  const steps = parsed(where, text);
  const isStep = (value: unknown): boolean => value === null || Number.isInteger(value);
  if (!Array.isArray(steps) || steps.length !== networks || !steps.every(isStep)) throw damaged(where);
  return { kept: { steps, weights: readWeights() } };
}

type Members = Readonly<Record<string, unknown>>;

/** What must be the same when a trial goes on, by names for people: everything but the length. */
function described({ spec, probes }: CheckpointOwner): Members {
  const { epochs: _epochs, steps: _steps, rows, initial, ...rest } = spec;
  return { "order of rows": rows, "set of initial values": initial, "set of probes": probes, ...rest };
}

/** A user's examples are the same whatever their file is called; older versions named them without a fingerprint. */
function withNameOf(wanted: TrialSpec, saved: CheckpointOwner): CheckpointOwner {
  const [now, before] = [wanted.data.source, saved.spec.data.source];
  if (now.kind !== "local" || before.kind !== "local" || now.fingerprint !== before.fingerprint) return saved;
  return { ...saved, spec: { ...saved.spec, data: { ...saved.spec.data, source: now } } };
}

/** What was done already would have been done at other rates, if the schedule depends on the length. */
function assertSameLength(where: string, saved: TrialSpec, wanted: TrialSpec): void {
  const [before, now] = [saved, wanted].map(({ epochs, steps }) => text({ epochs, steps }));
  if (before === now || !dependsOnLength(wanted.schedule)) return;
  throw new InvalidInputError("the schedule depends on how long the training is", {
    where,
    expected: now,
    received: before,
    remedy: "Resume with the same length, or start anew with a schedule whose own length is given",
  });
}

/** A checkpoint continues its own trial, possibly for longer; everything but the length must be equal. */
function assertSameTrial(where: string, before: Members, now: Members): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [a, b] = [text(before[key]), text(now[key])];
    if (a === b) continue;
    throw new InvalidInputError(`the checkpoint was made with another ${key}`, {
      where,
      expected: shortened(b),
      received: shortened(a),
      remedy: "Resume with the options that it was made with, or start anew without --resume",
    });
  }
}

/** Equal values have equal texts, whatever the order of their members. */
const text = (value: unknown): string => (value === undefined ? "nothing" : canonicalJson(value));
const shortened = (value: string): string => (value.length > 200 ? `${value.slice(0, 199)}…` : value);

function groupsOf(layout: StateLayout, state: readonly TensorData[]) {
  const groups = [
    { group: "parameters", packing: layout.parameters },
    ...Object.keys(layout.slots).map((slot) => ({ group: slot, packing: layout.parameters })),
    { group: "buffers", packing: layout.buffers },
  ];
  let at = 0;
  const placed = groups.map((entry) => {
    const first = at;
    at += entry.packing.length;
    return { ...entry, vectors: state.slice(first, at) };
  });
  if (state.length > 0 && at !== stateNames(layout).length) throw new RangeError("state vectors do not fit the layout");
  return placed;
}
