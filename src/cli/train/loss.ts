// The loss of `trainscope train` and the data that it reads: `--loss auto` looks at the end of the model first.

import { kebabCase } from "../../core/names.js";
import type { Dataset } from "../../data/dataset.js";
import type { Tensor } from "../../graph/tensor.js";
import { targetForm } from "../../nn/losses/loss.js";
import { type Loss, lossFunction } from "../../nn/losses.js";
import { arrangedInputs } from "../../train/data/batch.js";
import { fittingLoss, lossRemark } from "../../train/imported/fitting-loss.js";
import type { KindSpec } from "../../train/spec/trial-spec.js";
import type { TrainableModel } from "./model.js";
import type { TrainCommandOptions } from "./options.js";

/** Reads the data for a loss; for none by the types of the targets. */
export type ReadForLoss = (loss: Partial<Pick<Loss, "targets" | "ignoreIndex">>) => Promise<Dataset>;

export interface ChosenLoss {
  readonly loss: KindSpec;
  readonly data: Dataset;
  /** What is said of it before the training. */
  readonly remarks: readonly string[];
}

/** The loss that was asked for, or that fits, with the data in the form that it takes. */
export async function chooseLoss(
  options: TrainCommandOptions,
  model: TrainableModel,
  read: ReadForLoss,
): Promise<ChosenLoss> {
  const { loss: given } = options;
  if (given === "auto") return fitting(options, model, read);
  const data = await read(lossFunction(given));
  const isFile = model.spec.kind === "onnx";
  const remark = isFile ? lossRemark(options.model, outputOf(options, model, data), given.kind) : undefined;
  return { loss: given, data, remarks: remark === undefined ? [] : [remark] };
}

async function fitting(options: TrainCommandOptions, model: TrainableModel, read: ReadForLoss): Promise<ChosenLoss> {
  const given = options.lossOf("crossEntropy").ignoreIndex;
  const ignored = typeof given === "number" ? { ignoreIndex: given } : {};
  const first = await read(ignored);
  const { kind, probabilities, end } = fittingLoss(outputOf(options, model, first), first.train.targets);
  const loss = { ...options.lossOf(kind), ...(probabilities === undefined ? {} : { probabilities }) };
  const { targets } = lossFunction(loss);
  const dtype = { class: "int32", value: "float32" }[targetForm(targets).dataKind ?? "class"];
  const isRead = targetForm(targets).dataKind === undefined || first.train.targets.dtype === dtype;
  const form = probabilities === undefined ? "" : " with --probabilities";
  return {
    loss,
    data: isRead ? first : await read({ targets, ...ignored }),
    remarks: [`${options.model}: ends in ${end}; the loss is ${kebabCase(kind)}${form} (--loss auto)`],
  };
}

/** The output of the model for a batch of the data. */
function outputOf({ batchSize }: TrainCommandOptions, { network }: TrainableModel, data: Dataset): Tensor {
  const inputShapes = arrangedInputs(data, data.train, network.inputNames).map(({ shape }) => shape.slice(1));
  return network.build({ mode: "inference", batchSize, inputShapes }).output;
}
