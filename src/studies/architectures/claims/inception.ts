// The inception module: the savings of reductions, and the unit of the counts.
import type { Claim } from "../../../core/findings.js";
import { inspect } from "../../../inspect/inspect.js";
import { batchNorm, conv2d, dense, flatten, relu, sequential } from "../../../nn/index.js";
import { catalogueModel } from "../../../nn/models.js";
import { countText, decimalText, sumText } from "../../../study/analysis/number-text.js";
import { type Accounted, branchesOf } from "../accounted.js";
import { type Measurements, reduction } from "../measurements.js";
import { networks as specs } from "../networks.js";
import { mapText } from "../size-text.js";
import { published, reported } from "../sources.js";
import { confirmed, erratum } from "./statement.js";

const { source } = reported.inception;

export function inceptionClaims(measurements: Measurements): Claim[] {
  return [
    counts(measurements),
    unit(measurements),
    saving(measurements),
    reducers(measurements),
    growth(measurements),
    auxiliaryHeads(),
  ];
}

function counts({ networks }: Measurements): Claim {
  const { naive, reduced } = reduction(networks);
  const [naiveSum, reducedSum] = [networks.inceptionNaive, networks.inceptionReduced].map((module) =>
    sumText(branchesOf(module).flatMap(({ convolutions }) => convolutions.map(({ macs }) => macs ?? 0))),
  );
  return confirmed(
    {
      id: "inception-counts",
      source,
      text: `The naive module does ${countText(reported.inception.naive)} operations, the reduced one ${countText(reported.inception.reduced)}.`,
      rule: "Supported if the MACs of both are these numbers.",
    },
    naive === reported.inception.naive && reduced === reported.inception.reduced,
    `Naive: ${naiveSum}. Reduced: ${reducedSum}.`,
  );
}

function unit({ networks }: Measurements): Claim {
  const { naive, reduced } = reduction(networks);
  const [naiveFlops, reducedFlops] = [networks.inceptionNaive, networks.inceptionReduced].map(
    ({ inspection }) => inspection.totals.flops,
  );
  return erratum(
    {
      id: "inception-flop",
      source,
      text: "These counts are floating-point operations (FLOP).",
      rule: "Erratum if they equal the multiply-accumulate pairs: each is a multiplication and an addition.",
    },
    naive === reported.inception.naive && reduced === reported.inception.reduced,
    `They are MACs. FLOPs are twice as many: 2 × ${countText(naive)} = ${countText(2 * naive)} and 2 × ${countText(reduced)} = ${countText(2 * reduced)}; with ReLU and pooling ${countText(naiveFlops)} and ${countText(reducedFlops)}.`,
  );
}

function saving({ networks }: Measurements): Claim {
  const { naive, reduced, ratio, savingPercent, factor } = reduction(networks);
  const said = reported.inception;
  return erratum(
    {
      id: "inception-saving",
      source,
      text: `The reduced module needs ${said.ratio} % of the operations, a saving of ${said.saving} %.`,
      rule: "Erratum if the shares, rounded to whole percents, are others.",
    },
    Math.round(100 * ratio) !== said.ratio || Math.round(savingPercent) !== said.saving,
    `${countText(reduced)} / ${countText(naive)} = ${decimalText(ratio, 5)}: ${decimalText(100 * ratio, 2)} %, a saving of ${decimalText(savingPercent, 2)} %, or a factor of ${decimalText(factor, 3)}.`,
  );
}

function reducers({ networks }: Measurements): Claim {
  const { macs } = networks.inceptionReduced64.inspection.totals;
  const { reduced } = reduction(networks);
  const said = published.otherSolution.reducedMacs;
  return erratum(
    {
      id: "inception-reducers",
      source: published.otherSolution.source,
      text: `The reduced module does ${countText(said)} operations.`,
      rule: "Erratum if that is the count for other reducers than those of the figure.",
    },
    macs === said && macs !== reduced,
    `That is the count for reducers of ${reducersOf(networks.inceptionReduced64)} filters; the figure has ${reducersOf(networks.inceptionReduced)}, and ${countText(reduced)}.`,
  );
}

/** Filters of the convolutions that precede other convolutions. */
const reducersOf = (module: Accounted): string =>
  branchesOf(module)
    .filter(({ convolutions }) => convolutions.length > 1)
    .map(({ convolutions }) => convolutions[0].outputShape?.[1])
    .join(" and ");

function growth({ networks: { inceptionNaive, inceptionReduced } }: Measurements): Claim {
  const [channels] = specs.inceptionNaive.inputShape;
  const [naive, reduced] = [inceptionNaive, inceptionReduced].map(({ inspection }) => inspection.outputs[0].shape);
  const added = branchesOf(inceptionNaive)
    .filter(({ weights }) => weights > 0)
    .reduce((sum, branch) => sum + branch.channels, 0);
  return confirmed(
    {
      id: "inception-growth",
      source: published.inceptionPaper.source,
      text: "Merging the output of the pooling with those of the convolutions makes the number of outputs grow from stage to stage.",
      rule: "Supported if the naive module's output has the channels of its input, and those of its convolutions on top.",
    },
    naive?.[1] === channels + added && added > 0,
    `${channels} channels become ${naive?.[1]}, ${added} more at every module, whatever it reads: ${mapText(naive)} against ${mapText(reduced)} with a projection after the pooling.`,
  );
}

/** Inputs of GoogLeNet's two auxiliary heads after their pooling: outputs of modules 4a and 4d. */
const headInputs = [
  [512, 4, 4],
  [528, 4, 4],
] as const;

/** A head of torchvision's form: 1 x 1 convolution with normalization, two dense layers. */
const auxiliaryHead = sequential([
  conv2d({ filters: 128, kernel: 1, bias: false }),
  batchNorm(),
  relu(),
  flatten(),
  dense({ units: 1024 }),
  relu(),
  dense({ units: 1000 }),
]);

function auxiliaryHeads(): Claim {
  const { spec, inputShape = [] } = catalogueModel("googlenet");
  const { parameters } = inspect(spec, { inputShape }).totals;
  const heads = headInputs.map((shape) => inspect(auxiliaryHead, { inputShape: shape }).totals.parameters);
  const all = heads.reduce((sum, count) => sum + count, parameters);
  const { source: where, withHeads, withoutHeads } = published.googlenet;
  return confirmed(
    {
      id: "googlenet-heads",
      source: where,
      text: `GoogLeNet has ${countText(withoutHeads)} parameters in one table and ${countText(withHeads)} in the other.`,
      rule: "Supported if both follow from one network, without and with its two auxiliary heads.",
    },
    parameters === withoutHeads && all === withHeads,
    `${sumText([parameters, ...heads])}: the heads of training make up the difference.`,
  );
}
