// Turns models of layers into subjects: the network in inference form, every node a step named by the path of its
// layer.
import { dtypeTable } from "../../core/numbers/dtype.js";
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import { nodesInOrder } from "../../graph/order.js";
import type { Node, Tensor } from "../../graph/tensor.js";
import { initialTensors } from "../../nn/initial-tensors.js";
import type { LayerSpec, Mode } from "../../nn/layer.js";
import { buildNetwork, type Network, type Parameter } from "../../nn/network.js";
import { checkPatterns, pathMatcher } from "../../nn/path-patterns.js";
import { stepNames } from "./step-names.js";
import type { Step, Subject, SubjectParameter } from "./subject.js";

export interface LayerSubjectOptions {
  /** The user's name for the model. Default: the kind of the outermost layer. */
  readonly model?: string;
  /** Shape of one example. */
  readonly inputShape: Shape;
  /** Default 1. */
  readonly batchSize?: number;
  /** Patterns of parameters and statistics to freeze, see `pathMatcher`. */
  readonly freeze?: readonly string[];
}

/**
 * A model of layers as a subject.
 * @throws ShapeError | InvalidInputError with the layer's path, for a model that cannot be built for this input.
 */
export function layerSubject(spec: LayerSpec, options: LayerSubjectOptions): Subject {
  const { model = spec.kind, inputShape, batchSize = 1, freeze = [] } = options;
  const isFrozen = pathMatcher(freeze);
  const build = (mode: Mode): Network => buildNetwork(spec, { mode, batchSize, inputShape, isFrozen });
  const network = build("inference");
  const known = parametersByTensor(network);
  const parameters = [...known.values()];
  checkPatterns(
    freeze,
    parameters.map(({ name }) => name),
  );
  return {
    model,
    inputs: network.inputs.map((tensor) => ({ name: tensor.name ?? "input", tensor })),
    outputs: [{ name: "output", value: network.output }],
    batchSize,
    steps: stepsOf(network, known),
    parameters,
    remarks: [],
    training: () => {
      const { output, parameters: trained } = build("training");
      return { outputs: [output], parameters: trained.map(({ tensor }) => tensor) };
    },
    storedValue: initialTensors(network),
  };
}

function parametersByTensor({ parameters, frozen, buffers }: Network): Map<Tensor, SubjectParameter> {
  const stored = ({ path, tensor }: { path: string; tensor: Tensor }) => ({
    name: path,
    shape: tensor.shape,
    bytes: sizeOf(tensor.shape) * dtypeTable[tensor.dtype].bytes,
  });
  const entry = (parameter: Parameter, isTrainable: boolean): [Tensor, SubjectParameter] => [
    parameter.tensor,
    {
      ...stored(parameter),
      use: parameter.role === "bias" || parameter.role === "shift" ? "bias" : "weight",
      isTrainable,
    },
  ];
  return new Map([
    ...parameters.map((parameter) => entry(parameter, true)),
    ...frozen.map((parameter) => entry(parameter, false)),
    ...buffers.map((buffer): [Tensor, SubjectParameter] => [
      buffer.tensor,
      { ...stored(buffer), use: "statistic", isTrainable: false },
    ]),
  ]);
}

function stepsOf(network: Network, known: ReadonlyMap<Tensor, SubjectParameter>): Step[] {
  const flow = new Set<Tensor>(network.inputs);
  const reads = new Map<Tensor, readonly SubjectParameter[]>([...known].map(([tensor, entry]) => [tensor, [entry]]));
  const steps: Omit<Step, "name">[] = [];
  for (const node of nodesInOrder([network.output])) {
    const given = node.inputs.filter((tensor) => tensor !== null);
    const parameters = [...new Set(given.flatMap((tensor) => reads.get(tensor) ?? []))];
    if (!given.some((tensor) => flow.has(tensor))) {
      // Transposed weights and constants: their parameters belong to the step that reads them.
      for (const output of node.outputs) reads.set(output, parameters);
      continue;
    }
    for (const output of node.outputs) flow.add(output);
    steps.push(stepOf(node, network.places ?? new Map(), parameters, flow));
  }
  return stepNames(steps);
}

function stepOf(
  node: Node,
  places: ReadonlyMap<string, string>,
  parameters: readonly SubjectParameter[],
  flow: ReadonlySet<Tensor>,
): Omit<Step, "name"> {
  return {
    module: node.scope === undefined ? "" : (places.get(node.scope) ?? node.scope),
    operator: node.op.name,
    nodes: [node],
    inputs: node.inputs.filter((tensor) => tensor !== null && flow.has(tensor)),
    outputs: node.outputs,
    parameters,
  };
}
