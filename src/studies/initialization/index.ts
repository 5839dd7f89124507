// Study `initialization`: what initial weights do to signals and gradients, what theory says of it, and what training makes
// of it.
//
// Question    problem 1.1 of the lab report. Expected: deviations, gradient factors and fractions within 15 % of mean-field
//             theory at 100 units a layer; a sigmoid network vanishes under every initializer; Glorot keeps tanh in its
//             linear range; half of ReLU's outputs are 0 whatever the initializer.
// Refuted by  measured deviations that differ from theory by more than that, or networks that learn though theory says
//             that no gradient reaches their first layer.
// Source      X. Glorot, Y. Bengio, AISTATS 2010; K. He, X. Zhang, S. Ren, J. Sun, ICCV 2015; B. Poole et al., NeurIPS 2016;
//             S. S. Schoenholz et al., ICLR 2017.
import { type AnalysisContext, defineStudy } from "../../study/definition.js";
import { answer } from "./answer.js";
import { codedPanels, design, usualNormals } from "./design.js";
import { guideTable } from "./figures/guide.js";
import { figures } from "./figures/index.js";
import { findings } from "./findings.js";
import { activations, initializationOf, networks, scaledInitializers } from "./networks.js";
import { ownClaims } from "./own-claims.js";
import { reportClaims } from "./report-claims.js";
import { type InitializationSettings, presets, settings, smoke } from "./settings.js";

const levels = (table: Readonly<Record<string, { readonly title: string }>>) =>
  Object.entries(table).map(([id, { title }]) => ({ id, title }));

export const initialization = defineStudy({
  kind: "trained",
  id: "initialization",
  title: "Initial weights, activations and gradients",
  question: "What do initial weights do to the signals and gradients of a deep network, and does training care?",
  expectation:
    "Signals and gradients follow mean-field theory within 15 %. Glorot keeps tanh in its linear range, sigmoid vanishes under every initializer, and half of the outputs of ReLU are 0 under Glorot and He alike.",
  refutedBy:
    "Deviations that differ from theory by more than 15 %, or networks that learn although no gradient reaches their first layer.",
  source: "A. Wagh, Lab 3 Report, ECE-GY 9143 (2022), problem 1.1",
  factors: [
    {
      id: "form",
      title: "Form",
      levels: [
        { id: "untrained", title: "Untrained" },
        { id: "trained", title: "Trained" },
        { id: "asCoded", title: "As coded" },
      ],
    },
    { id: "network", title: "Network", levels: levels(networks) },
    { id: "activation", title: "Activation", levels: levels(activations) },
    {
      id: "initializer",
      title: "Initializer",
      levels: [
        ...usualNormals.map((id) => ({ id, title: initializationOf(id).title })),
        { id: "normal", title: "Normal" },
        ...levels(scaledInitializers),
      ],
    },
    { id: "deviation", title: "Deviation of normal weights", levels: [] },
    {
      id: "panel",
      title: "Deviation in the panel's title",
      levels: codedPanels.map((id) => ({ id, title: `σ = ${id}` })),
    },
  ],
  settings,
  presets,
  smoke,
  data: { mnist: networks.mnist.data, block: networks.block.data },
  stages: [{ id: "training", design }],
  analyze: (results, context) => {
    const found = findings(results, context.settings);
    return {
      answer: answer(found),
      findings: found,
      claims: [...reportClaims(results, context.settings), ...ownClaims(results, context.settings)],
      figures: figures(results, context.settings),
      tables: [guideTable()],
      notes: notes(context),
    };
  },
});

function notes({ settings: { hiddenLayers, units, inputs } }: AnalysisContext<InitializationSettings>): string[] {
  return [
    `MNIST: images scaled to 0..1, a linear layer from 784 to ${units}, ${hiddenLayers} hidden layers of ${units} units, 10 outputs; looked at on the first ${inputs} test images. Block: ${hiddenLayers} hidden layers of ${units} units on 10 coordinates of points in a ball, one output. Biases are 0 except in PyTorch's default.`,
    "Mean-field theory (lines and predicted findings) is the limit of infinitely wide layers: the variance of pre-activations follows a recursion of Gaussian integrals, and chi, the product of the variance of weights and the mean squared slope, is what a layer does to the square of a gradient. At 100 units a single network strays from it by some percent; the first layer strays more, since 500 similar images are no Gaussian sample.",
    "Saturated: tanh beyond -0.9 and 0.9, sigmoid below 0.1 or above 0.9, as the probes define it. Dead: 0 for every example that was looked at. Means are over networks, each with a seed of its own.",
  ];
}
