// The loaded programs of a trial: one for each batch size, kind and thread count that it meets.
import type { Target } from "../../graph/targets/target.js";
import type { Graph } from "../../graph/tensor.js";
import { writeOnnx } from "../../onnx/write.js";
import type { ProbeSpec } from "../../probes/probe-spec.js";
import type { BatchLayout } from "../data/batch.js";
import { type EnsembleForm, gainsFromLanes } from "../program/ensemble-form.js";
import { type ProbeProgram, probeProgram } from "../program/probe-program.js";
import { evaluationProgram, type Program, trainingProgram } from "../program/program.js";
import type { TrainingRequest } from "../program/program-request.js";
import { convolutionBlock, mayBeBlocked } from "../runtime/blocked-support.js";
import type { Runtime, Session } from "../runtime/runtime.js";
import { runtimeTarget } from "../runtime/runtime-target.js";
import { diagnosisProgram } from "./diagnosis.js";

export interface LoadedProgram {
  readonly program: Program;
  readonly session: Session;
}

// Of the batch size that is asked for: models from files may be made for one.
const inference = (layout: BatchLayout, batchSize: number) => ({
  mode: "inference" as const,
  batchSize,
  inputShapes: layout.inputs.map(({ shape }) => shape),
});

/** Compiles on first use and keeps what it compiled until `dispose`. */
export class ProgramCache {
  readonly #runtime: Runtime;
  readonly #request: Omit<TrainingRequest, "batchSize">;
  readonly #spinning: boolean;
  readonly #programs = new Map<string, { program: Program; bytes: Uint8Array }>();
  readonly #probePrograms = new Map<number, ProbeProgram>();
  #isBlockable: boolean | undefined;
  readonly #sessions = new Map<string, Promise<Session>>();

  constructor(runtime: Runtime, request: Omit<TrainingRequest, "batchSize">, spinning: boolean) {
    this.#runtime = runtime;
    this.#request = request;
    this.#spinning = spinning;
  }

  async training(batchSize: number, threads: number): Promise<LoadedProgram> {
    const request = {
      ...this.#request,
      ...(await this.#target(batchSize)),
      ...(await this.#lanes(batchSize)),
      batchSize,
    };
    return this.#load(`training ${batchSize}`, threads, () => trainingProgram(request));
  }

  /** @param counted how many examples of a batch count, from the first on. */
  async evaluation(batchSize: number, threads: number, counted = batchSize): Promise<LoadedProgram> {
    const request = { ...this.#request, ...(await this.#target(batchSize)), batchSize, counted };
    return this.#load(`evaluation ${batchSize}${counted === batchSize ? "" : ` first ${counted}`}`, threads, () =>
      evaluationProgram(request),
    );
  }

  /** The runtime's target, whose blocks are asked for only where the network could use them. */
  async #target(batchSize: number): Promise<{ target: Target }> {
    const { network, layout } = this.#request;
    this.#isBlockable ??= mayBeBlocked(network.build(inference(layout, batchSize)));
    const block = this.#isBlockable ? await convolutionBlock(this.#runtime) : undefined;
    const target = runtimeTarget(this.#runtime);
    return { target: block === undefined ? target : { ...target, blockedChannels: block } };
  }

  /** Networks in groups as wide as the runtime's blocks, where they are many and narrow. */
  async #lanes(batchSize: number): Promise<{ ensemble?: EnsembleForm }> {
    const { ensemble, network, layout } = this.#request;
    if (ensemble === undefined || !gainsFromLanes(network.build(inference(layout, batchSize)), ensemble.networks))
      return {};
    const lanes = await convolutionBlock(this.#runtime);
    return lanes === undefined ? {} : { ensemble: { ...ensemble, lanes } };
  }

  /** A fresh session of the check that says where a step went bad; the caller disposes it. */
  async diagnosis(batchSize: number): Promise<{ names: readonly string[]; session: Session }> {
    const { graph, names } = diagnosisProgram({ ...this.#request, batchSize });
    return {
      names,
      session: await this.#runtime.load(this.#write(graph, "diagnosis"), { threads: 1, spinning: false }),
    };
  }

  /** What looks at one step of a batch size: the manifest and graph of its statistics. */
  probeProgram(batchSize: number, spec: ProbeSpec): ProbeProgram {
    const known = this.#probePrograms.get(batchSize);
    if (known !== undefined) return known;
    const program = probeProgram({ ...this.#request, batchSize }, spec);
    this.#probePrograms.set(batchSize, program);
    return program;
  }

  async probes(
    batchSize: number,
    threads: number,
    spec: ProbeSpec,
  ): Promise<{ program: ProbeProgram; session: Session }> {
    const program = this.probeProgram(batchSize, spec);
    const session = await this.#session(`probes ${batchSize}`, threads, () => this.#write(program.graph, "probes"));
    return { program, session };
  }

  #write(graph: Graph, name: string): Uint8Array {
    return writeOnnx(graph, { name, target: runtimeTarget(this.#runtime) });
  }

  async dispose(): Promise<void> {
    const opened = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const session of opened) if (session.status === "fulfilled") await session.value.dispose();
  }

  async #load(key: string, threads: number, build: () => Program): Promise<LoadedProgram> {
    let known = this.#programs.get(key);
    if (known === undefined) {
      const program = build();
      known = { program, bytes: this.#write(program.graph, key) };
      this.#programs.set(key, known);
    }
    const { program, bytes } = known;
    return { program, session: await this.#session(key, threads, () => bytes) };
  }

  #session(key: string, threads: number, model: () => Uint8Array): Promise<Session> {
    const sessionKey = `${key} threads ${threads}`;
    let session = this.#sessions.get(sessionKey);
    if (session === undefined) {
      session = this.#runtime.load(model(), { threads, spinning: this.#spinning });
      this.#sessions.set(sessionKey, session);
    }
    return session;
  }
}
