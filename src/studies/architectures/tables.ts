// The tables of problem 5: layers of AlexNet and VGG-19, forms of AlexNet, inception modules, receptive fields.
import type { Table } from "../../core/findings.js";
import type { Row } from "../../core/rows.js";
import { conventions } from "../../inspect/conventions.js";
import type { LayerRecord } from "../../inspect/inspection.js";
import { decimalText } from "../../study/analysis/number-text.js";
import {
  type Accounted,
  type AccountedNetworks,
  branchesOf,
  fieldOf,
  layerNamed,
  type NamedLayer,
} from "./accounted.js";
import { boxDeviation } from "./effective-fields.js";
import { type Measurements, reduction } from "./measurements.js";
import {
  identityDepths,
  identityKernels,
  printedFormula,
  smallestInput,
  stackField,
  stackOf,
  truthOf,
} from "./receptive-fields.js";
import { mapText, mebibytes, megabytes } from "./size-text.js";
import { toolConventions } from "./tool-conventions.js";

export function tables(measurements: Measurements): Table[] {
  const { networks } = measurements;
  return [
    layerTable("alexnet-layers", networks.alexnet),
    alexnetForms(networks),
    layerTable("vgg19-layers", networks.vgg19),
    totalsTable(networks),
    inceptionTable(networks),
    stacksTable(),
    identityTable(measurements),
    effectiveTable(measurements),
    toolConventions(networks),
  ];
}

const columns = (titles: Readonly<Record<string, string>>): Table["columns"] =>
  Object.entries(titles).map(([key, title]) => ({ key, title }));

type WindowOptions = Pick<LayerRecord, "kernel" | "stride" | "padding" | "dilation" | "groups">;

/** `11×11/4`, `5×5 p2`, `3×3 p2 d2`: kernel size, stride, padding, dilation, groups, without the default values. */
function windowText({ kernel, stride = [1], padding = [0], dilation = [1], groups = 1 }: WindowOptions): string {
  if (kernel === undefined) return "dense";
  const parts = [
    `${kernel.join("×")}${stride[0] === 1 ? "" : `/${stride[0]}`}`,
    padding[0] === 0 ? "" : `p${padding[0]}`,
    dilation[0] === 1 ? "" : `d${dilation[0]}`,
    groups === 1 ? "" : `g${groups}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

const megabytesText = (activations: number): string => decimalText(megabytes(4 * activations), 3);

function layerRow({ name, record }: NamedLayer): Row {
  const { size, stride } = fieldOf(record);
  return {
    layer: name,
    window: windowText(record),
    output: mapText(record.outputShape),
    weights: record.weights,
    biases: record.biases,
    parameters: record.parameters,
    macs: record.macs,
    activations: record.activations,
    megabytes: megabytesText(record.activations ?? 0),
    field: Number.isNaN(size) ? "all" : `${size}/${stride}`,
  };
}

function layerTable(id: string, { title, inspection, layers }: Accounted): Table {
  const { totals, inputs } = inspection;
  const [{ shape }] = inputs;
  const pixels = shape.reduce((product, extent) => product * extent, 1);
  return {
    id,
    title: `${title}: every layer. Window: extent / stride, p padding. Sees: receptive field / stride in input pixels. MB of float32 activations`,
    columns: columns({
      layer: "Layer",
      window: "Window",
      output: "Output",
      weights: "Weights",
      biases: "Biases",
      parameters: "Parameters",
      macs: "MACs",
      activations: "Activations",
      megabytes: "MB",
      field: "Sees",
    }),
    rows: [
      { layer: "input", output: mapText(shape), activations: pixels, megabytes: megabytesText(pixels) },
      ...layers.map(layerRow),
      {
        layer: "total",
        weights: totals.weights,
        biases: totals.biases,
        parameters: totals.parameters,
        macs: totals.macs,
        activations: totals.activationsInPlace,
        megabytes: megabytesText(totals.activationsInPlace),
      },
    ],
  };
}

function alexnetForms({ alexnet, alexnetTwoGpu, alexnetTorchvision, alexnetAt224 }: AccountedNetworks): Table {
  const forms = { alexnet, alexnetTwoGpu, alexnetTorchvision, alexnetAt224 };
  const cells = (read: (network: Accounted) => readonly [parameters: number, macs: number]): Row =>
    Object.fromEntries(
      Object.entries(forms).flatMap(([id, network]) => {
        const [parameters, macs] = read(network);
        return [
          [`${id}Parameters`, parameters],
          [`${id}Macs`, macs],
        ];
      }),
    );
  const weighted = alexnet.layers.filter(({ record }) => record.parameters > 0);
  return {
    id: "alexnet-forms",
    title: "Four forms of AlexNet, layer by layer: parameters of each form, and its MACs beside them",
    columns: columns({
      layer: "Layer",
      ...Object.fromEntries(
        Object.entries(forms).flatMap(([id, { title }]) => [
          [`${id}Parameters`, title.replace("AlexNet, ", "")],
          [`${id}Macs`, "MACs"],
        ]),
      ),
    }),
    rows: [
      ...weighted.map(({ name }) => ({
        layer: name,
        ...cells((network) => {
          const { parameters, macs } = layerNamed(network, name);
          return [parameters, macs ?? 0];
        }),
      })),
      { layer: "total", ...cells(({ inspection: { totals } }) => [totals.parameters, totals.macs]) },
    ],
  };
}

function totalsTable(networks: AccountedNetworks): Table {
  return {
    id: "totals",
    title: `Totals for one image, float32. FLOPs: ${conventions.flops}. MB: of activations. Run: weights and the largest activations alive at once. Train: with Adam`,
    columns: columns({
      network: "Network",
      parameters: "Parameters",
      macs: "MACs",
      flops: "FLOPs",
      activations: "Activations",
      megabytes: "MB",
      inference: "Run MiB",
      training: "Train MiB",
    }),
    rows: Object.values(networks).map(({ title, inspection: { totals, memory } }) => ({
      network: title,
      parameters: totals.parameters,
      macs: totals.macs,
      flops: totals.flops,
      activations: totals.activationsInPlace,
      megabytes: decimalText(megabytes(4 * totals.activationsInPlace), 1),
      inference: decimalText(mebibytes(memory.inference.total), 1),
      training: decimalText(mebibytes(memory.training.total), 1),
    })),
  };
}

function inceptionTable(networks: AccountedNetworks): Table {
  const { ratio, savingPercent, factor } = reduction(networks);
  const modules = [networks.inceptionNaive, networks.inceptionReduced, networks.inceptionReduced64];
  const rows = modules.flatMap((module): Row[] => [
    ...branchesOf(module).flatMap(({ name, convolutions, channels }) =>
      convolutions.length === 0
        ? [{ module: module.title, branch: name, convolution: "none", channels, weights: 0, macs: 0, flops: 0 }]
        : convolutions.map(({ kernel, outputShape, weights, macs }) => ({
            module: module.title,
            branch: name,
            convolution: `${(kernel ?? []).join(" × ")}, ${outputShape?.[1]} filters`,
            channels: outputShape?.[1] ?? null,
            weights,
            macs,
            flops: 2 * (macs ?? 0),
          })),
    ),
    {
      module: module.title,
      branch: "total",
      convolution: mapText(module.inspection.outputs[0].shape),
      channels: module.inspection.outputs[0].shape?.[1] ?? null,
      weights: module.inspection.totals.weights,
      macs: module.inspection.totals.macs,
      flops: 2 * module.inspection.totals.macs,
    },
  ]);
  return {
    id: "inception",
    title: `Inception modules on 32 × 32 × 256 (FLOPs: 2 × MACs). Reduced over naive: ${decimalText(ratio, 5)}, a saving of ${decimalText(savingPercent, 2)} %, a factor of ${decimalText(factor, 3)}`,
    columns: columns({
      module: "Module",
      branch: "Branch",
      convolution: "Convolution",
      channels: "Channels",
      weights: "Weights",
      macs: "MACs",
      flops: "FLOPs",
    }),
    rows,
  };
}

/** Stacks of convolutions for comparing the formulas. */
const stacks = [
  { name: "two 3 × 3, stride 2", layers: 2, kernel: 3, stride: 2 },
  { name: "three 3 × 3, stride 2", layers: 3, kernel: 3, stride: 2 },
  { name: "three 3 × 3, stride 1", layers: 3, kernel: 3, stride: 1 },
  { name: "three 5 × 5, stride 1", layers: 3, kernel: 5, stride: 1 },
  { name: "three 3 × 3, dilation 1, 2, 4", layers: 3, kernel: 3, stride: 1, dilations: [1, 2, 4] },
] as const;

function stacksTable(): Table {
  return {
    id: "stacks",
    title: "Receptive fields of stacks, along one axis: the instrument, two formulas, and what the stack can read",
    columns: columns({
      stack: "Stack",
      instrument: "Instrument",
      truth: "1 + Σ d (k − 1) Π s",
      smallest: "Smallest input",
      printed: "As printed",
    }),
    rows: stacks.map(({ name, layers, kernel, stride, ...rest }) => {
      const dilations: readonly number[] = "dilations" in rest ? rest.dilations : [];
      const windows = stackOf(layers, kernel, stride).map((window, i) => ({ ...window, dilation: dilations[i] ?? 1 }));
      return {
        stack: name,
        instrument: stackField(windows).size,
        truth: truthOf(windows),
        smallest: smallestInput(windows),
        printed: printedFormula(layers, kernel, stride),
      };
    }),
  };
}

function identityTable({ identity }: Measurements): Table {
  return {
    id: "stacked-identity",
    title: "Receptive field of N stacked F × F convolutions, stride 1, by the instrument: NF − N + 1 everywhere",
    columns: columns({
      n: "N",
      ...Object.fromEntries(identityKernels.map((kernel) => [`f${kernel}`, `F = ${kernel}`])),
    }),
    rows: identityDepths.map((layers) => ({
      n: layers,
      ...Object.fromEntries(
        identity.filter((check) => check.layers === layers).map(({ kernel, instrument }) => [`f${kernel}`, instrument]),
      ),
    })),
  };
}

function effectiveTable({ effective }: Measurements): Table {
  return {
    id: "effective",
    title: "Effective receptive field of n linear 3 × 3 layers of uniform weights: gradients of one output, in float64",
    columns: columns({
      layers: "n",
      extent: "Extent",
      deviation: "Standard deviation",
      formula: "√(n (k² − 1) / 12)",
      share: "Deviation / extent",
      kurtosis: "Excess kurtosis",
    }),
    rows: effective.map(({ layers, kernel, extent, deviation, excessKurtosis }) => ({
      layers,
      extent,
      deviation: decimalText(deviation, 3),
      formula: decimalText(boxDeviation(layers, kernel), 3),
      share: decimalText(deviation / extent, 4),
      kurtosis: decimalText(excessKurtosis, 4),
    })),
  };
}
