// The trials: one ensemble for each kind of network, untrained ones for the theory, and the report's code.
import { greatestCommonDivisor } from "../../core/numbers/integers.js";
import { adam } from "../../optim/optimizers/adam.js";
import type { PlannedTrial, StageContext } from "../../study/definition.js";
import { type MeasurementInput, measurementPlan } from "../../study/measurement.js";
import { type TrialSpec, type TrialSpecInput, trialSpec } from "../../train/spec/trial-spec.js";
import { type ActivationId, type Cell, codedHiddenLayers, codedNetwork, edge, network } from "./networks.js";
import type { DyingReluSettings } from "./settings.js";

/** Of the paper and the report. */
export const batchSize = 64;
const learningRate = 1e-3;

/** Points at which a network is looked at: dense enough that no live piece of a narrow network is missed. */
export const gridPoints = 401;

/** Readings of the base case over its training, for the curve of survivors. Each costs two milliseconds per network. */
const looks = 5;

/** Networks whose functions are drawn. They are the first of the base case, since network i has seed i. */
const drawnNetworks = 60;

/** What a trial is for. `depths`: untrained networks; `drawn`: those whose outputs are kept; `asCoded`: the report's. */
export type Form = "trained" | "depths" | "drawn" | "asCoded";

type Context = StageContext<DyingReluSettings>;

export function design(context: Context): PlannedTrial[] {
  const { settings, seeds } = context;
  const base = baseCell(settings);
  return seeds.flatMap((seed) => [
    ...cells(settings).map((cell) => trained(cell, seed, context)),
    ...settings.widths.map((units) => depths({ ...base, ...theoryCell, units }, seed, context)),
    asCoded("relu", seed, context),
    asCoded("leakyRelu0.01", seed, context),
    ...(seed === seeds[0] ? [drawn(base, seed, context)] : []),
  ]);
}

/** The theory is about these; the function does not matter before training. */
const theoryCell = { activation: "relu", initializer: "heNormal" } as const;

/** The first entry of every list. */
export function baseCell({ targets, activations, initializers, hiddenLayers, units }: DyingReluSettings): Cell {
  return { target: targets[0], activation: activations[0], initializer: initializers[0], hiddenLayers, units };
}

/** The kinds of networks that are trained, the base case first. */
export function cells(settings: DyingReluSettings): Cell[] {
  const base = baseCell(settings);
  const { targets, activations, initializers, everyCombination } = settings;
  const all = targets.flatMap((target) =>
    activations.flatMap((activation) =>
      initializers.map((initializer) => ({ ...base, target, activation, initializer })),
    ),
  );
  if (everyCombination) return all;
  const changes = (cell: Cell): number =>
    Number(cell.target !== base.target) +
    Number(cell.activation !== base.activation) +
    Number(cell.initializer !== base.initializer);
  return all.filter((cell) => changes(cell) < 2);
}

function trained(cell: Cell, seed: number, context: Context): PlannedTrial {
  const { settings } = context;
  const isBase = sameCell(cell, baseCell(settings));
  const stepsPerEpoch = Math.ceil(context.examples(cell.target) / batchSize);
  const networks = isBase ? settings.networks : settings.otherNetworks;
  const spec = ensemble(context, cell, seed * networks, networks, { epochs: Math.max(...settings.epochs) });
  const every = cadence(settings.epochs, stepsPerEpoch, isBase);
  return {
    factors: { form: "trained", ...factorsOf(cell) },
    replicate: seed,
    spec,
    measure: measurementPlan({
      ...(isBase ? { steps: { every: 1, metrics: ["loss"] } } : {}),
      probes: { ...looking, every },
    }),
  };
}

/** Steps between readings: those after which networks are judged, and for the base case a curve of them. */
function cadence(epochs: readonly number[], stepsPerEpoch: number, isBase: boolean): number | null {
  if (epochs.length > 1) return stepsPerEpoch * epochs.reduce(greatestCommonDivisor);
  return isBase ? Math.max(1, Math.round((epochs[0] * stepsPerEpoch) / looks)) : null;
}

/** Untrained networks of the greatest depth: the first k layers of a network are a network of k layers. */
function depths(cell: Cell, seed: number, context: Context): PlannedTrial {
  const { networks, depths: compared } = context.settings;
  const deep = { ...cell, hiddenLayers: Math.max(...compared) };
  return {
    factors: { form: "depths", ...factorsOf(deep) },
    replicate: seed,
    spec: ensemble(context, deep, seed * networks, networks, { steps: 0 }),
    measure: measurementPlan({ evaluations: false, probes: { ...looking, every: null, at: ["start"] } }),
  };
}

/** The same networks as the first of the base case, whose outputs on the grid are kept. */
function drawn(cell: Cell, seed: number, context: Context): PlannedTrial {
  const count = Math.min(drawnNetworks, context.settings.networks);
  return {
    factors: { form: "drawn", ...factorsOf(cell) },
    replicate: seed,
    spec: ensemble(context, cell, seed * context.settings.networks, count, {
      epochs: Math.max(...context.settings.epochs),
    }),
    measure: measurementPlan({ probes: { ...looking, every: null, at: ["end"], samples: gridPoints } }),
  };
}

function asCoded(activation: ActivationId, seed: number, context: Context): PlannedTrial {
  const { networks } = context.settings;
  return {
    factors: {
      form: "asCoded",
      target: "x-sin-5x",
      activation,
      initializer: "kaimingUniform",
      network: `${codedHiddenLayers}x2`,
    },
    replicate: seed,
    spec: trialSpec({
      ...common(context, "asCoded", seed * networks, networks),
      model: codedNetwork(activation),
      epochs: codedEpochs,
    }),
    // The inputs are -1 and 1 alone, and so is the grid.
    measure: measurementPlan({
      probes: { ...looking, every: null, inputs: { kind: "grid", low: -1, high: 1, points: 2 } },
    }),
  };
}

/** Epochs of the report. */
export const codedEpochs = 2;

const looking = {
  at: ["start", "end"],
  inputs: { kind: "grid", low: -edge, high: edge, points: gridPoints },
  of: ["activations"],
  statistics: ["minimum", "maximum"],
  histogramBins: 0,
} satisfies MeasurementInput["probes"];

function ensemble(
  context: Context,
  cell: Cell,
  firstSeed: number,
  networks: number,
  length: { readonly epochs: number } | { readonly steps: number },
): TrialSpec {
  return trialSpec({ ...common(context, cell.target, firstSeed, networks), model: network(cell), ...length });
}

/** Network i of an ensemble has the seed `firstSeed + i`, so replicates keep apart by the number of networks. */
function common({ data }: Context, role: string, firstSeed: number, networks: number) {
  return {
    data: { ...data(role), scaling: "raw" },
    loss: { kind: "meanSquaredError" },
    optimizer: adam({ learningRate }),
    batchSize,
    seed: firstSeed,
    ensemble: networks,
  } satisfies Partial<TrialSpecInput>;
}

/** The place of a kind of network in the design. */
export function factorsOf({ target, activation, initializer, hiddenLayers, units }: Cell) {
  return { target, activation, initializer, network: `${hiddenLayers}x${units}` };
}

export function sameCell(a: Cell, b: Cell): boolean {
  return (
    a.target === b.target &&
    a.activation === b.activation &&
    a.initializer === b.initializer &&
    a.hiddenLayers === b.hiddenLayers &&
    a.units === b.units
  );
}
