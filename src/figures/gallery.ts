// An invented example for each situation a figure can meet. The golden tests and the gallery of pictures use the same
// file.
import { randomStream } from "../core/random/rng.js";
import { type BarRow, barFigure } from "./bar-figure.js";
import type { CurveRow } from "./curve-data.js";
import { curveFigure } from "./curve-figure.js";
import { type DotRow, dotIntervalFigure } from "./dot-interval-figure.js";
import { estimateFigure } from "./estimate-figure.js";
import type { Figure } from "./figure.js";
import { type HeatRow, heatMapFigure } from "./heat-map-figure.js";
import { lineFigure } from "./line-figure.js";
import { scatterFigure } from "./scatter-figure.js";
import { violinFigure } from "./violin-figure.js";
import type { ViolinRow } from "./violin-shape.js";

const variants = [
  { id: "none", title: "No normalization" },
  { id: "batchNormHidden", title: "Batch norm, hidden layers" },
  { id: "batchNormEverywhere", title: "Batch norm, input and hidden" },
  { id: "dropout", title: "Dropout" },
  { id: "both", title: "Batch norm and dropout" },
];
const layers = [
  { id: "input", title: "input (1)" },
  { id: "conv1", title: "conv 1 (6)" },
  { id: "conv2", title: "conv 2 (16)" },
  { id: "dense1", title: "dense 1 (120)" },
  { id: "dense2", title: "dense 2 (84)" },
];
const channels: Readonly<Record<string, number>> = { input: 1, conv1: 6, conv2: 16, dense1: 120, dense2: 84 };
const phases = [
  { id: "train", title: "Training" },
  { id: "validation", title: "Validation" },
];
const seeds = [0, 1, 2, 3, 4];
const subtitle = "MNIST sample (10,000 training and 2,000 test images), made-up numbers";

/** Loss that decays to a floor, and an accuracy that mirrors it. */
function curveRows(options: { readonly seeds: readonly number[]; readonly epochs: number }): CurveRow[] {
  const rows: CurveRow[] = [];
  for (const [v, { id: variant }] of variants.entries()) {
    for (const seed of options.seeds) {
      const noise = randomStream(seed, `gallery ${variant}`);
      for (const [p, { id: phase }] of phases.entries()) {
        for (let epoch = 1; epoch <= options.epochs; epoch++) {
          const wobble = 1 + 0.12 * noise.normal(epoch * 2 + p);
          const loss =
            (0.02 + 0.015 * p + 0.015 * (v === 3 ? 2 : 1) + (0.35 - 0.05 * v) * Math.exp(-epoch / 2)) * wobble;
          const accuracy = 100 * (1 - 0.3 * loss);
          rows.push({ variant, seed, phase, metric: "loss", x: epoch, value: loss });
          rows.push({ variant, seed, phase, metric: "accuracy", x: epoch, value: accuracy });
        }
      }
    }
  }
  return rows;
}

/** A run just above the lower bound of a loss with softmax applied twice. */
function flooredRows(): CurveRow[] {
  return curveRows({ seeds, epochs: 10 })
    .filter(({ metric }) => metric === "loss")
    .map((row) => ({ ...row, value: 1.46115 + row.value * 2 }));
}

function violinRows(): ViolinRow[] {
  const rows: ViolinRow[] = [];
  for (const [v, { id: variant }] of variants.entries()) {
    if (variant === "none" || variant === "dropout") continue;
    for (const [l, { id: layer }] of layers.entries()) {
      if (layer === "input" && variant !== "batchNormEverywhere") continue;
      for (const seed of seeds) {
        const noise = randomStream(seed, `${variant} ${layer}`);
        for (let channel = 0; channel < channels[layer]; channel++) {
          const scale = 1 + 0.04 * (v - 2) + 0.05 * noise.normal(2 * channel);
          const shift = -0.05 * l + (0.08 - 0.012 * l) * noise.normal(2 * channel + 1);
          rows.push({ variant, seed, layer, metric: "scale", value: scale });
          rows.push({ variant, seed, layer, metric: "shift", value: shift });
        }
      }
    }
  }
  return rows;
}

function dotRows(metric: string, center: number, spread: number): DotRow[] {
  return variants.flatMap(({ id: variant }, v) =>
    seeds.map((seed) => {
      const value = center + 0.12 * v * spread * 5 + spread * randomStream(seed, `dots ${variant} ${metric}`).normal(0);
      return { variant, seed, metric, value };
    }),
  );
}

/** An invented network of `count` layers in groups of three: convolution, normalization, activation. */
function barRows(count: number): BarRow[] {
  return Array.from({ length: count }, (_, i): BarRow[] => {
    const part = ["Conv", "BatchNormalization", "Relu"][i % 3];
    const width = 2 ** (4 + Math.floor((5 * i) / count));
    const layer = `stage${Math.floor((5 * i) / count)}.${i}`;
    return [
      { layer, part, metric: "parameters", value: [9 * width ** 2, 2 * width, 0][i % 3] },
      { layer, part, metric: "macs", value: i % 3 === 0 ? (9 * width ** 2 * 1e6) / width ** 1.5 : 0 },
    ];
  }).flat();
}

const parametersAndMacs = [
  { id: "parameters", title: "Parameters" },
  { id: "macs", title: "MACs" },
];

/** Invented model sizes, some of them close together. */
const scatterRows = [
  ["tiny", 6.2e4, 4.2e5],
  ["small", 1.6e6, 2.4e8],
  ["middle", 1.17e7, 1.8e9],
  ["middle, wide", 1.2e7, 1.75e9],
  ["middle, deep", 1.19e7, 1.9e9],
  ["large", 1.4e8, 1.96e10],
].map(([name, x, y]) => ({ name: String(name), x: Number(x), y: Number(y) }));

/** A bell curve, zero beyond three deviations. */
function heatRows(height: number, width: number, deviation: number): HeatRow[] {
  return Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const distance = ((row - (height - 1) / 2) ** 2 + (column - (width - 1) / 2) ** 2) / deviation ** 2;
    return { row, column, value: Math.exp(-Math.min(9, distance) / 2) };
  });
}

const lossAndAccuracy = [
  { id: "loss", title: "Loss", unit: "nats" },
  { id: "accuracy", title: "Accuracy", unit: "%", bounds: [0, 100] as const },
];

/** Every case by name. */
export const gallery: Readonly<Record<string, () => Figure>> = {
  curves: () =>
    curveFigure(curveRows({ seeds, epochs: 10 }), {
      id: "curves",
      title: "Loss and accuracy per epoch",
      subtitle,
      variants,
      phases,
      metrics: lossAndAccuracy,
    }),
  curvesOneSeed: () =>
    curveFigure(curveRows({ seeds: [0], epochs: 3 }), {
      id: "curves-one-seed",
      title: "Loss and accuracy per epoch",
      subtitle,
      variants,
      phases,
      metrics: lossAndAccuracy,
    }),
  curvesTwoSeeds: () =>
    curveFigure(curveRows({ seeds: [0, 1], epochs: 5 }), {
      id: "curves-two-seeds",
      title: "Validation loss, two seeds",
      variants,
      phases: [phases[1]],
      metrics: [{ id: "loss", title: "Loss", unit: "nats", scale: "log" }],
    }),
  curvesDiverged: () =>
    curveFigure(
      curveRows({ seeds, epochs: 10 }).map((row) =>
        row.variant === "none" && row.seed > 2 && row.x > 4 ? { ...row, value: Number.NaN } : row,
      ),
      {
        id: "curves-diverged",
        title: "Loss and accuracy per epoch, two seeds diverged",
        variants,
        phases,
        metrics: [{ id: "loss", title: "Loss", unit: "nats", scale: "log" }],
      },
    ),
  curvesFloor: () =>
    curveFigure(flooredRows(), {
      id: "curves-floor",
      title: "The loss as coded cannot go below its floor",
      subtitle,
      variants,
      phases,
      metrics: [
        {
          id: "loss",
          title: "Loss",
          unit: "nats",
          references: [{ value: 1.46115, label: "floor ln(1 + 9/e) = 1.46115" }],
        },
      ],
    }),
  curvesAgainstUpdates: () =>
    curveFigure(
      curveRows({ seeds: [0, 1, 2], epochs: 30 })
        .filter(({ metric }) => metric === "accuracy")
        .map((row) => ({ ...row, x: row.x * 469, value: row.value / 2 })),
      {
        id: "curves-against-updates",
        title:
          "A title that is too long for one line: accuracy against the number of updates, on the embedded sample of MNIST",
        caption: "Both panels share their vertical axis.",
        variants,
        phases,
        metrics: [{ id: "accuracy", title: "Validation accuracy", unit: "%", bounds: [0, 100] }],
        x: { name: "step", title: "Updates", scale: "log" },
      },
    ),
  curvesPlain: () =>
    curveFigure(curveRows({ seeds: [0], epochs: 40 }), { id: "curves-plain", title: "No options but a title" }),
  violins: () =>
    violinFigure(violinRows(), {
      id: "violins",
      title: "Learned scale and shift of batch normalization",
      subtitle,
      variants,
      layers,
      metrics: [
        { id: "scale", title: "Scale γ", references: [{ value: 1, label: "initial value" }] },
        { id: "shift", title: "Shift β", references: [{ value: 0, label: "initial value" }] },
      ],
    }),
  violinsEqual: () =>
    violinFigure(
      violinRows().map((row) => (row.layer === "conv1" ? { ...row, value: 1 } : row)),
      { id: "violins-equal", title: "One layer has equal values" },
    ),
  dots: () =>
    dotIntervalFigure([...dotRows("accuracy", 98.6, 0.12), ...dotRows("loss", 0.045, 0.004)], {
      id: "dots",
      title: "Test accuracy and loss after the last epoch",
      subtitle,
      variants,
      metrics: [
        { id: "accuracy", title: "Test accuracy", unit: "%", bounds: [0, 100] },
        { id: "loss", title: "Test loss", unit: "nats", bounds: [0, Number.POSITIVE_INFINITY] },
      ],
    }),
  dotsDifference: () =>
    dotIntervalFigure(
      dotRows("difference", -0.05, 0.12).filter(({ variant }) => variant !== "none"),
      {
        id: "dots-difference",
        title: "Difference from no normalization, same seeds",
        variants,
        metrics: [
          {
            id: "difference",
            title: "Test accuracy",
            unit: "percentage points",
            references: [{ value: 0, label: "no difference" }],
          },
        ],
      },
    ),
  bars: () =>
    barFigure(barRows(15), {
      id: "bars",
      title: "Parameters and work per layer",
      subtitle: "Made-up numbers",
      metrics: parametersAndMacs,
    }),
  barsMany: () =>
    barFigure(barRows(400), { id: "bars-many", title: "More layers than bars", metrics: parametersAndMacs }),
  barsStacked: () =>
    barFigure(
      ["stem", "body", "head"].flatMap((layer, i) => [
        { layer, metric: "memory", part: "weights", value: 4e6 * 3 ** i },
        { layer, metric: "memory", part: "activations", value: 9e7 / 4 ** i },
      ]),
      {
        id: "bars-stacked",
        title: "Memory per layer",
        metrics: [{ id: "memory", title: "Memory", unit: "bytes" }],
        parts: [
          { id: "weights", title: "Weights" },
          { id: "activations", title: "Activations" },
        ],
      },
    ),
  scatter: () =>
    scatterFigure(scatterRows, {
      id: "scatter",
      title: "Work against size",
      subtitle: "Made-up numbers",
      x: { title: "Parameters" },
      y: { title: "MACs" },
    }),
  heatMap: () =>
    heatMapFigure(heatRows(21, 30, 4), {
      id: "heat-map",
      title: "A bell over an image",
      subtitle,
      ...{ height: 21, width: 30 },
      value: { name: "share", title: "Share" },
      frames: [{ rows: [2, 18], columns: [6, 22], label: "theoretical field" }],
    }),
  heatMapInBlocks: () =>
    heatMapFigure(heatRows(250, 240, 20), {
      id: "heat-map-in-blocks",
      title: "A bell in logarithmic colors, more pixels than can be seen, a frame that leaves the image",
      ...{ height: 250, width: 240 },
      value: { name: "share", title: "Share" },
      scale: "log",
      frames: [{ rows: [-20, 200], columns: [30, 260], label: "theoretical field" }],
    }),
  heatMapOfLine: () =>
    heatMapFigure(heatRows(1, 64, 5), {
      id: "heat-map-of-line",
      title: "One row",
      ...{ height: 1, width: 64 },
      value: { name: "share", title: "Share" },
      frames: [{ rows: [0, 0], columns: [12, 51], label: "theoretical field" }],
    }),
  lines: () =>
    lineFigure(
      variants.flatMap(({ id: variant }, v) =>
        Array.from({ length: 8 + 4 * v }, (_, depth) => ({ variant, x: depth, y: (1 + 2 * depth) * 2 ** (v / 2) })),
      ),
      {
        id: "lines",
        title: "One quantity against another",
        variants,
        x: { name: "depth", title: "Depth" },
        y: {
          ...{ name: "extent", title: "Extent", unit: "pixels", scale: "log" },
          references: [{ value: 100, label: "input: 100 pixels" }],
        },
      },
    ),
  estimates: () =>
    estimateFigure(
      ["none", "dropout"].flatMap((variant, v) =>
        [1, 2, 5, 10].map((x) => {
          const y = 1 - (0.8 + 0.1 * v) ** x + 0.01 * (v - 0.5);
          return { variant, x, y, interval: [Math.max(0, y - 0.03), y + 0.03] as const };
        }),
      ),
      {
        id: "estimates",
        title: "Measured shares with intervals, and predicted lines",
        subtitle: "Made-up numbers",
        variants,
        x: { name: "depth", title: "Depth" },
        y: { name: "share", title: "Share", bounds: [0, 1] },
        predictions: ["none", "dropout"].flatMap((variant, v) =>
          Array.from({ length: 10 }, (_, i) => ({ variant, x: i + 1, y: 1 - (0.8 + 0.1 * v) ** (i + 1) })),
        ),
      },
    ),
  estimatesByCategory: () =>
    estimateFigure(
      ["plain", 'with "quotes"', "a longer name of a category"].map((_, i) => ({
        ...{ variant: "share", x: i + 1, y: 20 + 30 * i },
        ...(i === 1 ? {} : { interval: [10 + 30 * i, 30 + 30 * i] as const }),
      })),
      {
        id: "estimates-by-category",
        title: "Estimates of several categories, one without an interval",
        x: { name: "kind", title: "Kind", categories: ["plain", 'with "quotes"', "a longer name of a category"] },
        y: { name: "share", title: "Share", unit: "%", bounds: [0, 100] },
      },
    ),
  dotsOneSeed: () =>
    dotIntervalFigure(
      dotRows("accuracy", 98.6, 0.12).filter(({ seed }) => seed === 0),
      { id: "dots-one-seed", title: "One seed" },
    ),
};
