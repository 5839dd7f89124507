// The files of a training's results: written before anything is measured, in place only when the outcome is known.
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeSafetensors } from "../../core/formats/safetensors.js";
import type { Dataset } from "../../data/dataset.js";
import { fileSystemError } from "../../node/files/atomic-file.js";
import type { Trial } from "../../train/trial/trial.js";
import { writeResult } from "./files.js";
import type { TrainableModel } from "./model.js";
import type { TrainCommandOptions } from "./options.js";

export interface ResultRequest {
  readonly options: Pick<TrainCommandOptions, "save" | "saveWeights">;
  readonly trial: Pick<Trial, "allTensors" | "spec">;
  readonly data: Dataset;
  readonly model: Pick<TrainableModel, "inferenceModel">;
}

/** Ends the names of files whose training is not measured yet. */
const unmeasured = ".unmeasured";

/**
 * Until a training is measured its results lie beside their places, as `net.onnx.unmeasured`: a failure while measuring
 * loses nothing, and a training that turns out to have diverged overwrites nothing.
 */
export class ResultFiles {
  readonly #request: ResultRequest;
  #isWritten = false;
  /** Where results will lie, in the order in which they go there. */
  readonly #places: string[] = [];

  constructor(request: ResultRequest) {
    this.#request = request;
  }

  /** Writes the results beside their places, unless that was done. @throws EnvironmentError when it cannot be. */
  async write(): Promise<void> {
    if (this.#isWritten) return;
    this.#isWritten = true;
    const { options, trial, data, model } = this.#request;
    const { save, saveWeights } = options;
    if (save === undefined && saveWeights === undefined) return;
    const tensors = await trial.allTensors();
    if (saveWeights !== undefined) await this.#write(saveWeights, writeSafetensors(tensors));
    if (save === undefined) return;
    const { scaling } = trial.spec.data;
    const saved = model.inferenceModel(tensors, { data, scaling, path: save });
    // First what the model refers to.
    if (saved.external !== undefined) await this.#write(join(dirname(save), saved.external.name), saved.external.bytes);
    await this.#write(save, saved.model);
  }

  /** Puts what was written in its place. */
  async keep(): Promise<void> {
    for (const path of this.#places.splice(0)) {
      await rename(path + unmeasured, path).catch((cause) => {
        throw fileSystemError(path, "write", cause);
      });
    }
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    for (const path of this.#places.splice(0)) await rm(path + unmeasured, { force: true });
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    await writeResult(path + unmeasured, bytes);
    this.#places.push(path);
  }
}
