// Specs of older forms as specs of today: in stores and checkpoints that an older version wrote.
import { InvalidInputError } from "../../core/errors.js";
import { type DatasetDefinition, fingerprint as fingerprintOf } from "../../data/published/definition.js";
import { datasetTable } from "../../data/published/index.js";
import type { DataSource } from "../../data/source.js";
import { isSyntheticName, syntheticDataset } from "../../data/synthetic.js";
import { targetForm } from "../../nn/losses/loss.js";
import { lossFunction } from "../../nn/losses.js";
import { type ProbeSpec, readProbeSpec } from "../../probes/probe-spec.js";
import type { DataUseInput } from "./data-use.js";
import { type TrialSpec, type TrialSpecInput, trialSpec } from "./trial-spec.js";

export interface UpgradedSpec {
  readonly spec: TrialSpec;
  /** What the older spec measured on the way, which changed its name and is no part of a spec today. */
  readonly probes?: ProbeSpec;
}

interface OldData {
  readonly dataset: string;
  readonly fingerprint: string;
  readonly trainExamples?: number;
  readonly testExamples?: number;
  readonly scaling: DataUseInput["scaling"];
}

/**
 * A spec of schema 1 or 2 as one of schema 3; one of schema 3 is checked and comes back. The training is the same, its
 * name is not. Specs of schema 1 did not know of initial values and row orders that were handed in.
 * @throws InvalidInputError | UnknownNameError when it is no spec of any form.
 */
export function upgradeTrialSpec(old: unknown, where = "trial"): UpgradedSpec {
  const members = membersOf(old, where);
  if (members.schema === 1) return fromSchema1(members, where);
  return { spec: trialSpec((members.schema === 2 ? fromSchema2(members) : old) as TrialSpecInput, where) };
}

type Members = Readonly<Record<string, unknown>>;

/** The sequential order of schema 1 and 2 went on from the last example to the first. */
function fromSchema2({ schema: _, ...rest }: Members): Members {
  return rest.order === "sequential" ? { ...rest, order: "wrapping" } : rest;
}

function fromSchema1({ probes, data, ...old }: Members, where: string): UpgradedSpec {
  const { dataset, fingerprint, trainExamples, testExamples, scaling, ...unknown } = membersOf(data, `${where}.data`);
  const rest = fromSchema2(old);
  const input = {
    ...rest,
    data: {
      ...unknown,
      source: sourceOf({ dataset, fingerprint } as OldData, rest.loss),
      examples: { train: trainExamples, test: testExamples },
      scaling,
    },
  };
  return {
    spec: trialSpec(input as unknown as TrialSpecInput, where),
    ...(probes === undefined ? {} : { probes: readProbeSpec(probes) }),
  };
}

function membersOf(value: unknown, where: string): Members {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new InvalidInputError("not a trial spec", { where, expected: "an object", received: typeof value });
}

/** The source of a set only if the bytes are those of the set: a user's folder may have the name of one. */
function sourceOf({ dataset: name, fingerprint }: OldData, loss: unknown): DataSource {
  if (Object.hasOwn(datasetTable, name) && publishedAs(datasetTable[name]).includes(fingerprint))
    return { kind: "published", name, fingerprint };
  if (typeof name === "string" && isSyntheticName(name)) {
    const drawn = syntheticDataset(name, targetForm(lossFunction(loss).targets).dataKind);
    if (drawn.fingerprint === fingerprint) return drawn.source;
  }
  return { kind: "local", name, fingerprint };
}

/** Fingerprints of the full set and of its sample. */
function publishedAs({ files, sample }: DatasetDefinition): string[] {
  return [files, ...(sample === undefined ? [] : [sample.files])].map(fingerprintOf);
}
