// The trials: untrained networks of every kind as ensembles, trainings, and the report's two Xavier figures as coded.
import { sgd } from "../../optim/optimizers/sgd.js";
import type { PlannedTrial, StageContext } from "../../study/definition.js";
import { type MeasurementInput, measurementPlan } from "../../study/measurement.js";
import { trialSpec } from "../../train/spec/trial-spec.js";
import {
  type ActivationId,
  type Cell,
  deviationOf,
  type InitializerId,
  modelOf,
  type NetworkId,
  networks,
  variantOf,
} from "./networks.js";
import type { InitializationSettings } from "./settings.js";

/** What a trial is for. */
export type Form = "untrained" | "trained" | "asCoded";

type Context = StageContext<InitializationSettings>;

/** Values of each tensor that are kept of a network that is drawn as violins. */
const drawnValues = 400;

/** Normal initializers with a level of their own; others have the level `normal` and differ by their deviation. */
export const usualNormals = ["normal0.01", "normal0.1", "normal0.14", "normal0.28", "normal1"] as const;

/** The kinds of networks that are drawn: those of the report's figures, deepreplay's cases, and examples of failures. */
const drawn: ReadonlySet<string> = new Set([
  ...["normal0.1", "normal0.14", "normal0.28", "glorotNormal"].flatMap((initializer) =>
    ["tanh", "sigmoid"].map((activation) => `mnist/${activation}/${initializer}`),
  ),
  ...["glorotNormal", "heNormal", "normal0.28", "torchDefault"].map((initializer) => `mnist/relu/${initializer}`),
  "block/sigmoid/normal0.01",
  "block/tanh/glorotNormal",
  "block/relu/heNormal",
  "block/tanh/normal0.01",
  "block/tanh/normal1",
]);

/** Those whose distributions are drawn before and after training. */
export const drifting: readonly string[] = [
  "mnist/tanh/glorotNormal",
  "mnist/sigmoid/normal0.28",
  "mnist/relu/heNormal",
];

export function design(context: Context): PlannedTrial[] {
  const { settings, seeds } = context;
  const kinds = cells(settings);
  return [
    ...kinds.map((cell) => untrained(cell, context)),
    ...seeds.flatMap((seed) =>
      kinds.filter(({ network }) => settings.trained.includes(network)).map((cell) => trained(cell, seed, context)),
    ),
    ...(settings.networks.includes("mnist") ? asCoded(context) : []),
  ];
}

/** The kinds of networks: every activation with every initializer. */
export function cells({
  networks: chosen,
  activations,
  hiddenLayers,
  units,
  ...settings
}: InitializationSettings): Cell[] {
  return chosen.flatMap((network) =>
    activations.flatMap((activation) =>
      initializersOf(network, settings).map((initializer) => ({
        network,
        activation,
        initializer,
        hiddenLayers,
        units,
      })),
    ),
  );
}

function initializersOf(
  network: NetworkId,
  {
    deviations,
    blockDeviations,
    initializers,
  }: Pick<InitializationSettings, "deviations" | "blockDeviations" | "initializers">,
): InitializerId[] {
  const chosen = network === "block" ? blockDeviations : deviations;
  return [...chosen.map((deviation): InitializerId => `normal${deviation}`), ...initializers];
}

/** The place of a kind of network in the design. */
export function factorsOf({ network, activation, initializer }: Pick<Cell, "network" | "activation" | "initializer">) {
  const deviation = deviationOf(initializer);
  const isUsual = deviation === undefined || (usualNormals as readonly string[]).includes(initializer);
  return isUsual ? { network, activation, initializer } : { network, activation, initializer: "normal", deviation };
}

/** The examples that networks are looked at on. */
function looking(network: NetworkId, { inputs }: InitializationSettings) {
  const split = network === "mnist" ? "test" : "train";
  // The ball has 1,000 points.
  const count = network === "mnist" ? inputs : Math.min(inputs, 1000);
  return {
    inputs: { kind: "rows", split, rows: Array.from({ length: count }, (_, row) => row) },
    of: ["preActivations", "activations", "activationGradients", "weights", "gradients"],
    statistics: ["mean", "deviation", "norm", "zeroFraction", "deadFraction", "saturatedFraction"],
    histogramBins: 0,
  } satisfies MeasurementInput["probes"];
}

const samplesOf = (cell: Cell): number => (drawn.has(variantOf(cell)) ? drawnValues : 0);

function common({ data }: Context, network: NetworkId) {
  return { data: { ...data(network), scaling: networks[network].scaling }, loss: networks[network].loss } as const;
}

/** Network i of the ensemble has the seed i. */
function untrained(cell: Cell, context: Context): PlannedTrial {
  const { settings, seeds } = context;
  return {
    factors: { form: "untrained" satisfies Form, ...factorsOf(cell) },
    replicate: seeds[0],
    spec: trialSpec({
      ...common(context, cell.network),
      model: modelOf(cell),
      optimizer: sgd(),
      steps: 0,
      seed: seeds[0],
      ensemble: settings.untrained,
    }),
    measure: measurementPlan({
      evaluations: false,
      probes: { ...looking(cell.network, settings), every: null, at: ["start"], samples: samplesOf(cell) },
    }),
  };
}

function trained(cell: Cell, seed: number, context: Context): PlannedTrial {
  const { learningRate, batchSize, steps, readings } = context.settings;
  return {
    factors: { form: "trained" satisfies Form, ...factorsOf(cell) },
    replicate: seed,
    spec: trialSpec({
      ...common(context, cell.network),
      model: modelOf(cell),
      optimizer: sgd({ learningRate }),
      batchSize,
      steps,
      seed,
    }),
    measure: measurementPlan({
      evaluations: false,
      probes: {
        ...looking(cell.network, context.settings),
        every: Math.max(1, Math.floor(steps / readings)),
        at: ["start", "end"],
        samples: drifting.includes(variantOf(cell)) ? drawnValues : 0,
      },
    }),
  };
}

/** Panels of the report's figures 2 and 4, by the deviation in their titles. */
export const codedPanels = [0.1, 0.14, 0.28] as const;
export const codedActivations: readonly ActivationId[] = ["tanh", "sigmoid"];

/** The seed of the report's code. */
const codedSeed = 10;

/**
 * The report's code makes every panel of its figures 2 and 4 with `GlorotNormal(seed=10)` of Keras, which is truncated at
 * two deviations; the deviation of the title is not used. So the three trials of a figure are one and the same.
 */
function asCoded(context: Context): PlannedTrial[] {
  const { activations, hiddenLayers, units } = context.settings;
  return codedActivations
    .filter((activation) => activations.includes(activation))
    .flatMap((activation) =>
      codedPanels.map((panel): PlannedTrial => {
        const cell = { network: "mnist", activation, initializer: "glorotNormal", hiddenLayers, units } as const;
        return {
          factors: { form: "asCoded" satisfies Form, network: "mnist", activation, panel },
          replicate: context.seeds[0],
          spec: trialSpec({
            ...common(context, "mnist"),
            model: modelOf(cell, { weights: { kind: "glorotNormal", truncated: true }, biases: "zeros" }),
            optimizer: sgd(),
            steps: 0,
            seed: codedSeed,
          }),
          measure: measurementPlan({
            evaluations: false,
            probes: { ...looking("mnist", context.settings), every: null, at: ["start"], samples: drawnValues },
          }),
        };
      }),
    );
}
