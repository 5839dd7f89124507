// Figures: theory and measurement over depth, the curve of survivors, losses by fate, the place of the dead layer, and the
// functions that networks compute.
import type { Estimate } from "../../core/statistics/intervals.js";
import { mean } from "../../core/statistics/statistics.js";
import { barFigure } from "../../figures/bar-figure.js";
import type { CurveRow } from "../../figures/curve-data.js";
import { curveFigure } from "../../figures/curve-figure.js";
import { estimateFigure } from "../../figures/estimate-figure.js";
import type { Figure } from "../../figures/figure.js";
import type { Level } from "../../figures/level.js";
import { lineFigure } from "../../figures/line-figure.js";
import { select } from "../../study/analysis/samples.js";
import type { StudyResults, TrialResult } from "../../study/definition.js";
import { baseCell, type Form, factorsOf, gridPoints } from "./design.js";
import { type Fate, flatness, isDead, type Reading, readingsOf } from "./fates.js";
import { activations, type Cell, edge, initializers, targets } from "./networks.js";
import { bornDead, outcomes, survival, theoryOf } from "./outcomes.js";
import type { DyingReluSettings } from "./settings.js";

/** Definitions that every figure of shares repeats. */
const definitions = `Dead: some hidden layer is 0 for each of ${gridPoints} inputs. Bars are 99 % Wilson intervals over networks.`;

export function figures(results: StudyResults, settings: DyingReluSettings): Figure[] {
  return [
    ...bornDeadFigure(results, settings),
    ...fateFigure(results, settings),
    ...survivalFigure(results, settings),
    ...lossFigure(results, settings),
    ...deadLayerFigure(results, settings),
    ...functionFigure(results, settings),
  ];
}

const percent = ({ value, interval }: Estimate) => ({
  y: 100 * value,
  interval: interval === undefined ? undefined : ([100 * interval[0], 100 * interval[1]] as const),
});

function cellTitle({ target, activation, initializer, hiddenLayers, units }: Cell): string {
  return `${targets[target].title}, ${activations[activation].title}, ${initializers[initializer].title}, ${hiddenLayers} layers of ${units}`;
}

const share = (title: string) => ({ name: "share", title, unit: "%", bounds: [0, 100] as const });

function bornDeadFigure(results: StudyResults, settings: DyingReluSettings): Figure[] {
  const measured = bornDead(results, settings);
  if (measured.length === 0) return [];
  const widths = [...new Set(measured.map(({ units }) => units))];
  const deepest = Math.max(...settings.depths);
  const predictions = widths.flatMap((units) => {
    const theory = theoryOf(deepest, units, settings.simulated);
    return Array.from({ length: deepest }, (_, i) => {
      const said = theory(i + 1);
      return { variant: `${units}`, x: i + 1, y: 100 * ("exact" in said ? said.exact : said.simulated.value) };
    });
  });
  return [
    estimateFigure(
      measured.map(({ hiddenLayers, units, measured: estimate }) => ({
        ...{ variant: `${units}`, x: hiddenLayers },
        ...percent(estimate),
      })),
      {
        id: "born-dead",
        title: "Networks that are dead before training, by depth and width",
        subtitle: "ReLU, He normal weights, biases 0",
        caption: `Points: measured. Lines: exact for one and two units per layer, simulated for more. ${definitions}`,
        variants: widths.map((units) => ({ id: `${units}`, title: units === 1 ? "1 unit" : `${units} units` })),
        x: { name: "hiddenLayers", title: "Hidden layers" },
        y: share("Born dead"),
        predictions,
      },
    ),
  ];
}

/** Dead and flat shares of every kind of network, one position for each. */
function fateFigure(results: StudyResults, settings: DyingReluSettings): Figure[] {
  const shortest = Math.min(...settings.epochs);
  const all = outcomes(results, settings).filter(({ epochs }) => epochs === shortest);
  if (all.length < 2) return [];
  const rows = all.flatMap(({ bornDead: born, dead, flat }, place) => [
    { variant: "bornDead", x: place + 1, ...percent(born) },
    { variant: "dead", x: place + 1, ...percent(dead) },
    { variant: "flat", x: place + 1, ...percent(flat) },
  ]);
  return [
    estimateFigure(rows, {
      id: "fates",
      title: "What became of every kind of network",
      subtitle: `After ${shortest} ${shortest === 1 ? "epoch" : "epochs"}`,
      caption: `${definitions} Flat: the output varies by less than ${flatness} of the target's range.`,
      variants: [
        { id: "bornDead", title: "Dead before training" },
        { id: "dead", title: "Dead after training" },
        { id: "flat", title: "Flat after training" },
      ],
      x: {
        ...{ name: "kind", title: "Function, activation, initializer" },
        categories: all.map(({ cell: { target, activation, initializer } }) =>
          [targets[target].title, activations[activation].title, initializers[initializer].title].join(", "),
        ),
      },
      y: share("Networks"),
    }),
  ];
}

function survivalFigure(results: StudyResults, settings: DyingReluSettings): Figure[] {
  const points = survival(results, settings);
  if (points.length < 2) return [];
  return [
    estimateFigure(
      points.map(({ step, alive }) => ({ variant: "alive", x: step, ...percent(alive) })),
      {
        id: "survival",
        title: "Networks that are still alive during training",
        subtitle: cellTitle(baseCell(settings)),
        caption: definitions,
        x: { name: "step", title: "Updates" },
        y: share("Alive"),
        joined: true,
      },
    ),
  ];
}

const fateLevels: readonly Level[] = [
  { id: "alive", title: "Alive at the end" },
  { id: "died", title: "Died in training" },
  { id: "born", title: "Dead before training" },
];

/** Mean loss of the batch over networks of one fate. */
function lossFigure(results: StudyResults, settings: DyingReluSettings): Figure[] {
  const rows = baseTrials(results, settings).flatMap((trial) => lossRows(trial));
  if (rows.length === 0) return [];
  return [
    curveFigure(rows, {
      id: "loss-by-fate",
      title: "Training loss by the fate of the network",
      subtitle: cellTitle(baseCell(settings)),
      caption:
        "Mean squared error of the batch before each update, averaged over the networks of one fate. A dead network only moves its output constant.",
      variants: fateLevels,
      metrics: [{ id: "loss", title: "Mean squared error" }],
      phases: [{ id: "train", title: "" }],
      x: { name: "step", title: "Updates" },
    }),
  ];
}

function lossRows(trial: TrialResult): CurveRow[] {
  const losses = trial.series.find(({ metric }) => metric === "batchLoss");
  const fates = fatesByNetwork(readingsOf(trial));
  if (losses === undefined) return [];
  return [...losses.steps].flatMap((step, row) =>
    fateLevels.flatMap(({ id }): CurveRow[] => {
      const values = fates.flatMap((fate, network) =>
        fate === id ? [losses.values[row * trial.networks + network]] : [],
      );
      const place = { variant: id, seed: trial.replicate, phase: "train", metric: "loss", x: step };
      return values.length === 0 ? [] : [{ ...place, value: mean(values) }];
    }),
  );
}

/** `born`, `died` or `alive`; undefined for networks that diverged. */
function fatesByNetwork(readings: readonly Reading[]): (string | undefined)[] {
  const [first, last] = [readings[0]?.fates ?? [], readings.at(-1)?.fates ?? []];
  return first.map((start, network) => {
    const end = last[network];
    if (start === undefined || end === undefined) return undefined;
    return isDead(start) ? "born" : isDead(end) ? "died" : "alive";
  });
}

function baseTrials(results: StudyResults, settings: DyingReluSettings): TrialResult[] {
  return select(results, { form: "trained" satisfies Form, ...factorsOf(baseCell(settings)) });
}

/** How many networks have their first dead layer where, split by when it died. */
function deadLayerFigure(results: StudyResults, settings: DyingReluSettings): Figure[] {
  const counts = new Map<string, number>();
  for (const trial of baseTrials(results, settings)) {
    const readings = readingsOf(trial);
    const [first, last] = [readings[0]?.fates ?? [], readings.at(-1)?.fates ?? []];
    for (const [network, end] of last.entries()) {
      const start: Fate | undefined = first[network];
      if (start === undefined || end?.deadLayer === undefined) continue;
      const key = `${end.deadLayer} ${isDead(start) ? "born" : "died"}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  if (counts.size === 0) return [];
  return [
    barFigure(
      Array.from({ length: settings.hiddenLayers }, (_, i) =>
        fateLevels.slice(1).map(({ id: part }) => ({
          ...{ layer: `hidden ${i + 1}`, metric: "networks", part },
          value: counts.get(`${i + 1} ${part}`) ?? 0,
        })),
      ).flat(),
      {
        id: "dead-layer",
        title: "The first dead layer after training",
        subtitle: cellTitle(baseCell(settings)),
        caption: "Networks by the first hidden layer whose units are all 0. Layers without any are left out.",
        metrics: [{ id: "networks", title: "Networks" }],
        parts: fateLevels.slice(1),
      },
    ),
  ];
}

/** The target, three networks that live and three that are dead, as functions of the input. */
function functionFigure(results: StudyResults, settings: DyingReluSettings): Figure[] {
  const base = baseCell(settings);
  const [trial] = select(results, { form: "drawn" satisfies Form });
  const outputs = trial?.series.find(({ metric, path }) => metric === "activations.sample" && path === "output");
  if (trial === undefined || outputs === undefined) return [];
  const last = readingsOf(trial).at(-1)?.fates ?? [];
  const pick = (dead: boolean): number[] =>
    last.flatMap((fate, network) => (fate !== undefined && isDead(fate) === dead ? [network] : [])).slice(0, 3);
  const chosen = [
    ...pick(false).map((network) => ({
      network,
      id: `live${network}`,
      title: `Live, seed ${trial.spec.seed + network}`,
    })),
    ...pick(true).map((network) => ({
      network,
      id: `dead${network}`,
      title: `Dead, seed ${trial.spec.seed + network}`,
    })),
  ];
  const points = outputs.steps.length;
  const at = (i: number): number => edge * ((2 * i) / (points - 1) - 1);
  const rows = [
    ...Array.from({ length: points }, (_, i) => ({ variant: "target", x: at(i), y: targets[base.target].f(at(i)) })),
    ...chosen.flatMap(({ network, id }) =>
      Array.from({ length: points }, (_, i) => ({
        ...{ variant: id, x: at(i) },
        y: outputs.values[i * trial.networks + network],
      })),
    ),
  ];
  return [
    lineFigure(rows, {
      id: "functions",
      title: "What live and dead networks compute",
      subtitle: cellTitle(base),
      caption: "Outputs after training. A dead network is a constant.",
      variants: [{ id: "target", title: targets[base.target].title }, ...chosen],
      x: { name: "x", title: "Input x" },
      y: { name: "output", title: "Output" },
    }),
  ];
}
