// What other tools call a FLOP, and what each prints for one network: the reason why published tables differ by two.
import type { Table } from "../../core/findings.js";
import type { Totals } from "../../inspect/inspection.js";
import type { AccountedNetworks } from "./accounted.js";

interface ToolConvention {
  readonly tool: string;
  readonly prints: string;
  readonly means: string;
  /** What that is for a network. */
  read(totals: Totals): number;
  readonly source: string;
}

const macs = ({ macs: count }: Totals): number => count;
const twice = (totals: Totals): number => 2 * totals.macs;

/** One line a tool, as its documentation or its maintainers say. */
const tools: readonly ToolConvention[] = [
  { tool: "fvcore", prints: "flops", means: "MACs", read: macs, source: "fvcore issues 69 and 133, pull request 77" },
  {
    tool: "torchinfo",
    prints: "mult-adds",
    means: "MACs, of modules that it knows",
    read: macs,
    source: "documentation of torchinfo",
  },
  {
    tool: "ptflops",
    prints: "computational complexity",
    means: "MACs",
    read: macs,
    source: "documentation of ptflops",
  },
  { tool: "thop", prints: "macs", means: "MACs", read: macs, source: "documentation of thop" },
  {
    tool: "calflops",
    prints: "MACs",
    means: "MACs, beside its FLOPs",
    read: macs,
    source: "documentation of calflops",
  },
  { tool: "calflops", prints: "FLOPs", means: "2 for each MAC", read: twice, source: "documentation of calflops" },
  { tool: "timm", prints: "GMACs", means: "MACs", read: macs, source: "results tables of timm" },
  {
    tool: "timm",
    prints: "activations",
    means: "outputs of convolutions and dense layers",
    read: ({ productActivations }) => productActivations,
    source: "results tables of timm",
  },
  { tool: "torchvision", prints: "_ops, GFLOPS", means: "MACs", read: macs, source: "metadata of its weights" },
  { tool: "ResNet paper", prints: "FLOPs", means: "MACs", read: macs, source: "He et al., CVPR 2016, section 3.3" },
  { tool: "convnet-burden", prints: "FLOPs", means: "MACs", read: macs, source: "its table of estimates" },
  {
    tool: "TensorFlow profiler",
    prints: "float_ops",
    means: "2 for each MAC",
    read: twice,
    source: "its registered statistics",
  },
  {
    tool: "receptive_field",
    prints: "FLOPs",
    means: "2 for each MAC",
    read: twice,
    source: "Araujo et al., Distill 2019, made with the TensorFlow profiler",
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

/** What each convention makes of VGG-19. */
export function toolConventions({ vgg19 }: AccountedNetworks): Table {
  return {
    id: "tool-conventions",
    title: "What tools print, what they mean, and what that is for VGG-19 at 224 × 224, computed here",
    columns: [
      { key: "tool", title: "Tool" },
      { key: "prints", title: "Prints" },
      { key: "means", title: "Means" },
      { key: "vgg19", title: "VGG-19" },
      { key: "source", title: "Source" },
    ],
    rows: tools.map(({ read, ...row }) => ({ ...row, vgg19: read(vgg19.inspection.totals) })),
  };
}
