// From a model spec to symbolic tensors and a manifest: what is trained, what is carried along, what is random.
import { readSpec } from "../core/definition.js";
import { InvalidInputError, ShapeError } from "../core/errors.js";
import { type Shape, sameShape, shapeText, sizeOf } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { input, withScope } from "../graph/build.js";
import { transpose } from "../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../graph/tensor.js";
import { checkInitializer, type Fans, type InitializerOption } from "./initializers.js";
import type { BuildContext, LayerPart, LayerSpec, Mode, ParameterRole, SharedPlace } from "./layer.js";
import { layers } from "./layers/index.js";
import { checkPatterns, pathMatcher } from "./path-patterns.js";

export interface Parameter {
  /** `0.weight`: layer path and name, as PyTorch's `state_dict` spells it. */
  readonly path: string;
  readonly role: ParameterRole;
  readonly tensor: Tensor;
  readonly initializer: InitializerOption;
  readonly fans: Fans;
  /** Its value before the first step, where that is known already (models from files) and the initializer unused. */
  readonly value?: TensorData;
}

export interface Buffer {
  readonly path: string;
  readonly tensor: Tensor;
  /** Before the first step: the value of every element, or all of them. */
  readonly initial: number | TensorData;
  /** What it becomes after a training step; the same tensor if nothing updates it. */
  readonly next: Tensor;
}

/** A key of two `uint32` scalars that a layer wants at every step. */
export interface RandomKey {
  readonly path: string;
  readonly tensors: readonly [Tensor, Tensor];
}

/** A network built for one batch size and mode. */
export interface Network {
  /** What it reads, examples on axis 0. Networks of layers have one input, float32; models from files may have several. */
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What is trained. */
  readonly parameters: readonly Parameter[];
  /** Frozen parameters: they keep their values, whatever the optimizer does. */
  readonly frozen: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  readonly randomKeys: readonly RandomKey[];
  /** The input is read as whole numbers from 0 to `count - 1`, by the layer `where`. */
  readonly tokens?: { readonly count: number; readonly where: string };
  /** The path of a layer by the scope of its nodes: `layer1.0.conv1` for `model.layers[4]... (conv2d)`. */
  readonly places?: ReadonlyMap<string, string>;
  /** `uint32` scalar: how many examples of the batch came before these (micro-batches). For random masks. */
  readonly firstExample: Tensor;
}

/** Anything that can be built as a network: a spec of layers, a model from a file. */
export interface NetworkSource {
  /** Names of the inputs, where they are known before it is built: arrays of data are matched by them. */
  readonly inputNames?: readonly string[];
  /** @throws ShapeError | InvalidInputError | UnknownNameError with the place in the model. */
  build(options: NetworkForm): Network;
}

export interface NetworkForm {
  readonly mode: Mode;
  readonly batchSize: number;
  /** Shape of one example of every input. */
  readonly inputShapes: readonly Shape[];
}

export interface BuildOptions {
  readonly mode: Mode;
  readonly batchSize: number;
  /** Shape of one example. */
  readonly inputShape: Shape;
  /** The input tensor, if it is computed; else a graph input `input` is made. */
  readonly input?: Tensor;
  /** Whether the parameter or running statistic at a path is frozen. Default none. */
  readonly isFrozen?: (path: string) => boolean;
}

/** A spec of layers as a source. `freeze`: patterns of paths, see `pathMatcher`. */
export function layerNetwork(spec: LayerSpec, freeze: readonly string[] = []): NetworkSource {
  const isFrozen = pathMatcher(freeze);
  return {
    build({ mode, batchSize, inputShapes }) {
      if (inputShapes.length !== 1) {
        throw new InvalidInputError("a model of layers has one input", {
          where: "data",
          expected: "one array of inputs",
          received: `${inputShapes.length}`,
        });
      }
      const network = buildNetwork(spec, { mode, batchSize, inputShape: inputShapes[0], isFrozen });
      checkPatterns(
        freeze,
        [...network.parameters, ...network.frozen, ...network.buffers].map(({ path }) => path),
      );
      return network;
    },
  };
}

/**
 * Builds a network.
 * @throws ShapeError | InvalidInputError | UnknownNameError with the layer's path.
 */
export function buildNetwork(spec: LayerSpec, options: BuildOptions): Network {
  const { batchSize, inputShape, input: given, isFrozen = () => false } = options;
  const x = given ?? input("input", "float32", [batchSize, ...inputShape], ["batch", ...inputShape.map(() => null)]);
  const site: BuildSite = {
    mode: options.mode,
    isFrozen,
    x,
    parameters: new Map(),
    buffers: new Map(),
    randomKeys: [],
    places: new Map(),
    firstExample: input("first example", "uint32", []),
  };
  const output = buildLayer(site, spec, x, rootLocator, "model");
  const all = [...site.parameters.values()];
  return {
    inputs: [x],
    output,
    parameters: all.filter(({ path }) => !isFrozen(path)),
    frozen: all.filter(({ path }) => isFrozen(path)),
    buffers: [...site.buffers.values()],
    randomKeys: site.randomKeys,
    ...(site.tokens === undefined ? {} : { tokens: site.tokens }),
    places: site.places,
    firstExample: site.firstExample,
  };
}

/** What the layers of one network have declared so far. */
interface BuildSite {
  readonly mode: Mode;
  readonly isFrozen: (path: string) => boolean;
  /** The input of the whole network. */
  readonly x: Tensor;
  readonly parameters: Map<string, Parameter>;
  readonly buffers: Map<string, Buffer>;
  readonly randomKeys: RandomKey[];
  readonly places: Map<string, string>;
  readonly firstExample: Tensor;
  tokens?: Network["tokens"];
}

function buildLayer(site: BuildSite, layerSpec: LayerSpec, value: Tensor, locate: Locator, place: string): Tensor {
  const { definition, spec: complete } = readSpec(place, "layer", layers, layerSpec);
  const part = definition as unknown as LayerPart<unknown>;
  const where = `${place} (${complete.kind})`;
  site.places.set(where, locate("").path);
  return withScope(where, () => part.build(complete, value, layerContext(site, locate, place, where)));
}

/** What one layer sees of the network that it is built into. */
function layerContext(site: BuildSite, locate: Locator, place: string, where: string): BuildContext {
  const pathOf = (name: string): string => locate(name).path;
  return {
    mode: site.mode,
    where,
    isFrozen: (name) => site.isFrozen(pathOf(name)),
    parameter: (name, shape, ...rest) => declareParameter(site, where, { name, ...locate(name) }, shape, ...rest),
    buffer: (name, shape, initial) => declareBuffer(site, where, pathOf(name), shape, initial),
    updateBuffer(name, next) {
      const known = site.buffers.get(pathOf(name));
      if (known === undefined) throw new InvalidInputError(`unknown buffer "${name}"`, { where });
      site.buffers.set(known.path, { ...known, next });
    },
    randomKey() {
      const number = site.randomKeys.length;
      const tensors = [input(`key.${number}.0`, "uint32", []), input(`key.${number}.1`, "uint32", [])] as const;
      site.randomKeys.push({ path: pathOf(""), tensors });
      return [...tensors, site.firstExample];
    },
    tokens(read, count) {
      if (read === site.x && count < (site.tokens?.count ?? Number.POSITIVE_INFINITY)) site.tokens = { count, where };
    },
    child: ({ name, option, shared }, childSpec, value) =>
      buildLayer(site, childSpec, value, locatorOf(locate, name, shared), `${place}.${option}`),
  };
}

/** The tensor of a parameter, as the layer wants it: the same one where the network has it already. */
function declareParameter(
  { parameters }: BuildSite,
  where: string,
  { name, path, isTransposed }: { readonly name: string; readonly path: string; readonly isTransposed: boolean },
  shape: Shape,
  role: ParameterRole,
  initializer: InitializerOption,
  fans: Fans,
): Tensor {
  const turned = isTransposed && shape.length === 2;
  const stored = turned ? [shape[1], shape[0]] : shape;
  const known = parameters.get(path);
  const storedFans = turned ? { fanIn: fans.fanOut, fanOut: fans.fanIn } : fans;
  if (known === undefined) checkInitializer(`${where}, initializer of ${name}`, initializer, stored, storedFans);
  else checkSameShape(where, path, stored, known.tensor.shape);
  const tensor = known?.tensor ?? input(path, "float32", stored);
  if (known === undefined) parameters.set(path, { path, role, tensor, initializer, fans: storedFans });
  return turned ? transpose(tensor, [1, 0]) : tensor;
}

function declareBuffer(
  { buffers }: BuildSite,
  where: string,
  path: string,
  shape: Shape,
  initial: Buffer["initial"],
): Tensor {
  const known = buffers.get(path);
  if (known !== undefined) {
    checkSameShape(where, path, shape, known.tensor.shape);
    // A layer used twice goes on from its first update.
    return known.next;
  }
  const tensor = input(path, "float32", shape);
  buffers.set(path, { path, tensor, initial, next: tensor });
  return tensor;
}

/** Where the parameter of a name is kept, seen from one layer. */
type Locator = (name: string) => { readonly path: string; readonly isTransposed: boolean };

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join(".");

const rootLocator: Locator = (name) => ({ path: name, isTransposed: false });

function locatorOf(parent: Locator, child: string, shared: SharedPlace | undefined): Locator {
  const inside: Locator = (name) => parent(joined(child, name));
  if (shared === undefined) return inside;
  const { path, transposed, isShared } = shared;
  return (name) =>
    name !== "" && isShared(name) ? { path: joined(path, name), isTransposed: transposed } : inside(name);
}

function checkSameShape(where: string, path: string, wanted: Shape, known: Shape): void {
  if (sameShape(wanted, known)) return;
  throw new ShapeError(`"${path}" stands for two parameters of different shapes`, {
    where,
    expected: `${shapeText(known)}, as the layer that named it first has it`,
    received: shapeText(wanted),
    remedy: "Give one of the layers another name, or both the same extents",
  });
}

/** Number of values in its parameters, frozen ones included. */
export function parameterCount({ parameters, frozen }: Network): number {
  return [...parameters, ...frozen].reduce((count, { tensor }) => count + sizeOf(tensor.shape), 0);
}
