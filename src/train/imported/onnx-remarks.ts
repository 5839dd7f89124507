// Remarks for the user before a model trains: where training differs from training in the framework.

import type { OnnxFile } from "../../onnx/file/onnx-file.js";
import { quoted } from "../../onnx/file/read-values.js";
import { computedWeights } from "../../onnx/recover/computed-weights.js";
import { foldedNormalizations } from "../../onnx/recover/folded-normalization.js";
import { isGeneratedName } from "../../onnx/recover/generated-names.js";
import { paddingRows } from "../../onnx/recover/padding-rows.js";
import { isBinary, isSymmetric, type JudgedTensors, type StoredWeight } from "../../onnx/recover/parameters.js";
import { isSineTable } from "../../onnx/recover/sine-table.js";

/**
 * One remark each: parameters that were guessed, weights of other types, normalization and parameters that an exporter
 * folded, frozen padding rows.
 */
export function onnxRemarks(file: OnnxFile, judged: JudgedTensors): string[] {
  const { weights } = judged;
  return [
    ...guessRemark(file, judged),
    ...typeRemarks(weights),
    ...foldingRemarks(file),
    ...computedRemarks(file),
    ...paddingRemarks(file, weights),
    ...bufferRemarks(file, weights),
  ];
}

const mostListed = 40;

/** What is trained and what is held, if any of it was a guess. */
function guessRemark({ where }: OnnxFile, { weights, held }: JudgedTensors): string[] {
  const trained = weights.filter(({ use }) => use !== "statistic");
  const guessed = trained.filter(({ guess }) => guess !== undefined);
  if (guessed.length + held.length === 0) return [];
  // Those that were guessed are the ones to look at.
  const inOrder = [...guessed, ...trained.filter(({ guess }) => guess === undefined)];
  const trainedText = listed(
    inOrder.map(({ name, guess }) => quoted(name) + (guess === undefined ? "" : ` (${guess})`)),
  );
  const heldText = listed(held.map(({ name, reason }) => `${quoted(name)} (${reason})`));
  return [
    `${where}: the file does not mark its parameters, and some were guessed by what they do. Trained: ${trainedText}. Held: ${heldText}. To change it, name them: --parameters '+trained,-held'`,
  ];
}

function listed(texts: readonly string[]): string {
  if (texts.length === 0) return "none";
  const more = texts.length - mostListed;
  return `${texts.slice(0, mostListed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Everything is trained in float32. */
function typeRemarks(weights: readonly StoredWeight[]): string[] {
  const other = weights.filter(({ proto }) => proto.dataType !== 1);
  if (other.length === 0) return [];
  return [
    `${other.length} of ${weights.length} weights are stored in another type than float32: they are trained in float32 and written back in their own type`,
  ];
}

/** The model then trains without the normalization, unlike in the framework. */
function foldingRemarks(file: OnnxFile): string[] {
  const nodes = foldedNormalizations(file);
  if (nodes.length === 0) return [];
  const named = nodes.slice(0, 3).map(({ name, output }) => quoted(name === "" ? output[0] : name));
  const where = `${named.join(", ")}${nodes.length > named.length ? ", ..." : ""}`;
  return [
    `${file.where}: the exporter folded batch normalization into the weights of ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"} (${where}), so that the model trains without it; to train with it, export in training mode and without optimization (PyTorch: model.train(), then training=TrainingMode.TRAINING with dynamo=False, or optimize=False with dynamo=True)`,
  ];
}

/** Arithmetic on parameters that the exporter evaluated no longer takes place in training. */
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

/** ONNX cannot express padding rows, so the user should know that they were recognized. */
function paddingRemarks(file: OnnxFile, weights: readonly StoredWeight[]): string[] {
  return paddingRows(file, weights).map(
    ({ name, row }) =>
      `${file.where}: row ${row} of ${quoted(name)} stands for padding and is not trained, as with padding_idx`,
  );
}

/** Some exporters store buffers like parameters. */
function bufferRemarks(file: OnnxFile, weights: readonly StoredWeight[]): string[] {
  const trained = new Set(weights.map(({ name }) => name));
  return file.graph.initializer
    .filter((proto) => !trained.has(proto.name) && !isGeneratedName(proto.name) && proto.dataType === 1)
    .flatMap((proto) => {
      const value = file.tensor(proto);
      const what = isSineTable(value)
        ? "a table of sines and cosines"
        : isSymmetric(value)
          ? "a symmetric matrix, which no initializer creates"
          : isBinary(value)
            ? "of zeros and ones, a mask"
            : undefined;
      return what === undefined ? [] : [`${file.where}: ${quoted(proto.name)} is ${what}, and is not trained`];
    });
}
