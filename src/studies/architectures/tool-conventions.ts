// Definitions of a FLOP in other tools, applied to one network: the reason why published tables differ.
import type { Table } from "../../core/findings.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { Inspection, LayerRecord } from "../../inspect/inspection.js";
import type { AccountedNetworks } from "./accounted.js";

interface ToolConvention {
  readonly tool: string;
  readonly prints: string;
  readonly means: string;
  /** The tool's number for a network. */
  read(parts: Parts): number;
  readonly source: string;
}

/** The terms of the tools' rules, for a network whose convolutions and dense layers all have biases. */
interface Parts {
  readonly macs: number;
  /** Twice the MACs, plus one for every other operation. */
  readonly flops: number;
  /** Outputs of convolutions and dense layers: timm's activations, and the number of bias additions. */
  readonly products: number;
  /** Outputs of convolutions alone. */
  readonly convolutions: number;
  /** Elements that pass through ReLU. */
  readonly rectified: number;
  /** Inputs of poolings, each counted once. */
  readonly poolInputs: number;
  /** Inputs of poolings, counted once per window. */
  readonly poolTaps: number;
}

const macs = (parts: Parts): number => parts.macs;
const profiled = (parts: Parts): number => 2 * parts.macs + parts.products + parts.poolTaps;

/** One entry per tool: the rule in its source code of 2026. */
const tools: readonly ToolConvention[] = [
  {
    tool: "fvcore",
    prints: "flops",
    means: "MACs; 1 to 5 an element of normalizations",
    read: macs,
    source: "its counters of operators; issues 69 and 133, pull request 77",
  },
  {
    tool: "torchinfo",
    prints: "mult-adds",
    means: "MACs and biases, of modules that it knows",
    read: (parts) => parts.macs + parts.products,
    source: "its LayerInfo",
  },
  {
    tool: "ptflops",
    prints: "computational complexity",
    means: "MACs, biases, activations, what poolings read",
    read: (parts) => parts.macs + parts.products + parts.rectified + parts.poolInputs,
    source: "its hooks of PyTorch's modules",
  },
  {
    tool: "thop",
    prints: "macs",
    means: "MACs; a few an element of normalizations and average poolings",
    read: macs,
    source: "its hooks; older versions count biases, too",
  },
  { tool: "calflops", prints: "MACs", means: "MACs", read: macs, source: "its counters of functions" },
  {
    tool: "calflops",
    prints: "FLOPs",
    means: "2 for each MAC; biases of convolutions, activations, what poolings read",
    read: (parts) => 2 * parts.macs + parts.convolutions + parts.rectified + parts.poolInputs,
    source: "its counters of functions",
  },
  { tool: "timm", prints: "GMACs", means: "MACs", read: macs, source: "results tables of timm" },
  {
    tool: "timm",
    prints: "activations",
    means: "outputs of convolutions and dense layers",
    read: ({ products }) => products,
    source: "results tables of timm",
  },
  { tool: "torchvision", prints: "_ops, GFLOPS", means: "MACs", read: macs, source: "metadata of its weights" },
  { tool: "ResNet paper", prints: "FLOPs", means: "MACs", read: macs, source: "He et al., CVPR 2016, section 3.3" },
  { tool: "convnet-burden", prints: "FLOPs", means: "MACs", read: macs, source: "its table of estimates" },
  {
    tool: "TensorFlow profiler",
    prints: "float_ops",
    means: "2 for each MAC; biases, every window of a pooling; no activations",
    read: profiled,
    source: "its registered statistics",
  },
  {
    tool: "receptive_field",
    prints: "FLOPs",
    means: "what the TensorFlow profiler prints",
    read: profiled,
    source: "Araujo et al., Distill 2019",
  },
  { tool: "Trainscope", prints: "MACs", means: "MACs", read: macs, source: "this program" },
  {
    tool: "Trainscope",
    prints: "FLOPs",
    means: "2 for each MAC, 1 for every other operation",
    read: ({ flops }) => flops,
    source: "this program",
  },
];

/** The number of each convention for VGG-19. */
export function toolConventions({ vgg19 }: AccountedNetworks): Table {
  const parts = partsOf(vgg19.inspection);
  return {
    id: "tool-conventions",
    title: "What tools print, and what their rules make of VGG-19 at 224 × 224: computed here, not run",
    columns: [
      { key: "tool", title: "Tool" },
      { key: "prints", title: "Prints" },
      { key: "means", title: "Means" },
      { key: "vgg19", title: "VGG-19" },
      { key: "source", title: "Source" },
    ],
    rows: tools.map(({ read, ...row }) => ({ ...row, vgg19: read(parts) })),
  };
}

function partsOf({ layers, totals }: Inspection): Parts {
  const total = (kind: (layer: LayerRecord) => boolean, count: (layer: LayerRecord) => number): number =>
    layers.filter(kind).reduce((sum, layer) => sum + count(layer), 0);
  const outputs = ({ outputShape }: LayerRecord): number => sizeOf(outputShape ?? []);
  const isPooling = ({ kernel, parameters }: LayerRecord): boolean => kernel !== undefined && parameters === 0;
  const hasKernel = ({ kernel, parameters }: LayerRecord): boolean => kernel !== undefined && parameters > 0;
  return {
    macs: totals.macs,
    flops: totals.flops,
    products: totals.productActivations,
    convolutions: total(hasKernel, outputs),
    rectified: total(({ operator }) => operator === "Relu", outputs),
    poolInputs: total(isPooling, ({ inputShape }) => sizeOf(inputShape ?? [])),
    poolTaps: total(isPooling, (layer) => outputs(layer) * sizeOf(layer.kernel ?? [])),
  };
}
