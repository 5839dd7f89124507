// Records the planned measurements of a running trial, and saves them in parts that match its checkpoints.
//
//   TrialEvent -> series of steps, evaluations, probes -> parts: all up to a checkpoint, then the checkpoint

import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { SeriesBlock } from "../../core/rows.js";
import { pathMatcher } from "../../nn/path-patterns.js";
import { histogramSeries, seriesOf } from "../../train/metric-rows.js";
import { tensorsOfNetwork } from "../../train/program/ensemble-state.js";
import type { TrialEvent } from "../../train/trial/events.js";
import type { Trial } from "../../train/trial/trial.js";
import type { KeptTensor, MeasurementPlan } from "../measurement.js";
import { wholeSeries } from "../store/read-results.js";
import type { RowSink } from "./trial-host.js";

/** Limit on unsaved numbers: 8 MB. */
const mostWaiting = 1_048_576;

export class MeasurementRecorder {
  readonly #trial: Trial;
  readonly #plan: MeasurementPlan;
  readonly #sink: RowSink;
  #waitingBlocks: WaitingBlock[] = [];
  #tensors: KeptTensor[] = [];
  #waiting = 0;
  /** Step of a reading that is in the checkpoint, since its event is repeated. */
  #repeated: number | undefined;

  constructor(trial: Trial, plan: MeasurementPlan, sink: RowSink) {
    this.#trial = trial;
    this.#plan = plan;
    this.#sink = sink;
  }

  /** Records the measurements of an event, and saves everything so far at a checkpoint. */
  async heard(event: TrialEvent): Promise<void> {
    switch (event.kind) {
      case "ready":
        await this.#begin(event.step);
        break;
      case "steps":
        // Without the new steps: a training that ends with one of them has its checkpoint before it.
        if (this.#waiting > mostWaiting) await this.#save(event.first);
        this.#add(this.#stepSeries(event), true);
        break;
      case "probes":
        if (event.step !== this.#repeated)
          this.#add([...seriesOf(this.#trial.id, event), ...histogramSeries(this.#trial.id, event)]);
        break;
      case "epoch":
      case "test":
        this.#add(seriesOf(this.#trial.id, event));
        break;
      case "checkpoint":
        await this.#save(event.step);
        break;
      case "done":
        await this.#finish(event);
        break;
    }
  }

  /** A resumed trial repeats the measurements after its checkpoint; a new one has none. */
  async #begin(step: number): Promise<void> {
    await this.#sink.dropAfter(step === 0 ? -1 : step);
    if (step > 0 && this.#trial.probed.at(-1)?.[0].step === step) this.#repeated = step;
    if (step === 0) await this.#keepTensors("start");
    if (this.#tensors.length > 0) await this.#save(0);
  }

  /** Single batches have separate metrics, because `loss` is that of whole splits and of epoch means. */
  #stepSeries(event: Extract<TrialEvent, { kind: "steps" }>): SeriesBlock[] {
    if (this.#plan.steps === undefined) return [];
    return seriesOf(this.#trial.id, event, this.#plan.steps).map((block) =>
      block.metric === "loss" || block.metric === "accuracy"
        ? { ...block, metric: block.metric === "loss" ? "batchLoss" : "batchAccuracy" }
        : block,
    );
  }

  async #finish({ step, diverged }: Extract<TrialEvent, { kind: "done" }>): Promise<void> {
    const { id, networks } = this.#trial;
    const [divergence] = networks === 1 ? diverged : [];
    // A row of the same place tells how the epoch before went; the end of the trial tells of the divergence.
    if (divergence !== undefined && !this.#isMeasuredAt(divergence.step)) {
      const { step: at, epoch, loss } = divergence;
      const measured = { phase: "train" as const, step: at, epoch, loss: [loss] };
      this.#add(seriesOf(id, { kind: "epoch", epoch, step: at, measured: [measured] }));
    }
    if (diverged.length < networks) await this.#keepTensors("end");
    // After the last checkpoint: a trial that resumes from it repeats these measurements.
    await this.#save(step + 1);
  }

  #isMeasuredAt(step: number): boolean {
    return this.#trial.history.evaluations.some((known) => known.phase === "train" && known.step === step);
  }

  async #keepTensors(at: KeptTensor["at"]): Promise<void> {
    const patterns = this.#plan.tensors.filter((tensor) => tensor.at === at).map(({ of }) => of);
    if (patterns.length === 0) return;
    const isKept = pathMatcher(patterns);
    const all = new Map([...(await this.#trial.allTensors())].filter(([path]) => isKept(path)));
    const isMany = this.#trial.spec.ensemble !== undefined;
    for (let network = 0; network < this.#trial.networks; network++) {
      const tensors: ReadonlyMap<string, TensorData> = isMany ? tensorsOfNetwork(all, network) : all;
      for (const [path, tensor] of tensors) this.#tensors.push({ at, network, path, tensor });
    }
  }

  #add(blocks: readonly SeriesBlock[], ofSteps = false): void {
    this.#waitingBlocks.push(...blocks.map((block) => ({ block, ofSteps })));
    for (const { values } of blocks) this.#waiting += values.length;
  }

  /**
   * Saves what a trial that goes on from `step` does not measure again.
   * @param step updates done. A diverged trial goes back by a step, but saved measurements stay.
   */
  async #save(step: number): Promise<void> {
    const through = Math.max(step, this.#sink.through);
    const waiting = this.#waitingBlocks;
    const saved = waiting.map(({ block, ofSteps }) => (ofSteps ? rowsBefore(block, step) : block));
    const part = { through, series: wholeSeries(saved.filter(hasRows)), tensors: this.#tensors };
    this.#waitingBlocks = waiting
      .filter(({ ofSteps }) => ofSteps)
      .map(({ block }) => ({ block: rowsFrom(block, step), ofSteps: true }))
      .filter(({ block }) => hasRows(block));
    this.#tensors = [];
    this.#waiting = this.#waitingBlocks.reduce((sum, { block }) => sum + block.values.length, 0);
    await this.#sink.append(part);
  }
}

/** Measurements that are not saved yet. */
interface WaitingBlock {
  readonly block: SeriesBlock;
  /** Rows of single steps. The step with which a stop rule ended the training comes after its checkpoint. */
  readonly ofSteps: boolean;
}

const hasRows = ({ steps }: SeriesBlock): boolean => steps.length > 0;

/** The rows of the steps before `step`. */
function rowsBefore(block: SeriesBlock, step: number): SeriesBlock {
  return rowsBetween(block, 0, firstRow(block, step));
}

function rowsFrom(block: SeriesBlock, step: number): SeriesBlock {
  return rowsBetween(block, firstRow(block, step), block.steps.length);
}

function firstRow({ steps }: SeriesBlock, step: number): number {
  const row = steps.findIndex((at) => at >= step);
  return row === -1 ? steps.length : row;
}

function rowsBetween(block: SeriesBlock, from: number, to: number): SeriesBlock {
  const { steps, epochs, values, networks } = block;
  return {
    ...block,
    steps: steps.slice(from, to),
    epochs: epochs.slice(from, to),
    values: values.slice(from * networks, to * networks),
  };
}
