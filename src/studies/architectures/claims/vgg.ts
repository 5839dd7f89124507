// VGG: totals with and without biases, activations, and published numbers.
import type { Claim } from "../../../core/findings.js";
import type { Totals } from "../../../inspect/inspection.js";
import { countText, decimalText } from "../../../study/analysis/number-text.js";
import { layerNamed } from "../accounted.js";
import type { Measurements } from "../measurements.js";
import { mebibytes, megabytes } from "../size-text.js";
import { published, reported } from "../sources.js";
import { confirmed, erratum, roundsTo } from "./statement.js";

const { source } = reported.vgg19;
const float32Bytes = 4;

export function vggClaims(measurements: Measurements): Claim[] {
  return [
    total(measurements),
    product(measurements),
    activations(measurements),
    paper(measurements),
    torchvision(measurements),
    timm(measurements),
    burden(measurements),
  ];
}

function total({ networks: { vgg19 } }: Measurements): Claim {
  const { parameters, weights, biases } = vgg19.inspection.totals;
  return erratum(
    {
      id: "vgg19-total",
      source,
      text: `The column of parameters, which leaves out biases, adds up to ${countText(reported.vgg19.total)}.`,
      rule: "Erratum if the weights alone add up to another number.",
    },
    weights !== reported.vgg19.total,
    `The column adds up to ${countText(weights)}; only with the ${countText(biases)} biases it is ${countText(weights)} + ${countText(biases)} = ${countText(parameters)}.`,
  );
}

function product({ networks: { vgg19 } }: Measurements): Claim {
  const { weights, inputShape, outputShape } = layerNamed(vgg19, "fc7");
  const [from, to] = [inputShape?.[1] ?? 0, outputShape?.[1] ?? 0];
  return erratum(
    {
      id: "vgg19-product",
      source,
      text: `The second dense layer has ${from} * ${to} = ${reported.vgg19.denseProduct} weights.`,
      rule: "Erratum if the product is written otherwise.",
    },
    countText(weights) !== reported.vgg19.denseProduct && from * to === weights,
    `${countText(from)} × ${countText(to)} = ${countText(weights)}: a digit is missing.`,
  );
}

function activations({ networks: { vgg19 } }: Measurements): Claim {
  const counts = [
    vgg19.inspection.inputs[0].shape.reduce((all, extent) => all * extent, 1),
    ...vgg19.layers.map(({ record }) => record.activations ?? 0),
  ];
  const sum = counts.reduce((all, count) => all + count, 0);
  const bytes = float32Bytes * sum;
  return erratum(
    {
      id: "vgg19-activations",
      source,
      text: "The column of activations stands without its total.",
      rule: "Erratum: the sum over input, convolutions, poolings and dense layers is added here, if two ways of counting agree.",
    },
    sum === vgg19.inspection.totals.activationsInPlace,
    `Input, convolutions, poolings and dense layers hold ${countText(sum)} numbers, and ${countText(sum)} × ${float32Bytes} bytes = ${countText(bytes)} bytes: ${decimalText(megabytes(bytes), 1)} MB an image in the forward pass.`,
  );
}

function paper({ networks: { vgg16, vgg19 } }: Measurements): Claim {
  const counts = [vgg16, vgg19].map(({ inspection }) => inspection.totals.parameters);
  const said = [published.vggPaper.vgg16, published.vggPaper.vgg19];
  return confirmed(
    {
      id: "vgg-paper",
      source: published.vggPaper.source,
      text: `Configurations D and E (VGG-16 and VGG-19) have ${said.join(" and ")} million parameters.`,
      rule: "Supported if both counts round to the numbers.",
    },
    counts.every((count, i) => roundsTo(count / 1e6, said[i], 0)),
    `${counts.map((count) => countText(count)).join(" and ")}.`,
  );
}

function torchvision({ networks: { vgg16, vgg19 } }: Measurements): Claim {
  const pairs = [
    { totals: vgg16.inspection.totals, said: published.torchvision.vgg16 },
    { totals: vgg19.inspection.totals, said: published.torchvision.vgg19 },
  ];
  return confirmed(
    {
      id: "vgg-torchvision",
      source: published.torchvision.source,
      text: `VGG-16 and VGG-19 have ${pairs.map(({ said }) => countText(said.parameters)).join(" and ")} parameters and cost ${pairs.map(({ said }) => said.gigaMacs).join(" and ")} GFLOPS.`,
      rule: "Supported if the parameters are equal and the MACs round to the numbers.",
    },
    pairs.every(
      ({ totals, said }) => totals.parameters === said.parameters && roundsTo(totals.macs / 1e9, said.gigaMacs, 3),
    ),
    `${pairs.map(({ totals }) => `${countText(totals.parameters)} parameters, ${countText(totals.macs)} MACs`).join("; ")}.`,
  );
}

function timm({ networks: { vgg19 } }: Measurements): Claim {
  const { productActivations } = vgg19.inspection.totals;
  const said = published.timm.activations / 1e6;
  return confirmed(
    {
      id: "vgg19-timm",
      source: published.timm.source,
      text: `VGG-19 has ${said} million activations.`,
      rule: "Supported if the outputs of convolutions and dense layers round to the number.",
    },
    roundsTo(productActivations / 1e6, said, 2),
    `${countText(productActivations)} outputs of convolutions and dense layers; input and poolings are not in this count.`,
  );
}

function burden({ networks: { vgg16, vgg19 } }: Measurements): Claim {
  const pairs = [
    { totals: vgg16.inspection.totals, said: published.burden.vgg16 },
    { totals: vgg19.inspection.totals, said: published.burden.vgg19 },
  ];
  const featureMegabytes = ({ activationsInPlace }: Totals): number => mebibytes(float32Bytes * activationsInPlace);
  return confirmed(
    {
      id: "vgg-burden",
      source: published.burden.source,
      text: `VGG-16 and VGG-19 hold ${pairs.map(({ said }) => said.parameterMegabytes).join(" and ")} MB of parameters and ${pairs.map(({ said }) => said.featureMegabytes).join(" and ")} MB of features.`,
      rule: "Supported if the bytes of parameters and of activations (input, convolutions, poolings, dense layers) round to the numbers, in units of 2^20.",
    },
    pairs.every(
      ({ totals, said }) =>
        roundsTo(mebibytes(totals.parameterBytes), said.parameterMegabytes, 0) &&
        roundsTo(featureMegabytes(totals), said.featureMegabytes, 0),
    ),
    `${pairs.map(({ totals }) => `${decimalText(mebibytes(totals.parameterBytes), 1)} and ${decimalText(featureMegabytes(totals), 1)} MiB`).join("; ")}.`,
  );
}
