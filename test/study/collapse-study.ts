// Study `collapse`, an example: do narrow networks collapse, and at the learning rate that suits them best?
//
// Two stages (the first chooses a learning rate for the second), two data sets, ensembles as replicates, and settings of
// every kind. It uses only public names of the package.
import { nn, optim, trialSpec } from "trainscope";
import {
  type Analysis,
  defineStudy,
  type Factors,
  findingsOf,
  judge,
  lastOf,
  meanOf,
  measurementPlan,
  type PlannedTrial,
  paired,
  percentText,
  proportionOf,
  type StageContext,
  type StudyResults,
  select,
  survivorsText,
} from "trainscope/studies";
import * as z from "zod";

const settings = z.object({
  activations: z
    .array(z.enum(["relu", "tanh", "sigmoid"]))
    .min(1)
    .meta({ description: "activations to compare" }),
  rates: z.array(z.number().positive()).min(1).meta({ description: "learning rates to choose from" }),
  initializer: z.string().meta({ description: "initializer of all weights" }),
  networks: z.int().min(1).max(10_000).meta({ description: "networks of an ensemble", unit: "networks" }),
  trialSteps: z.int().min(1).meta({ description: "updates for each rate", unit: "updates" }),
  steps: z.int().min(1).meta({ description: "updates at the chosen rate", unit: "updates" }),
});

type Settings = z.output<typeof settings>;
type Activation = Settings["activations"][number];

/** Roles of the two data sets. */
const roles = ["line", "wave"] as const;

/** Mean squared error of the best constant on `|x|`, about: the variance of the targets. */
const constantLoss = 0.55;

const trainLoss = { phase: "train", metric: "loss" } as const;

function trial(
  { data, settings: { networks, initializer } }: StageContext<Settings>,
  activation: Activation,
  role: string,
  replicate: number,
  length: { readonly rate: number; readonly steps: number },
): PlannedTrial {
  const dense = (units: number) => nn.dense({ units, weightInitializer: initializer });
  const spec = trialSpec({
    model: nn.sequential([dense(4), nn[activation](), dense(4), nn[activation](), dense(1)]),
    data: { ...data(role), scaling: "raw" },
    loss: { kind: "meanSquaredError" },
    optimizer: optim.adam({ learningRate: length.rate }),
    steps: length.steps,
    // Network i has the seed `seed + i`, so the seeds of replicates differ by the number of networks.
    seed: replicate * networks,
    ...(networks === 1 ? {} : { ensemble: networks }),
  });
  const factors: Factors = { activation, data: role, rate: length.rate };
  return { factors, replicate, spec, measure: measurementPlan() };
}

/** Stage 1: every rate once, on the line. */
function tryRates(context: StageContext<Settings>): PlannedTrial[] {
  const { activations, rates, trialSteps } = context.settings;
  return activations.flatMap((activation) =>
    rates.map((rate) => trial(context, activation, "line", context.seeds[0], { rate, steps: trialSteps })),
  );
}

/** The rate with the lowest loss; the first rate if all networks diverged. */
export function chosenRate(earlier: StudyResults, activation: Activation, rates: readonly number[]): number {
  const losses = rates.map((rate) => {
    const estimate = meanOf(lastOf(select(earlier, { activation, rate }), trainLoss));
    return estimate?.value ?? Number.POSITIVE_INFINITY;
  });
  return rates[losses.indexOf(Math.min(...losses))];
}

/** Stage 2: both data sets and every seed, at the rate from stage 1. */
function trainAll(context: StageContext<Settings>): PlannedTrial[] {
  const { activations, rates, steps } = context.settings;
  return activations.flatMap((activation) => {
    const length = { rate: chosenRate(context.earlier, activation, rates), steps };
    return roles.flatMap((role) => context.seeds.map((seed) => trial(context, activation, role, seed, length)));
  });
}

/** Results of the second stage for one activation and data set. */
const trained = (results: StudyResults, activation: string, data: string): StudyResults =>
  select(results, { activation, data }).filter(({ stage }) => stage === "training");

function analyze(results: StudyResults, { activations }: Settings): Analysis {
  const losses = activations.map((activation) => ({
    activation,
    line: lastOf(trained(results, activation, "line"), trainLoss),
    wave: lastOf(trained(results, activation, "wave"), trainLoss),
  }));
  const about = { id: "collapsed", title: "Networks no better than a constant", unit: "" };
  const [first, second] = losses;
  const share = proportionOf(first.line, (loss) => loss > constantLoss);
  return {
    answer:
      share === undefined ? "No network has finished." : `With ${first.activation}, ${percentText(share)} collapse.`,
    findings: losses.flatMap(({ activation, line }) =>
      findingsOf(
        { ...about, variant: activation },
        proportionOf(line, (loss) => loss > constantLoss),
      ),
    ),
    claims: [
      {
        id: "few-collapse",
        source: "this example",
        text: "Fewer than half of the networks collapse.",
        rule: "Supported if the interval of the share lies wholly below one half.",
        ...judge(
          proportionOf(first.line, (loss) => loss > constantLoss),
          { below: 0.5 },
          { what: `Collapsed with ${first.activation}`, text: percentText, replicates: "network" },
        ),
      },
      {
        id: "activations-differ",
        source: "this example",
        text: "The first activation ends with a higher loss than the second.",
        rule: "Supported if the paired difference lies wholly above 0.",
        ...judge(
          second === undefined ? undefined : paired(first.wave, second.wave),
          { above: 0 },
          { what: "Difference" },
        ),
      },
    ],
    figures: [],
    tables: [
      {
        id: "losses",
        title: "Mean squared error after the last update",
        columns: ["activation", "rate", "line", "wave", "networks"].map((key) => ({ key, title: key })),
        rows: losses.map(({ activation, line, wave }) => ({
          activation,
          rate: trained(results, activation, "line")[0]?.factors.rate ?? "none",
          line: meanOf(line)?.value ?? "none",
          wave: meanOf(wave)?.value ?? "none",
          networks: survivorsText({ n: line.values.length, of: line.of }),
        })),
      },
    ],
    notes: [],
  };
}

const normal = {
  activations: ["relu", "tanh"] as Activation[],
  rates: [0.001, 0.01],
  initializer: "heNormal",
  networks: 100,
  trialSteps: 50,
  steps: 500,
};

export const collapse = defineStudy({
  kind: "trained",
  id: "collapse",
  title: "Narrow networks that collapse",
  question: "How many narrow networks end as a constant?",
  expectation: "Few of them, with any activation.",
  refutedBy: "Half of the networks, or more.",
  source: "this example",
  factors: [
    {
      id: "activation",
      title: "Activation",
      levels: [
        { id: "relu", title: "ReLU" },
        { id: "tanh", title: "tanh" },
        { id: "sigmoid", title: "sigmoid" },
      ],
    },
    { id: "data", title: "Data", levels: roles.map((role) => ({ id: role, title: role })) },
    { id: "rate", title: "Learning rate", levels: [] },
  ],
  settings,
  presets: { quick: { settings: normal, seeds: 2, about: "100 networks of each kind, twice" } },
  smoke: {
    settings: { networks: 4, trialSteps: 4, steps: 8 },
    seeds: 2,
    about: "4 networks of each kind, twice, for a few updates",
  },
  data: { line: "absolute-value:points=200", wave: "x-sin-5x:points=200" },
  stages: [
    { id: "rates", design: tryRates },
    { id: "training", design: trainAll },
  ],
  analyze: (results, context) => analyze(results, context.settings),
});
