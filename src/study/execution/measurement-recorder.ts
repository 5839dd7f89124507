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
  #blocks: SeriesBlock[] = [];
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
        this.#add(this.#stepSeries(event));
        if (this.#waiting > mostWaiting) await this.#save(event.first + event.steps);
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
    if (networks === 1 && diverged.length > 0) {
      const [{ step: at, epoch, loss }] = diverged;
      const measured = { phase: "train" as const, step: at, epoch, loss: [loss] };
      this.#add(seriesOf(id, { kind: "epoch", epoch, step: at, measured: [measured] }));
    }
    if (diverged.length < networks) await this.#keepTensors("end");
    // After the last checkpoint: a trial that resumes from it repeats these measurements.
    await this.#save(step + 1);
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

  #add(blocks: readonly SeriesBlock[]): void {
    this.#blocks.push(...blocks);
    for (const { values } of blocks) this.#waiting += values.length;
  }

  /** @param step updates done. A diverged trial goes back by a step, but saved measurements stay. */
  async #save(step: number): Promise<void> {
    const through = Math.max(step, this.#sink.through);
    const part = { through, series: wholeSeries(this.#blocks), tensors: this.#tensors };
    [this.#blocks, this.#tensors, this.#waiting] = [[], [], 0];
    await this.#sink.append(part);
  }
}
