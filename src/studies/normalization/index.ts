// Study `normalization`: the effect of batch normalization and dropout on LeNet-5, and why a report found otherwise.
//
// Question    problem 2 of the lab report. Expected: with a working loss and optimizer all five variants end within about
//             a point of one another; normalization learns faster, dropout slower.
// Refuted by  a paired difference of several points between variants after the last epoch.
// Source      Ioffe and Szegedy, ICML 2015; Srivastava et al., JMLR 15, 2014; LeCun et al., Proc. IEEE 86(11), 1998.
import { type AnalysisContext, defineStudy } from "../../study/definition.js";
import { answer } from "./answer.js";
import { claims } from "./claims.js";
import { design, variants } from "./design.js";
import { figures } from "./figures.js";
import { findings, tables } from "./findings.js";
import { source } from "./report.js";
import { type NormalizationSettings, presets, settings, smoke } from "./settings.js";

export const normalization = defineStudy({
  kind: "trained",
  id: "normalization",
  title: "Batch normalization and dropout in LeNet-5",
  question: "Does batch normalization or dropout help LeNet-5 on MNIST, and does normalizing the input add anything?",
  expectation:
    "All variants end within about a point of one another; batch normalization learns faster at first, dropout slower.",
  refutedBy: "A paired difference of several points after the last epoch.",
  source,
  factors: [
    { id: "variant", title: "Variant", levels: variants.map(({ id, title }) => ({ id, title })) },
    {
      id: "form",
      title: "Form",
      levels: [
        { id: "corrected", title: "Corrected" },
        { id: "asCoded", title: "As coded" },
      ],
    },
  ],
  settings,
  presets,
  smoke,
  data: { mnist: "mnist" },
  stages: [{ id: "training", design }],
  analyze: (results, context) => {
    const found = findings(results);
    return {
      answer: answer(found),
      findings: found,
      claims: claims(results, context),
      figures: figures(results, context),
      tables: tables(results),
      notes: notes(context),
    };
  },
});

function notes({ data, seeds }: AnalysisContext<NormalizationSettings>): string[] {
  return [
    "Corrected: ReLU, max-pooling, batch normalization before the activation, dropout 0.2 on the input and 0.5 after every hidden layer and its pooling, logits into the cross-entropy, Adam. As coded: tanh, average pooling, batch normalization after the activation, softmax before a loss that applies it again, SGD at 0.001 without momentum, batches of 128.",
    "The report resized images to 32 x 32 by interpolation; here the first convolution pads 28 x 28 images by two pixels instead, which gives every layer the same shape and the same number of parameters (61,706).",
    "Where the input has a normalization of its own, images are only scaled to 0..1; all other variants get images standardized by the mean and deviation of MNIST.",
    ...(data.mnist.isSample
      ? [
          "Trained on the sample that ships with the program: accuracies lie below those of the full set. Fetch it with: trainscope data get mnist.",
        ]
      : []),
    ...(seeds.length < 2 ? ["One seed gives no intervals, so no claim about differences can be decided."] : []),
  ];
}
