// Finds the module of a file's node as a dotted path; every exporter records it in its own way.
import type { NodeProto } from "../../onnx/file/generated/onnx_pb.js";
import { printable } from "../../onnx/file/read-values.js";
import { isGeneratedName } from "../../onnx/recover/generated-names.js";
import type { SubjectParameter } from "./subject.js";

/** Key of the module paths in files of PyTorch's dynamo exporter: a list, outermost first, the traced call last. */
const scopesKey = "pkg.torch.onnx.name_scopes";

/** Generated node names, which only repeat the operator. */
const plainName = /^(?:node_|n)?(?:[A-Z]\w*)?_?\d*$|^node_\w+$/;

/** Module paths of nodes. Hand-written names are kept; a name with separators is read as a path. */
export class ModuleNames {
  /** @param isFolded whether the weights contain a normalization; then the scope is that of the normalization. */
  of(node: NodeProto, parameters: readonly SubjectParameter[], isFolded: boolean): string {
    const ofWeight = weightModule(parameters);
    const path = (isFolded ? ofWeight : undefined) ?? scopedModule(node) ?? namedModule(node.name) ?? ofWeight;
    if (path !== undefined) return printable(path);
    return plainName.test(node.name) ? "" : printable(node.name);
  }
}

function scopedModule({ metadataProps }: NodeProto): string | undefined {
  const entry = metadataProps.find(({ key }) => key === scopesKey)?.value;
  if (entry === undefined) return undefined;
  const scopes = [...entry.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => single ?? double);
  return scopes.at(-2) ?? "";
}

/**
 * `/layer1/layer1.0/conv1/Conv` of PyTorch's older exporter becomes `layer1.0.conv1`, because each part repeats its
 * parent's path. `model/block1_conv1/Conv2D` of tf2onnx becomes `model.block1_conv1`.
 */
function namedModule(name: string): string | undefined {
  if (!name.includes("/")) return undefined;
  // A call of an inlined function: `call#3/inner`.
  const parts = name
    .replace(/#\d+(?=\/)/g, "")
    .split("/")
    .filter((part) => part !== "" && part !== "StatefulPartitionedCall");
  return parts.slice(0, -1).reduce((path, part) => {
    const repeated = [...suffixes(path)].find((end) => end !== "" && part.startsWith(`${end}.`));
    if (repeated !== undefined) return `${path.slice(0, path.length - repeated.length)}${part}`;
    return path === "" ? part : `${path}.${part}`;
  }, "");
}

/** The path without its leading parts: `layer1.0`, `0` of `model.layer1.0`. */
function* suffixes(path: string): Iterable<string> {
  for (let rest = path; ; ) {
    yield rest;
    const dot = rest.indexOf(".");
    if (dot === -1) return;
    rest = rest.slice(dot + 1);
  }
}

/** `conv1` of `conv1.weight`, `sequential/dense` of `sequential/dense/MatMul/ReadVariableOp:0`. */
function weightModule(parameters: readonly SubjectParameter[]): string | undefined {
  const name = parameters.find((parameter) => !isGeneratedName(parameter.name))?.name;
  if (name === undefined) return undefined;
  const plain = name.replace(/\/ReadVariableOp(?::\d+)?$/, "").replace(/:\d+$/, "");
  const end = Math.max(plain.lastIndexOf("."), plain.lastIndexOf("/"));
  return end <= 0 ? undefined : plain.slice(0, end).replace(/^\//, "").replaceAll("/", ".");
}
