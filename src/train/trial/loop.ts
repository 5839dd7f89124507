// The trial loop: segments of steps inside the runtime; between them progress, evaluation, checkpoints, cancellation.
//
//   spec + data -> programs -> [ segment -> losses ]* -> epoch -> evaluation -> ... -> done
import { InvalidInputError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { SplitName } from "../../data/dataset.js";
import { isProbedAfter, isProbedBefore } from "../../probes/probe-spec.js";
import { passedEpochs, type RowOrder } from "../data/row-order.js";
import { tensorsOfNetwork } from "../program/ensemble-state.js";
import { unpackValues } from "../program/packing.js";
import type { ProbeRecord } from "../program/probe-record.js";
import type { TrialSpec } from "../spec/trial-spec.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { checkFirstOutputs } from "./checks/output-check.js";
import { badValues } from "./diagnosis.js";
import type { SegmentResult, TrialEngine } from "./engine.js";
import { KeptWeights } from "./epochs/kept-weights.js";
import type { Divergence, Evaluation, EventOf, Kept, Measured, ProbeReading, TrialEvent } from "./events.js";
import type { StepMeasurements, TrialHistory } from "./history.js";
import { Pace } from "./pace.js";
import { splitOf, type TrialPlan } from "./plan.js";
import { nextSegment, type Segment } from "./segment.js";
import type { StopSignal, Trial, TrialRequest } from "./trial-interface.js";

/** Everything that a trial is, whatever trains it. */
export class TrialLoop implements Trial {
  readonly history: TrialHistory;
  readonly #plan: TrialPlan;
  readonly #engine: TrialEngine;
  readonly #request: TrialRequest;
  readonly #order: RowOrder;
  readonly #pace: Pace;
  readonly #records: ProbeRecord[] = [];
  readonly #kept: KeptWeights;
  /** Updates done. */
  #step = 0;
  /** The segment that comes next, where the engine prepared it. */
  #coming: Segment | undefined;
  /** Divergences that are not reported yet. */
  readonly #found: Divergence[] = [];
  /** Whether the last update was checked. */
  #isChecked = false;
  #lastCheckpoint = 0;
  #checkpoints = 0;
  /** Step of the last reading that was told. */
  #told: number | undefined;

  constructor(plan: TrialPlan, engine: TrialEngine, history: TrialHistory, request: TrialRequest) {
    this.#plan = plan;
    this.#engine = engine;
    this.#request = request;
    this.#order = plan.orders[0];
    this.#pace = new Pace(engine.threadCounts);
    this.history = history;
    this.#kept = new KeptWeights(plan.state, engine.networks);
  }

  get id(): string {
    return this.#plan.id;
  }

  get spec(): TrialSpec {
    return this.#plan.spec;
  }

  get remarks(): readonly string[] {
    return this.#plan.remarks;
  }

  get networks(): number {
    return this.#engine.networks;
  }

  get probed(): readonly (readonly ProbeReading[])[] {
    return this.#records.map((record) => this.#engine.readings(record));
  }

  get everyEpoch(): SplitName | undefined {
    return this.#plan.everyEpoch;
  }

  has(split: SplitName): boolean {
    return this.#plan.splits.has(split);
  }

  async evaluate(split: SplitName): Promise<Measured> {
    splitOf(this.#plan.splits, split, this.#request.data);
    return this.history.measured(await this.#engine.evaluate(split, this.#pace.threads));
  }

  async tensors(network = 0): Promise<Map<string, TensorData>> {
    if (!Number.isInteger(network) || network < 0 || network >= this.networks) {
      throw new InvalidInputError("there is no such network", {
        where: "ensemble",
        expected: `0 to ${this.networks - 1}`,
        received: `${network}`,
      });
    }
    const all = await this.allTensors();
    return this.#plan.ensemble === undefined ? all : tensorsOfNetwork(all, network);
  }

  async allTensors(): Promise<Map<string, TensorData>> {
    const { parameters, buffers } = this.#plan.state;
    const state = await this.#engine.readState();
    const all = unpackValues(parameters, state.slice(0, parameters.length));
    for (const [path, value] of unpackValues(buffers, state.slice(state.length - buffers.length))) all.set(path, value);
    return all;
  }

  dispose(): Promise<void> {
    return this.#engine.dispose();
  }

  async *run(signal?: StopSignal): AsyncGenerator<TrialEvent, void, undefined> {
    yield await this.#open();
    if (this.#isEpochDue()) yield* this.#endEpoch();
    while (this.#step < this.#plan.totalSteps && !this.history.isOver) {
      if (signal?.aborted === true) {
        yield await this.#checkpoint();
        yield { kind: "interrupted", step: this.#step };
        return;
      }
      if (this.#isProbedNow(isProbedBefore)) yield* this.#probe();
      yield* this.#advance();
    }
    yield* this.#finish();
  }

  async #open(): Promise<EventOf<"ready">> {
    const { now } = this.#request;
    const restored = this.#restored();
    if (restored === undefined) await checkFirstOutputs(this.#plan);
    await this.#engine.upload(restored);
    const started = now();
    await this.#engine.compile(this.#step, this.#pace.threads);
    this.#lastCheckpoint = now();
    return {
      kind: "ready",
      compileMs: this.#lastCheckpoint - started,
      step: this.#step,
      totalSteps: this.#plan.totalSteps,
      stepsPerEpoch: this.#order.stepsPerEpoch,
      networks: this.networks,
    };
  }

  /** Takes the checkpoint that the trial goes on from. @returns its state; undefined for a trial that begins. */
  #restored(): readonly TensorData[] | undefined {
    const { resumeFrom } = this.#request;
    if (resumeFrom === undefined) return undefined;
    const { where, bytes } = resumeFrom;
    const saved = readCheckpoint(where, bytes, this.#plan.state, this.#plan);
    const { totalSteps } = this.#plan;
    // The longer training cannot be made shorter: its optimizer and its losses have gone on.
    if (saved.step > totalSteps) {
      throw new InvalidInputError("the checkpoint has gone further than asked for", {
        where,
        expected: `at most ${totalSteps} steps`,
        received: `${saved.step}`,
        remedy: "Give more steps or epochs",
      });
    }
    this.#step = saved.step;
    this.history.restore({ ...this.#unknownCounts(saved.losses.length), ...saved }, saved.evaluations);
    if (saved.kept !== undefined) this.#kept.restore(saved.kept);
    this.#records.push(...(saved.probes?.records ?? []).filter((record) => this.#isDue(record)));
    // Refuses those of another version now, not after the training.
    for (const record of this.#records.slice(0, 1)) this.#engine.readings(record);
    return saved.state;
  }

  /** An older checkpoint does not say what its losses were divided by. */
  #unknownCounts(length: number): Pick<StepMeasurements, "weights" | "counted"> {
    const { loss } = this.#plan.program;
    if (loss.counts === undefined) return {};
    const unknown = (): Float32Array => new Float32Array(length).fill(Number.NaN);
    return { weights: unknown(), ...(loss.ignoreIndex === undefined ? {} : { counted: unknown() }) };
  }

  /** One segment, and what is due after it. */
  async *#advance(): AsyncGenerator<TrialEvent, void, undefined> {
    const segment = this.#coming ?? this.#nextSegment(this.#step);
    const { steps, diverged } = await this.#runSegment(segment);
    yield steps;
    if (this.history.isOver) {
      // The last network ended at the last of these steps; the state goes back to before its update.
      await this.#engine.rewind(segment, steps.steps - 1, this.#pace.threads);
      this.#step = segment.first + steps.steps - 1;
    }
    for (const divergence of diverged) yield { kind: "diverged", ...(await this.#explained(divergence)) };
    if (this.history.isOver) return;
    if (this.#step === this.#plan.totalSteps) yield* this.#endUpdates();
    if (this.#isEpochDue()) yield* this.#endEpoch();
    if (this.#step < this.#plan.totalSteps && this.#isCheckpointDue()) yield await this.#checkpoint();
  }

  async #runSegment(segment: Segment): Promise<{ steps: EventOf<"steps">; diverged: readonly Divergence[] }> {
    const { threads } = this.#pace;
    const started = this.#request.now();
    const { stepMs } = this.#pace;
    this.#coming = undefined;
    const next = segment.first + segment.steps;
    const result = await this.#engine.runSegment(segment, threads, {
      segment: () => {
        // How long a step takes is known after the first.
        if (stepMs !== undefined && next < this.#plan.totalSteps && !this.#awaitsEpoch(next))
          this.#coming = this.#nextSegment(next);
        return this.#coming;
      },
      hasTime: () => stepMs !== undefined && this.#request.now() - started <= segment.steps * stepMs,
    });
    this.#step = next;
    const { losses, correct, diverged } = this.history.add(result);
    if (segment.batchSize === this.spec.batchSize) this.#pace.record(segment, result.durationMs);
    const steps = losses.length / this.networks;
    const rates = result.learningRates;
    return {
      diverged,
      steps: {
        kind: "steps",
        first: segment.first,
        steps,
        epoch: this.#order.epochAt(segment.first),
        losses,
        correct,
        examples: new Int32Array(steps).fill(segment.batchSize),
        learningRates: rates.slice(0, (rates.length / segment.steps) * steps),
        ...(result.momenta === undefined ? {} : { momenta: result.momenta.slice(0, steps) }),
        ...gradientsOf(result, losses),
        durationMs: result.durationMs,
        threads: result.threads,
      },
    };
  }

  #nextSegment(step: number): Segment {
    const { totalSteps, probes } = this.#plan;
    const end = Math.min(totalSteps, step + this.#engine.mostSteps(step));
    return nextSegment(this.#order, step, end, this.#pace.stepMs, probes?.every);
  }

  /** A divergence with the tensor where it began, which is known where the training ended with it. */
  async #explained(divergence: Divergence): Promise<Divergence> {
    if (!this.history.isOver || this.#engine.whereDiverged === undefined) return divergence;
    const tensor = await this.#engine.whereDiverged(divergence.step, this.#pace.threads);
    return this.history.diverge({ ...divergence, tensor });
  }

  /** @param isProbed `isProbedBefore` a step, or `isProbedAfter` the last. */
  #isProbedNow(isProbed: typeof isProbedBefore): boolean {
    const { probes } = this.#plan;
    return probes !== undefined && isProbed(probes, this.#step);
  }

  /** The reading at the end of a shorter training is dropped when a longer one resumes from there. */
  #isDue({ step }: ProbeRecord): boolean {
    const { probes, totalSteps } = this.#plan;
    if (probes === undefined) return false;
    return step >= totalSteps || this.history.isOver || isProbedBefore(probes, step);
  }

  /** The reading of this step, unless it was told: a training that a stop rule ends goes back to a step that was probed. */
  async *#probe(): AsyncGenerator<EventOf<"probes">, void, undefined> {
    const step = this.#step;
    if (this.#told === step) return;
    this.#told = step;
    // A trial that resumes at this very step has the reading already; only the event is repeated.
    let record = this.#records.at(-1);
    if (record?.step !== step) {
      record = await this.#engine.probe(step, this.#pace.threads);
      this.#records.push(record);
    }
    yield { kind: "probes", step, epoch: this.#order.epochAt(step), readings: this.#engine.readings(record) };
  }

  /** Whether an epoch ended at the last step, and is not measured yet. */
  #isEpochDue(): boolean {
    const step = this.#step;
    if (step === 0 || !this.#measuresEpochs || this.#order.epochAt(step).first !== step) return false;
    return this.history.epochs.last?.step !== step;
  }

  /** Measures an epoch. If that fails, a training can go on from its end. */
  async *#endEpoch(): AsyncGenerator<TrialEvent, void, undefined> {
    try {
      yield await this.#measuredEpoch();
    } catch (cause) {
      const checkpoint = await this.#checkpoint().catch(() => undefined);
      if (checkpoint !== undefined) yield checkpoint;
      throw cause;
    }
  }

  /** Averages the epoch's steps over its examples and measures the held-out split. */
  async #measuredEpoch(): Promise<EventOf<"epoch">> {
    const { number, first } = this.#order.epochAt(this.#step - 1);
    const [step, epoch] = [this.#step, number + 1];
    const sizes = Array.from({ length: step - first }, (_, i) => this.#order.sizeAt(first + i));
    const measured: Evaluation[] = [{ phase: "train", step, epoch, ...this.history.mean(first, sizes) }];
    const { everyEpoch } = this.#plan;
    if (everyEpoch !== undefined)
      measured.push({ phase: "validation", step, epoch, ...(await this.evaluate(everyEpoch)) });
    const { improved, stopped } = this.history.addEpoch(measured);
    await this.#keep(this.spec.keep === undefined ? stopped : improved);
    return { kind: "epoch", epoch, step, measured };
  }

  /** Whether epochs are measured: also where nobody asked, if the training goes by them. */
  get #measuresEpochs(): boolean {
    return this.#request.evaluate !== false || this.#plan.goesByEpochs;
  }

  /** Whether what a step is fed depends on the measurement that comes right before it. */
  #awaitsEpoch(step: number): boolean {
    return this.#plan.watchesEpochs && this.#order.epochAt(step).first === step;
  }

  /** Takes the current weights of some networks, for their end. A network by itself that stops has them as its last. */
  async #keep(networks: readonly number[]): Promise<void> {
    const isLast = this.networks === 1 && this.spec.keep === undefined;
    if (networks.length > 0 && !isLast) this.#kept.take(await this.#engine.readState(), networks, this.#step);
  }

  /** Puts the weights that were kept in place of the last. @returns the state before, where there were any. */
  async #withKeptWeights(): Promise<readonly TensorData[] | undefined> {
    if (this.history.isLost || this.#kept.state === undefined) return undefined;
    const networks = Array.from({ length: this.networks }, (_, i) => i).filter(
      (network) => this.#kept.stepOf(network) !== undefined && !this.history.hasDiverged(network),
    );
    const last = await this.#engine.readState();
    await this.#engine.writeState(this.#kept.appliedTo(last, networks));
    return last;
  }

  /** The epochs whose weights the networks end with; undefined where those are the last. */
  #keptNetworks(): Kept[] | undefined {
    if (this.spec.keep === undefined) return undefined;
    return Array.from({ length: this.networks }, (_, i) => i).flatMap((network) => {
      const step = this.#kept.stepOf(network);
      if (step === undefined || this.history.hasDiverged(network)) return [];
      return [{ network, step, epoch: passedEpochs(this.#order.epochAt(step), step) }];
    });
  }

  async *#finish(): AsyncGenerator<TrialEvent, void, undefined> {
    yield* this.#endUpdates();
    this.#judgeLastEpoch();
    yield* this.#newlyDiverged();
    const last = await this.#withKeptWeights();
    if (this.#endsWithEarlierWeights && !this.history.isLost) yield { kind: "trained", step: this.#step };
    if (!this.history.isLost && this.#isProbedNow(isProbedAfter)) yield* this.#probe();
    // Of a training that diverged there is nothing to go on with.
    if (!this.history.isLost) yield await this.#checkpoint(last);
    if (!this.history.isLost && this.#request.evaluate !== false) yield* this.#test();
    yield* this.#newlyDiverged();
    const { diverged, stopped } = this.history;
    const kept = this.#keptNetworks();
    yield {
      ...{ kind: "done", step: this.#step, diverged },
      ...(stopped === undefined ? {} : { stopped }),
      ...(kept === undefined ? {} : { kept }),
    };
  }

  /** Measures the test split. After the checkpoint: a training that goes on from there has another last step. */
  async *#test(): AsyncGenerator<EventOf<"test">, void, undefined> {
    const { atEnd } = this.#plan;
    if (atEnd === undefined) return;
    const step = this.#step;
    const epoch = passedEpochs(this.#order.epochAt(step), step);
    const measured: Evaluation = { phase: "test", step, epoch, ...(await this.evaluate(atEnd)) };
    this.history.evaluations.push(measured);
    const except = (network: number): boolean => this.history.hasDiverged(network) || this.#wentOn(network);
    this.#found.push(...this.history.divergeByLoss(measured.loss, step, { tensor: "test loss", except }));
    yield { kind: "test", measured };
  }

  /** Whether a network trained on after its end, and has no weights of its end to be measured. */
  #wentOn(network: number): boolean {
    return this.networks > 1 && this.history.hasEnded(network) && this.#kept.stepOf(network) === undefined;
  }

  /** Whether networks may end with the weights of an epoch that is known only when the last one is measured. */
  get #endsWithEarlierWeights(): boolean {
    return this.spec.keep !== undefined || this.spec.stop?.kind === "noImprovement";
  }

  /**
   * Checks what the last update left, before anything is measured: no loss of a step comes after it to show that it went
   * wrong. What is found is reported after the epoch.
   */
  async *#endUpdates(): AsyncGenerator<EventOf<"trained">, void, undefined> {
    if (this.#isChecked) return;
    this.#isChecked = true;
    if (!this.history.isLost) this.#found.push(...(await this.#badStates()));
    if (!this.history.isOver && this.#step > 0) this.#found.push(...(await this.#badLosses()));
    if (!this.history.isLost && !this.#endsWithEarlierWeights) yield { kind: "trained", step: this.#step };
  }

  /** Networks that the last update left with a value that is not a number, and that had not ended before. */
  async #badStates(): Promise<Divergence[]> {
    const bad = [...badValues(this.#plan.state, await this.#engine.readState(), this.networks)];
    return bad
      .filter(([network]) => !this.history.hasEnded(network))
      .map(([network, tensor]) => this.history.diverge({ network, step: this.#step, loss: Number.NaN, tensor }));
  }

  /** Networks whose loss is not a number after the last update, on the last batch once more. */
  async #badLosses(): Promise<Divergence[]> {
    const [last, { threads }] = [this.#step - 1, this.#pace];
    const losses = await this.#engine.lossesAt(last, threads);
    const except = (network: number): boolean => this.history.hasEnded(network);
    const found = this.history.divergeByLoss(losses, this.#step, { except });
    if (found.length === 0 || this.#engine.whereDiverged === undefined) return found;
    const tensor = await this.#engine.whereDiverged(last, threads);
    return found.map((divergence) => this.history.diverge({ ...divergence, tensor }));
  }

  /** A validation loss that is not a number after the last update, unless the network ends with earlier weights. */
  #judgeLastEpoch(): void {
    const last = this.history.evaluations.find(({ phase, step }) => phase === "validation" && step === this.#step);
    if (last === undefined) return;
    const except = (network: number): boolean =>
      this.history.hasEnded(network) || this.#kept.stepOf(network) !== undefined;
    this.#found.push(...this.history.divergeByLoss(last.loss, this.#step, { tensor: "validation loss", except }));
  }

  *#newlyDiverged(): Generator<EventOf<"diverged">> {
    for (const found of this.#found.splice(0)) yield { kind: "diverged", ...found };
  }

  #isCheckpointDue(): boolean {
    const everyMs = this.#request.checkpointEveryMs ?? 10_000;
    // The first one comes soon: it tells early whether it can be written, and compiling again is not free.
    const waitMs = this.#checkpoints === 0 && Number.isFinite(everyMs) ? Math.min(everyMs, 1000) : everyMs;
    return this.#request.now() - this.#lastCheckpoint >= waitMs;
  }

  /** @param state where it is not the current one. */
  async #checkpoint(state?: readonly TensorData[]): Promise<EventOf<"checkpoint">> {
    const kept = this.#kept.state;
    const bytes = writeCheckpoint(this.#plan.state, {
      spec: this.spec,
      step: this.#step,
      state: state ?? (await this.#engine.readState()),
      ...this.history.arrays(this.#step),
      evaluations: this.history.evaluations,
      ...(kept === undefined ? {} : { kept }),
      ...(this.#plan.probes === undefined ? {} : { probes: { spec: this.#plan.probes, records: this.#records } }),
    });
    this.#lastCheckpoint = this.#request.now();
    this.#checkpoints++;
    return { kind: "checkpoint", step: this.#step, bytes };
  }
}

/** What is told of the gradients of steps with these losses; of a network that diverged, nothing. */
function gradientsOf(
  { gradientNorms, clipped }: Pick<SegmentResult, "gradientNorms" | "clipped">,
  losses: Float32Array,
): Pick<EventOf<"steps">, "gradientNorms" | "clipped"> {
  if (gradientNorms === undefined) return {};
  const norms = Float32Array.from(losses, (loss, i) => (Number.isFinite(loss) ? gradientNorms[i] : Number.NaN));
  return { gradientNorms: norms, ...(clipped === undefined ? {} : { clipped: clipped.slice(0, losses.length) }) };
}
