// The pictures of docs/schedules.md: every schedule step by step, computed by the training code.

import type { Figure } from "../src/figures/figure.js";
import { type CurveRow, curveFigure } from "../src/figures/index.js";
import * as optim from "../src/optim/index.js";

/** What is drawn: 40 epochs of 8 steps, with an optimizer's learning rate of 0.1. */
const training = { stepsPerEpoch: 8, totalSteps: 320, learningRate: 0.1 };
const batchTraining = { epochs: 180, batchSize: 32 };

/** What the epochs of the pictured training measured: a loss that falls, and then stays. */
const measured = Array.from({ length: 40 }, (_, i) => ({
  step: training.stepsPerEpoch * (i + 1),
  loss: Math.max(0.1, 1 - 0.1 * i),
}));

interface Line {
  /** The call as a reader would write it. */
  readonly title: string;
  readonly spec: { readonly kind: string };
}

interface Picture {
  readonly id: string;
  readonly title: string;
  readonly scale?: "log";
  readonly lines: readonly Line[];
}

const cycle = { low: 0.01, rise: 4, unit: "epoch" } as const;
const momentum = { cycleMomentum: true } as const;

export const schedulePictures: readonly Picture[] = [
  {
    id: "schedules-stages",
    title: "Stages: constant, step, multiStep, exponential",
    lines: [
      { title: "constant()", spec: optim.constant() },
      { title: "step({ every: 10, factor: 0.5 })", spec: optim.step({ every: 10, factor: 0.5 }) },
      { title: "multiStep({ milestones: [15, 30] })", spec: optim.multiStep({ milestones: [15, 30] }) },
      { title: "exponential({ factor: 0.93 })", spec: optim.exponential({ factor: 0.93 }) },
      {
        title: 'exponential({ factor: 0.85, unit: "wholeEpoch" })',
        spec: optim.exponential({ factor: 0.85, unit: "wholeEpoch" }),
      },
    ],
  },
  {
    id: "schedules-smooth",
    title: "Over the whole training: polynomial, cosine, and a warm-up before",
    lines: [
      { title: "polynomial()", spec: optim.polynomial() },
      { title: "polynomial({ power: 3, low: 0.01 })", spec: optim.polynomial({ power: 3, low: 0.01 }) },
      { title: "cosine()", spec: optim.cosine() },
      { title: "warmUp({ length: 8, next: cosine() })", spec: optim.warmUp({ length: 8, next: optim.cosine() }) },
    ],
  },
  {
    id: "schedules-restarts",
    title: "Cosine with restarts",
    lines: [
      {
        title: 'cosine({ restarts: true, length: 8, unit: "epoch" })',
        spec: optim.cosine({ restarts: true, length: 8, unit: "epoch" }),
      },
      {
        title: "length: 5, growth: 2, low: 0.02",
        spec: optim.cosine({ restarts: true, length: 5, growth: 2, low: 0.02, unit: "epoch" }),
      },
    ],
  },
  {
    id: "schedules-cyclical",
    title: "Cyclical rates",
    lines: [
      { title: "triangular", spec: optim.triangular({ ...cycle, ...momentum }) },
      { title: "triangular2", spec: optim.triangular2({ ...cycle, ...momentum }) },
      { title: "expRange, gamma 0.95", spec: optim.expRange({ ...cycle, ...momentum, gamma: 0.95 }) },
    ],
  },
  {
    id: "schedules-one-cycle",
    title: "One cycle of rate and momentum",
    lines: [
      { title: "oneCycle({ cycleMomentum: true })", spec: optim.oneCycle(momentum) },
      { title: 'anneal: "linear"', spec: optim.oneCycle({ ...momentum, anneal: "linear" }) },
      { title: "threePhase: true", spec: optim.oneCycle({ ...momentum, threePhase: true }) },
    ],
  },
  {
    id: "schedules-plateau",
    title: "Reduced on a plateau: the validation loss falls until epoch 10",
    lines: [
      {
        title: "reduceOnPlateau({ factor: 0.5, patience: 5 })",
        spec: optim.reduceOnPlateau({ factor: 0.5, patience: 5 }),
      },
      {
        title: "cooldown: 5, low: 0.02",
        spec: optim.reduceOnPlateau({ factor: 0.5, patience: 5, cooldown: 5, low: 0.02 }),
      },
    ],
  },
  {
    id: "schedules-range-tests",
    title: "Range tests",
    scale: "log",
    lines: [
      { title: "rangeTestExponential()", spec: optim.rangeTestExponential() },
      { title: "rangeTestLinear({ low: 1e-4, high: 1 })", spec: optim.rangeTestLinear({ low: 1e-4, high: 1 }) },
    ],
  },
];

export const batchPicture: Picture = {
  id: "batch-schedules",
  title: "Batch sizes",
  scale: "log",
  lines: [
    { title: "constantBatch()", spec: optim.constantBatch() },
    { title: "growingBatch({ every: 25 })", spec: optim.growingBatch({ every: 25 }) },
    { title: "milestoneBatch({ factor: 5 })", spec: optim.milestoneBatch({ factor: 5 }) },
    { title: "cyclicalBatch({ every: 10, levels: 3 })", spec: optim.cyclicalBatch({ every: 10, levels: 3 }) },
  ],
};

/** Rates of one schedule, and momenta if it has any. */
function scheduleRows({ title, spec }: Line): CurveRow[] {
  const plan = optim.scheduleFunction(spec);
  return Array.from({ length: training.totalSteps }, (_, step) => step).flatMap((step) => {
    const over = measured.filter((epoch) => epoch.step <= step);
    const { learningRate, momentum: share } = plan({ ...training, step, measured: over });
    const row = { variant: title, phase: "all", x: step / training.stepsPerEpoch, seed: 0 };
    return [
      { ...row, metric: "rate", value: learningRate },
      ...(share === undefined ? [] : [{ ...row, metric: "momentum", value: share }]),
    ];
  });
}

function batchRows({ title, spec }: Line): CurveRow[] {
  const size = optim.batchSizeFunction(spec);
  return Array.from({ length: batchTraining.epochs }, (_, epoch) => ({
    variant: title,
    phase: "all",
    x: epoch,
    seed: 0,
    metric: "size",
    value: size({ epoch, batchSize: batchTraining.batchSize }),
  }));
}

function figureOf({ id, title, scale, lines }: Picture, rows: readonly CurveRow[]): Figure {
  const metrics = [
    { id: "rate", title: "Learning rate" },
    { id: "momentum", title: "Momentum" },
    { id: "size", title: "Examples in a batch" },
  ];
  return curveFigure(rows, {
    id,
    title,
    variants: lines.map((line) => ({ id: line.title, title: line.title })),
    phases: [{ id: "all", title: "" }],
    metrics: metrics
      .filter((metric) => rows.some((row) => row.metric === metric.id))
      .map((metric) => (scale === undefined ? metric : { ...metric, scale })),
  });
}

/** All figures of docs/schedules.md, by file name. */
export function scheduleFigures(): Figure[] {
  return [
    ...schedulePictures.map((picture) => figureOf(picture, picture.lines.flatMap(scheduleRows))),
    figureOf(batchPicture, batchPicture.lines.flatMap(batchRows)),
  ];
}
