// An invented report that uses every part of the page, for tests and for visual inspection.
import { gallery } from "../figures/gallery.js";
import type { ReportDocument, ReportFigure, ReportStudy } from "./document.js";

const variantTitles = {
  none: "No normalization",
  batchNormHidden: "Batch norm, hidden layers",
  batchNormEverywhere: "Batch norm, input and hidden",
  dropout: "Dropout",
  both: "Batch norm and dropout",
};
const variants = Object.keys(variantTitles);

/** The example with rendered figures; `draw` renders a specification as SVG. */
export async function exampleReport(
  draw: (spec: ReturnType<(typeof gallery)[string]>["spec"]) => Promise<string>,
): Promise<ReportDocument> {
  const figures: ReportFigure[] = [];
  for (const make of [gallery.curves, gallery.violins, gallery.dots, gallery.curvesFloor]) {
    const { id, title, caption, rows, spec } = make();
    const files = ["svg", "png", "vl.json", "csv"].map((ending) => ({
      label: { svg: "SVG", png: "PNG", "vl.json": "Vega-Lite", csv: "CSV" }[ending] ?? ending,
      href: `figures/normalization-${id}.${ending}`,
    }));
    figures.push({
      ...{ id, title, caption, rows, files },
      description: `${title}. ${caption}`,
      svg: await draw(spec),
    });
  }
  return {
    title: "Classic questions of training, answered with error bars",
    subtitle: "Made-up numbers that show every part of a report.",
    generatedAt: "2026-11-22T20:25:01Z",
    studies: [exampleStudy(figures)],
  };
}

function exampleStudy(figures: readonly ReportFigure[]): ReportStudy {
  return {
    id: "normalization",
    title: "Does batch normalization help LeNet-5, and what does dropout add?",
    question:
      "Does batch normalization of the hidden layers, or of the input too, improve LeNet-5 on MNIST over dropout, or over neither?",
    answer:
      "Batch normalization changes validation accuracy by 0.06 [-0.11, 0.23] percentage points, dropout by -0.31 [-0.52, -0.10] (5 seeds).",
    expectation:
      "With a working loss and optimizer the variants differ by less than a percentage point, and the order depends on the seed.",
    refutedBy: "Intervals that stay apart.",
    source: "A. Wagh, Lab 3 Report, ECE-GY 9143 Intro to High Performance Machine Learning, March 2022, problem 2",
    data: [
      {
        title: "MNIST sample: 10,000 training and 2,000 test images",
        isSample: true,
        fingerprint: "3f2a9c01d44e8b7a",
      },
    ],
    preset: { name: "quick", about: "3 epochs, 5 seeds; under two minutes on two cores" },
    variantTitles,
    claims: [
      {
        id: "input-bn",
        source: "Report, section 2.2",
        text: "Batch normalization of the input improves accuracy over standardizing it beforehand.",
        rule: "Supported if the 95 % interval of the paired difference lies above 0; not supported if it lies below 0 or within ±0.2 points.",
        verdict: "inconclusive",
        evidence:
          "Paired difference +0.06 percentage points, 95 % interval −0.11 to 0.23, n = 5: the interval contains 0.",
      },
      {
        id: "dropout-worst",
        source: "Report, section 2.4",
        text: "Dropout alone is by far the worst: 42.7 % after 30 epochs.",
        rule: "Supported if dropout stays more than 10 points below the network without it.",
        verdict: "not supported",
        evidence: "Dropout reaches 98.9 % (98.7 to 99.1); the network without it 98.7 % (98.5 to 98.8).",
      },
      {
        id: "bn-dropout",
        source: "Report, section 2.5",
        text: "Batch normalization with dropout improves on dropout.",
        rule: "Supported if the interval of the paired difference lies above 0.",
        verdict: "supported",
        evidence: "As coded: +45.6 points, because dropout alone had not started to learn.",
      },
      {
        id: "beta-figure",
        source: "Report, figure 7",
        text: "The figure shows the learned shift of the input layer.",
        rule: "Erratum: the notebook plots the weight instead of the bias.",
        verdict: "erratum",
        evidence: "The plotted value is 1.07, the scale; the shift is another tensor.",
      },
    ],
    findings: variants.flatMap((variant, index) => [
      {
        id: "testAccuracy",
        title: "Test accuracy after the last epoch",
        value: 98.642 + 0.07 * index,
        interval: [98.462 + 0.07 * index, 98.822 + 0.07 * index] as const,
        level: 0.95,
        method: "t",
        n: 5,
        unit: "%",
        variant,
      },
      {
        id: "testLoss",
        title: "Test loss after the last epoch",
        value: 0.0421 + 0.003 * index,
        interval: [0.0379 + 0.003 * index, 0.0463 + 0.003 * index] as const,
        level: 0.95,
        method: "t",
        n: 5,
        unit: "nats",
        variant,
      },
      {
        id: "seconds",
        title: "Training time of one network",
        value: 6.31 + index,
        level: 0.95,
        method: "t",
        n: 1,
        unit: "s",
        variant,
      },
    ]),
    figures,
    tables: [
      {
        id: "means",
        title: "Means over seeds, with 95 % t intervals",
        columns: [
          { key: "variant", title: "Variant" },
          { key: "n", title: "Seeds" },
          { key: "accuracy", title: "Test accuracy (%)" },
          { key: "loss", title: "Test loss (nats)" },
          { key: "parameters", title: "Parameters" },
        ],
        rows: variants.map((_, index) => ({
          variant: Object.values(variantTitles)[index],
          n: 5,
          accuracy: `${(98.64 + 0.07 * index).toFixed(2)} ± 0.18`,
          loss: `${(0.0421 + 0.003 * index).toFixed(4)} ± 0.0042`,
          parameters: 61706 + 226 * index,
        })),
      },
    ],
    notes: [
      "As coded, the network ends in a softmax, and the loss applies softmax again. A perfect classifier of ten classes then still has a loss of ln(1 + 9/e) = 1.46115, and gradients shrink as the network grows sure.",
      "Training loss is averaged over the epoch while weights change; validation loss is measured at its end.",
    ],
    making: {
      command: "trainscope study run normalization --preset quick",
      run: "normalization-20261122-202501",
      startedAt: "2026-11-22T20:23:12Z",
      finishedAt: "2026-11-22T20:25:01Z",
      versions: { trainscope: "0.1.0", node: "20.20.2", runtime: "onnxruntime-node 1.30.0 (cpu)" },
      machine: "Intel Xeon Platinum 8481C, 2 cores, 8 GB, Linux 6.1",
      seeds: [0, 1, 2, 3, 4],
      settings: { epochs: 3, batchSize: 64, learningRate: 0.001 },
    },
    trials: variants.flatMap((variant, v) =>
      [0, 1, 2, 3, 4].map((seed) => ({
        id: (0x3f2a9c01d44e + v * 7919 + seed * 104729).toString(16).padStart(16, "0"),
        factors: { variant, seed },
        status: v === 3 && seed === 4 ? "diverged" : "done",
        timings: {
          compileMs: 212 + 13 * v,
          trainMs: 6310 + 100 * seed,
          evaluateMs: 140,
          totalMs: 6700 + 13 * v + 100 * seed,
        },
        ...(v === 3 && seed === 4 ? { remark: "not finite from step 812 on, first in layers.4.weight" } : {}),
      })),
    ),
  };
}
