// AlexNet: claims of the report and the literature about its size, layer by layer.
import type { Claim } from "../../../core/findings.js";
import { countText, decimalText, sumText } from "../../../study/analysis/number-text.js";
import { layerNamed } from "../accounted.js";
import type { Measurements } from "../measurements.js";
import { networks as specs } from "../networks.js";
import { mapText, mebibytes } from "../size-text.js";
import { published, reported } from "../sources.js";
import { confirmed, erratum, roundsTo } from "./statement.js";

const { source } = reported.alexnet;

export function alexnetClaims(measurements: Measurements): Claim[] {
  return [
    layers(measurements),
    flatten(measurements),
    inputWidth(measurements),
    total(measurements),
    paper(measurements),
    firstLayer(measurements),
    burden(measurements),
    torchvision(measurements),
  ];
}

function layers({ networks: { alexnet } }: Measurements): Claim {
  const { parameters, weights, biases } = alexnet.inspection.totals;
  const parts = alexnet.layers.map(({ record }) => record.parameters).filter((count) => count > 0);
  const sum = parts.reduce((all, count) => all + count, 0);
  return confirmed(
    {
      id: "alexnet-layers",
      source,
      text: `The eight layers of AlexNet in one tower, at 227 × 227, have ${countText(reported.alexnet.parameters)} parameters together.`,
      rule: "Supported if the counted layers add up to the number.",
    },
    sum === reported.alexnet.parameters && sum === parameters,
    `${sumText(parts)}, of which ${countText(weights)} are weights and ${countText(biases)} biases.`,
  );
}

function flatten({ networks: { alexnet, alexnetAt224 } }: Measurements): Claim {
  const [height, width, channels] = reported.alexnet.flattened;
  const shape = layerNamed(alexnet, "pool5").outputShape;
  const inputs = (shape ?? []).reduce((product, extent) => product * extent, 1);
  const first = layerNamed(alexnet, "fc6");
  const units = first.biases;
  const printed = height * width * channels * units + units;
  const small = alexnetAt224.inspection.totals;
  return erratum(
    {
      id: "alexnet-flatten",
      source,
      text: `The first dense layer reads ${reported.alexnet.flattened.join(" * ")} numbers and has ${countText(reported.alexnet.firstDense)} parameters.`,
      rule: "Erratum if the product as printed does not give the printed number.",
    },
    printed !== reported.alexnet.firstDense && first.parameters === reported.alexnet.firstDense,
    `The last pooling leaves ${mapText(shape)} = ${countText(inputs)} numbers, and ${countText(inputs)} × ${countText(units)} + ${countText(units)} = ${countText(first.parameters)}. ` +
      `With ${reported.alexnet.flattened.join(" × ")} it would be ${countText(printed)}, and the whole network ${countText(small.parameters)}: that is AlexNet at 224 × 224.`,
  );
}

function inputWidth({ networks: { alexnet, alexnetAt224 } }: Measurements): Claim {
  const { kernel = [], stride = [], outputShape } = layerNamed(alexnet, "conv1");
  const width = specs.alexnet.inputShape[2];
  const said = reported.alexnet.inputWidth;
  const places = (extent: number): number => (extent - kernel[0]) / stride[0] + 1;
  const [first, last] = ["conv1", "pool5"].map((name) => mapText(layerNamed(alexnetAt224, name).outputShape));
  return erratum(
    {
      id: "alexnet-input",
      source,
      text: `The input is 3 × 227 × 227, "where ${said} is the width".`,
      rule: "Erratum if the windows of the first layer do not tile the stated width, but do tile 227.",
    },
    !Number.isInteger(places(said)) && places(width) === outputShape?.[2],
    `The width is ${width}: (${width} − ${kernel[0]}) / ${stride[0]} + 1 = ${places(width)}. With ${said} it would be ${places(said)}, so a first map of ${first} instead of ${mapText(outputShape)}, and ${last} after the last pooling: the “5*5*256” of the text belongs to that input.`,
  );
}

function total({ networks: { alexnet, alexnetTwoGpu } }: Measurements): Claim {
  const single = alexnet.inspection.totals;
  const grouped = alexnetTwoGpu.inspection.totals;
  const savings = alexnet.layers.flatMap(({ name, record }) => {
    const saved = record.parameters - layerNamed(alexnetTwoGpu, name).parameters;
    return saved === 0 ? [] : [{ name, saved }];
  });
  return erratum(
    {
      id: "alexnet-published",
      source,
      text: `${countText(reported.alexnet.parameters)} is the number of parameters of AlexNet (said without remark).`,
      rule: "Erratum if the published network, whose convolutions 2, 4 and 5 stand in two groups, has another count.",
    },
    single.parameters === reported.alexnet.parameters && grouped.parameters !== reported.alexnet.parameters,
    `That is the form in one tower. On two GPUs ${savings.map(({ name }) => name).join(", ")} read only half of the maps: ${countText(single.parameters)} ${savings.map(({ saved }) => `− ${countText(saved)}`).join(" ")} = ${countText(grouped.parameters)}, and ${countText(grouped.macs)} instead of ${countText(single.macs)} MACs.`,
  );
}

function paper({ networks: { alexnetTwoGpu } }: Measurements): Claim {
  const { parameters, productActivations } = alexnetTwoGpu.inspection.totals;
  const { parameters: said, neurons } = published.alexnetPaper;
  const isNear = (value: number, round: number): boolean => Math.abs(value / round - 1) < 0.02;
  return confirmed(
    {
      id: "alexnet-paper",
      source: published.alexnetPaper.source,
      text: `The network has ${said / 1e6} million parameters and ${countText(neurons)} neurons.`,
      rule: "Supported if both counts of the form on two GPUs lie within 2 % of the round numbers.",
    },
    isNear(parameters, said) && isNear(productActivations, neurons),
    `${countText(parameters)} parameters and ${countText(productActivations)} outputs of convolutions and dense layers.`,
  );
}

function firstLayer({ networks: { alexnetTwoGpu } }: Measurements): Claim {
  const { outputShape } = layerNamed(alexnetTwoGpu, "conv1");
  const neurons = (outputShape ?? []).reduce((product, extent) => product * extent, 1);
  const { firstLayer: said } = published.alexnetPaper;
  return erratum(
    {
      id: "alexnet-first-layer",
      source: published.alexnetPaper.source,
      text: `The first layer has ${countText(said)} neurons.`,
      rule: "Erratum if its map has another number of elements.",
    },
    neurons !== said,
    `${mapText(outputShape)} = ${countText(neurons)}.`,
  );
}

function burden({ networks: { alexnetTwoGpu } }: Measurements): Claim {
  const { macs, parameterBytes } = alexnetTwoGpu.inspection.totals;
  const { macs: said, parameterMegabytes } = published.burden.caffenet;
  return confirmed(
    {
      id: "alexnet-burden",
      source: published.burden.source,
      text: `The form on two GPUs (CaffeNet) costs ${said} MFLOPs, and its parameters take ${parameterMegabytes} MB.`,
      rule: "Supported if MACs and bytes (of 2^20) round to the numbers: its FLOPs are MACs.",
    },
    roundsTo(macs / 1e6, said, 0) && roundsTo(mebibytes(parameterBytes), parameterMegabytes, 0),
    `${countText(macs)} MACs; ${countText(parameterBytes)} bytes are ${decimalText(mebibytes(parameterBytes), 1)} MiB.`,
  );
}

function torchvision({ networks: { alexnetTorchvision } }: Measurements): Claim {
  const { parameters, macs } = alexnetTorchvision.inspection.totals;
  const said = published.torchvision.alexnet;
  return confirmed(
    {
      id: "alexnet-torchvision",
      source: published.torchvision.source,
      text: `torchvision's AlexNet has ${countText(said.parameters)} parameters and costs ${said.gigaMacs} GFLOPS.`,
      rule: "Supported if the parameters are equal and the MACs round to the number: its GFLOPS are 10^9 MACs.",
    },
    parameters === said.parameters && roundsTo(macs / 1e9, said.gigaMacs, 3),
    `${countText(parameters)} parameters, ${countText(macs)} MACs. It is a later form in one tower, with 64, 192, 384, 256 and 256 filters.`,
  );
}
