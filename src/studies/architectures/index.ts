// Study `architectures`: cost and receptive fields of AlexNet, VGG and the inception module, computed without training.
//
// Question    problem 5 of the lab report: parameters, operations, memory and receptive fields of classic networks.
// Expected    the report's totals, except for its mistakes: counts of the wrong form, without biases, in the wrong unit.
// Refuted by  any count that differs from the arithmetic of the claims, or from the published tables.
// Source      Krizhevsky et al. 2012; Simonyan and Zisserman, ICLR 2015; Szegedy et al., CVPR 2015; Araujo et al., Distill
//             2019; Luo et al., NeurIPS 2016.
import type { ComputedStudy } from "../../study/definition.js";
import { answer } from "./answer.js";
import { claims } from "./claims/index.js";
import { effectiveDepths } from "./effective-fields.js";
import { figures } from "./figures.js";
import { effectiveVariant, findings } from "./findings.js";
import { measure } from "./measurements.js";
import { networks } from "./networks.js";
import { reported } from "./sources.js";
import { tables } from "./tables.js";

export const architectures: ComputedStudy = {
  kind: "computed",
  id: "architectures",
  title: "What classic architectures cost and see",
  question:
    "How many parameters and operations do AlexNet, VGG-19 and an inception module take, how much memory, and what does one of their outputs see of the image?",
  expectation:
    "The totals that are printed everywhere, once it is said of which form they are, with or without biases, and in which unit.",
  refutedBy: "A count that differs from the published tables: it would refute the instrument.",
  source: reported.source,
  factors: [
    {
      id: "network",
      title: "Network",
      levels: [
        ...Object.entries(networks).map(([id, { title }]) => ({ id, title })),
        ...effectiveDepths.map((layers) => ({ id: effectiveVariant(layers), title: `${layers} layers of 3 × 3` })),
      ],
    },
  ],
  compute() {
    const measurements = measure();
    const found = findings(measurements);
    return {
      answer: answer(found),
      findings: found,
      claims: claims(measurements),
      figures: figures(measurements),
      tables: tables(measurements),
      notes,
    };
  },
};

const notes = [
  "Every number in the tables and findings is counted by the instrument behind trainscope inspect on models of the catalogue. Numbers of the report and of other publications appear only as the statements that are checked.",
  "MACs are multiply-accumulate pairs of convolutions and dense layers, without biases. FLOPs are twice the MACs, and one for every other arithmetic operation; where a sentence says 2 × MACs, it is only that.",
  "Activations are counted as the report counts them: input, convolutions, poolings and dense layers, one number each; where branches meet, the joined copy as well. ReLU works in place and dropout does nothing at inference, so neither is counted.",
  "Proof that N stacked F × F convolutions with stride 1 see NF − N + 1 pixels along an axis. A pixel sees itself: r_0 = 1. An output of layer N reads F neighbors of layer N − 1, of which the outer two are F − 1 places apart; with stride 1 a place is a pixel, so their fields together are F − 1 pixels longer than one of them: r_N = r_(N−1) + F − 1. Hence r_N = 1 + N (F − 1) = NF − N + 1. The table checks it by the instrument; the ledger, by the smallest input that the shape rules let such a stack read, too.",
  "Tables also differ by what they leave out. GoogLeNet and Inception v3 have auxiliary heads that only training uses: torchvision prints Inception v3 with its head (27,161,264 parameters), timm without (23.83 million).",
  "Dense layers see the whole input, whatever the fields before them: their field is given as “all”.",
];
