// Study `dying-relu`: how many deep narrow ReLU networks collapse, before training and in it, and what prevents it.
//
// Question    problem 1.2 of the lab report. Expected: about 91 % of networks of 10 layers of 2 units are dead before the
//             first update, and 94 to 96 % after two epochs; leaky ReLU never has a dead layer, but often a flat output.
// Refuted by  untrained networks whose share of dead ones differs from the exact recurrence, or dead networks that revive.
// Source      L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, CiCP 28(5), 2020 (arXiv 1903.06733).
import { type AnalysisContext, defineStudy } from "../../study/definition.js";
import { answer } from "./answer.js";
import { claims, report } from "./claims.js";
import { design } from "./design.js";
import { figures } from "./figures.js";
import { findings } from "./findings.js";
import { activations, codedData, initializers, targets } from "./networks.js";
import { type DyingReluSettings, presets, settings, smoke } from "./settings.js";
import { tables } from "./tables.js";

const levels = (table: Readonly<Record<string, { readonly title: string }>>) =>
  Object.entries(table).map(([id, { title }]) => ({ id, title }));

export const dyingRelu = defineStudy({
  kind: "trained",
  id: "dying-relu",
  title: "Dying ReLU in deep narrow networks",
  question: "How many deep narrow ReLU networks are dead, how many of them before training, and what prevents it?",
  expectation:
    "About 91 % of ReLU networks of 10 layers of 2 units are dead before training and 94 to 96 % after it. Leaky ReLU has no dead layer, but often a flat output.",
  refutedBy:
    "A share of networks dead before training that differs from the exact value, or dead networks that come back to life.",
  source: report,
  factors: [
    {
      id: "form",
      title: "Form",
      levels: [
        { id: "trained", title: "Trained" },
        { id: "depths", title: "Untrained, all depths" },
        { id: "drawn", title: "Outputs kept" },
        { id: "asCoded", title: "As coded" },
      ],
    },
    { id: "target", title: "Function", levels: levels(targets) },
    { id: "activation", title: "Activation", levels: levels(activations) },
    { id: "initializer", title: "Initializer", levels: levels(initializers) },
    { id: "network", title: "Hidden layers x units", levels: [] },
    { id: "epochs", title: "Epochs trained", levels: [] },
  ],
  settings,
  presets,
  smoke,
  data: {
    "absolute-value": "absolute-value",
    "x-sin-5x": "x-sin-5x",
    "step-sine": "step-sine",
    asCoded: codedData,
  },
  stages: [{ id: "training", design }],
  analyze: (results, context) => {
    const found = findings(results, context.settings);
    return {
      answer: answer(found),
      findings: found,
      claims: claims(results, context.settings),
      figures: figures(results, context.settings),
      tables: tables(results, context.settings),
      notes: notes(context),
    };
  },
});

function notes({ settings: { hiddenLayers, units } }: AnalysisContext<DyingReluSettings>): string[] {
  return [
    `Networks: ${hiddenLayers} dense hidden layers of ${units} units, one linear output; 3,000 inputs uniform on [-sqrt 7, sqrt 7]; mean squared error, Adam at 0.001, batches of 64. All networks of one kind learn the same examples, each with its own weights and order.`,
    "Dead is structural: a hidden layer without a live unit on 401 inputs passes no gradient and cannot recover. Flat is a tolerance on outputs, which also catches slow learners. The report's test, outputs that sum to 0, is neither.",
    "As coded: 11 hidden layers and an activation on the output; the inputs were divided by their own length, so that each is -1 or 1 and every target is sin 5 = -0.959, which a ReLU cannot reach.",
  ];
}
