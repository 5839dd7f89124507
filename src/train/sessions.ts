// The loaded programs of a trial: one for each batch size, kind and thread count that it meets.
import { writeOnnx } from "../onnx/write.js";
import { diagnosisProgram } from "./diagnosis.js";
import { evaluationProgram, type Program, trainingProgram } from "./program.js";
import type { TrainingRequest } from "./program-request.js";
import type { Runtime, Session } from "./runtime.js";

export interface LoadedProgram {
  readonly program: Program;
  readonly session: Session;
}

/** Compiles on first use and keeps what it compiled until `dispose`. */
export class ProgramCache {
  readonly #runtime: Runtime;
  readonly #request: Omit<TrainingRequest, "batchSize">;
  readonly #spinning: boolean;
  readonly #programs = new Map<string, { program: Program; bytes: Uint8Array }>();
  readonly #sessions = new Map<string, Promise<Session>>();

  constructor(runtime: Runtime, request: Omit<TrainingRequest, "batchSize">, spinning: boolean) {
    this.#runtime = runtime;
    this.#request = request;
    this.#spinning = spinning;
  }

  async training(batchSize: number, threads: number): Promise<LoadedProgram> {
    return this.#load(`training ${batchSize}`, threads, () => trainingProgram({ ...this.#request, batchSize }));
  }

  async evaluation(batchSize: number, threads: number): Promise<LoadedProgram> {
    return this.#load(`evaluation ${batchSize}`, threads, () => evaluationProgram({ ...this.#request, batchSize }));
  }

  /** A fresh session of the check that says where a step went bad; the caller disposes it. */
  async diagnosis(batchSize: number): Promise<{ names: readonly string[]; session: Session }> {
    const { graph, names } = diagnosisProgram({ ...this.#request, batchSize });
    return {
      names,
      session: await this.#runtime.load(writeOnnx(graph, { name: "diagnosis" }), { threads: 1, spinning: false }),
    };
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).dispose();
    this.#sessions.clear();
  }

  async #load(key: string, threads: number, build: () => Program): Promise<LoadedProgram> {
    let known = this.#programs.get(key);
    if (known === undefined) {
      const program = build();
      known = { program, bytes: writeOnnx(program.graph, { name: key }) };
      this.#programs.set(key, known);
    }
    const sessionKey = `${key} threads ${threads}`;
    let session = this.#sessions.get(sessionKey);
    if (session === undefined) {
      session = this.#runtime.load(known.bytes, { threads, spinning: this.#spinning });
      this.#sessions.set(sessionKey, session);
    }
    return { program: known.program, session: await session };
  }
}
