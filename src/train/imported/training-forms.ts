// Forms of BatchNormalization and Dropout in networks from files: active in training, fixed in inference.
import { sameShape } from "../../core/numbers/shape.js";
import { input, scalar } from "../../graph/build.js";
import { mul } from "../../graph/ops/elementwise/arithmetic.js";
import { greater } from "../../graph/ops/elementwise/comparison.js";
import type { Tensor } from "../../graph/tensor.js";
import { normalizeByBatch } from "../../nn/batch-statistics.js";
import { withoutGradientAt } from "../../nn/gather-gradient.js";
import type { Mode } from "../../nn/layer.js";
import type { Buffer, RandomKey } from "../../nn/network.js";
import { dropoutMask } from "../../nn/random/dropout-mask.js";
import { dropoutRatio, droppedNothing, keptShare, modeFormsWith } from "../../onnx/forms/mode-forms.js";
import type { NodeCall, NodeForm } from "../../onnx/forms/node-form.js";
import { shortest } from "../../onnx/forms/read-attribute.js";

/** Forms for one build of a network, which collect the keys of random masks and the statistics after the step. */
export class TrainingForms {
  readonly table: Readonly<Record<string, NodeForm>>;
  readonly randomKeys: RandomKey[] = [];
  readonly firstExample = input("first example", "uint32", []);
  readonly #isFrozen: (name: string) => boolean;
  /** Running statistics by their tensor, and their values after the nodes so far. */
  readonly #statistics: ReadonlyMap<Tensor, Buffer>;
  readonly #next = new Map<Tensor, Tensor>();

  /** @param padding rows of tables that get no gradient where they are looked up. */
  constructor(
    mode: Mode,
    statistics: readonly Buffer[],
    isFrozen: (name: string) => boolean,
    padding: ReadonlyMap<Tensor, number> = new Map(),
  ) {
    this.#isFrozen = isFrozen;
    this.#statistics = new Map(statistics.map((buffer) => [buffer.tensor, buffer]));
    this.table =
      mode === "inference"
        ? modeFormsWith({})
        : {
            ...modeFormsWith({
              BatchNormalization: (call) => this.#normalize(call),
              Dropout: (call) => this.#drop(call),
            }),
            Gather: { read: (call) => lookUp(call, padding) },
          };
  }

  /** The value of a running statistic after a step. */
  nextOf({ tensor }: Buffer): Tensor {
    return this.#next.get(tensor) ?? tensor;
  }

  /** Frozen statistics, and those that other nodes compute, are used as they are. */
  #normalize(call: NodeCall): readonly (Tensor | undefined)[] {
    const [x, scale, shift, mean, variance] = call.inputs as readonly Tensor[];
    const running = [mean, variance].map((tensor) => this.#statistics.get(throughIdentity(tensor)));
    const isFrozen = running.some((buffer) => buffer === undefined || this.#isFrozen(buffer.path));
    if (isFrozen) return [...call.record(call.inputs, { training_mode: 0 }), mean, variance, mean, variance];
    const [ofMean, ofVariance] = running as Buffer[];
    const normalized = normalizeByBatch(
      x,
      { scale, shift, mean: this.nextOf(ofMean), variance: this.nextOf(ofVariance) },
      {
        epsilon: shortest(call.attribute("epsilon")?.f ?? 1e-5),
        // ONNX gives the fraction that is kept, PyTorch the fraction that is new: 0.9 becomes 0.1, not
        // 0.09999999999999998.
        momentum: Number((1 - keptShare(call)).toPrecision(7)),
        where: call.where,
      },
    );
    this.#next.set(ofMean.tensor, normalized.mean);
    this.#next.set(ofVariance.tensor, normalized.variance);
    return [normalized.y, normalized.mean, normalized.variance, normalized.mean, normalized.variance];
  }

  #drop(call: NodeCall): readonly Tensor[] {
    const ratio = dropoutRatio(call);
    if (ratio === 0) return droppedNothing(call);
    const x = call.inputs[0] as Tensor;
    if (ratio >= 1) return [mul(x, scalar(0)), greater(mul(x, scalar(0)), scalar(1))];
    const number = this.randomKeys.length;
    const tensors = [input(`key.${number}.0`, "uint32", []), input(`key.${number}.1`, "uint32", [])] as const;
    this.randomKeys.push({ path: call.node.name === "" ? call.node.output[0] : call.node.name, tensors });
    const mask = dropoutMask(x.shape, ratio, [...tensors, this.firstExample]);
    return [mul(x, mask), greater(mask, scalar(0))];
  }
}

/** Exporters put Identity between a statistic and its normalization. */
function throughIdentity(tensor: Tensor): Tensor {
  let source = tensor;
  while (source.node?.op.isView === true) {
    const [viewed] = source.node.inputs as readonly Tensor[];
    if (!sameShape(viewed.shape, source.shape)) break;
    source = viewed;
  }
  return source;
}

/** No gradient reaches the padding row through a lookup. */
function lookUp(call: NodeCall, padding: ReadonlyMap<Tensor, number>): readonly Tensor[] {
  const [vectors] = call.record(call.inputs);
  const [table, tokens] = call.inputs as readonly Tensor[];
  const row = padding.get(table);
  if (row === undefined || Number(call.attribute("axis")?.i ?? 0n) !== 0) return [vectors];
  return [withoutGradientAt(vectors, tokens, row)];
}
