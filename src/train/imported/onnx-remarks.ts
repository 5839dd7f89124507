// What a user should hear of a model before it trains: where training differs from what the framework would do.

import type { OnnxFile } from "../../onnx/file/onnx-file.js";
import { quoted } from "../../onnx/file/read-values.js";
import { computedWeights } from "../../onnx/recover/computed-weights.js";
import { foldedNormalizations } from "../../onnx/recover/folded-normalization.js";
import { isGeneratedName } from "../../onnx/recover/generated-names.js";
import { paddingRows } from "../../onnx/recover/padding-rows.js";
import { isBinary, isSymmetric, type StoredWeight } from "../../onnx/recover/parameters.js";
import { isSineTable } from "../../onnx/recover/sine-table.js";

/** One sentence each: weights of other types, normalization and parameters that an exporter folded, frozen padding rows. */
export function onnxRemarks(file: OnnxFile, weights: readonly StoredWeight[]): string[] {
  return [
    ...typeRemarks(weights),
    ...foldingRemarks(file),
    ...computedRemarks(file),
    ...paddingRemarks(file, weights),
    ...bufferRemarks(file, weights),
  ];
}

/** float32 is what everything is trained in. */
function typeRemarks(weights: readonly StoredWeight[]): string[] {
  const other = weights.filter(({ proto }) => proto.dataType !== 1);
  if (other.length === 0) return [];
  return [
    `${other.length} of ${weights.length} weights are stored in another type than float32: they are trained in float32 and written back in their own`,
  ];
}

/** Training goes on without the normalization then, which is not what the framework does with the model. */
function foldingRemarks(file: OnnxFile): string[] {
  const nodes = foldedNormalizations(file);
  if (nodes.length === 0) return [];
  const named = nodes.slice(0, 3).map(({ name, output }) => quoted(name === "" ? output[0] : name));
  const where = `${named.join(", ")}${nodes.length > named.length ? ", ..." : ""}`;
  return [
    `${file.where}: the exporter folded batch normalization into the weights of ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"} (${where}), so that the model trains without it; to train with it, export in training mode and without optimization (PyTorch: model.train(), then training=TrainingMode.TRAINING with dynamo=False, or optimize=False with dynamo=True)`,
  ];
}

/** Arithmetic over parameters that happened at the export happens no more in training. */
function computedRemarks(file: OnnxFile): string[] {
  const computed = computedWeights(file).filter(({ isPart }) => !isPart);
  if (computed.length === 0) return [];
  const texts = computed
    .slice(0, 3)
    .map(({ name, sources }) => quoted(name) + (sources.length === 0 ? "" : ` from ${sources.map(quoted).join(", ")}`));
  return [
    `${file.where}: the exporter computed constants out of parameters (${texts.join("; ")}${computed.length > texts.length ? "; ..." : ""}), and those parameters are not trained as in the framework; to train them, export without optimization (PyTorch: do_constant_folding=False with dynamo=False, optimize=False with dynamo=True)`,
  ];
}

/** No operator of ONNX says it, so that a user should know that it was seen. */
function paddingRemarks(file: OnnxFile, weights: readonly StoredWeight[]): string[] {
  return paddingRows(file, weights).map(
    ({ name, row }) =>
      `${file.where}: row ${row} of ${quoted(name)} stands for padding and is not trained, as with padding_idx`,
  );
}

/** Exporters that do not tell buffers from parameters store them alike. */
function bufferRemarks(file: OnnxFile, weights: readonly StoredWeight[]): string[] {
  const trained = new Set(weights.map(({ name }) => name));
  return file.graph.initializer
    .filter((proto) => !trained.has(proto.name) && !isGeneratedName(proto.name) && proto.dataType === 1)
    .flatMap((proto) => {
      const value = file.tensor(proto);
      const what = isSineTable(value)
        ? "a table of sines and cosines"
        : isSymmetric(value)
          ? "a symmetric matrix, as no parameter begins"
          : isBinary(value)
            ? "of zeros and ones, a mask"
            : undefined;
      return what === undefined ? [] : [`${file.where}: ${quoted(proto.name)} is ${what}, and is not trained`];
    });
}
