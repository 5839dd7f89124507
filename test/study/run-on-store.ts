// Runs a study as the command line does: on a run store in a folder, with checkpoints, workers and ONNX Runtime.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../../src/data/dataset.js";
import { loadedData } from "../../src/data/resolver.js";
import { isSyntheticName, syntheticDataset } from "../../src/data/synthetic.js";
import { loadSample } from "../../src/node/data/download/sample.js";
import { trainscopePaths } from "../../src/node/files/paths.js";
import { nodeExecutor } from "../../src/node/node-executor.js";
import { openRunStore } from "../../src/node/store/open-store.js";
import type { StudyDefinition } from "../../src/study/definition.js";
import { runStudy, type StudyOutcome, type StudyRequest } from "../../src/study/run-study.js";
import { presetOf, resolveSettings, type Settings } from "../../src/study/settings.js";

export interface StudyPlace {
  /** Runs the study on the same store. */
  run(study: StudyDefinition, options?: StudyOptions): Promise<StudyOutcome>;
  dispose(): void;
}

export interface StudyOptions extends Partial<Pick<StudyRequest, "signal" | "resumeRun" | "onProgress">> {
  /** Most trials at a time; default 2. */
  readonly workers?: number;
  /** Default `smoke`. */
  readonly preset?: string;
  readonly set?: Settings;
}

/** The sample of a published data set, or a drawn one. */
async function open(name: string): Promise<Dataset> {
  return isSyntheticName(name) ? syntheticDataset(name) : loadSample(name);
}

/** A folder with its own store. */
export function studyPlace(): StudyPlace {
  const home = mkdtempSync(join(tmpdir(), "trainscope-study-"));
  const paths = trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });
  const sets = new Map<string, Dataset>();
  const load = async (name: string): Promise<Dataset> => {
    const set = sets.get(name) ?? (await open(name));
    sets.set(name, set);
    return set;
  };
  return {
    async run(study, { preset = "smoke", set = {}, workers = 2, ...options } = {}) {
      const store = await openRunStore(paths);
      const isTrained = study.kind === "trained";
      const roles = isTrained ? Object.entries(study.data) : [];
      const data = await Promise.all(roles.map(async ([role, name]) => [role, await load(name)] as const));
      const seeds = isTrained ? presetOf(study, preset).seeds : 0;
      try {
        return await runStudy({
          study,
          data: Object.fromEntries(data),
          ...(isTrained ? { preset } : {}),
          settings: isTrained ? resolveSettings(study, preset, set) : {},
          seeds: Array.from({ length: seeds }, (_, seed) => seed),
          store,
          run: { command: `trainscope study run ${study.id}`, versions: {}, machine: "" },
          executor: nodeExecutor({ store, paths, workers, data: loadedData([...sets.values()]) }),
          clock: () => "2026-11-30T12:00:00Z",
          ...options,
        });
      } finally {
        await store.close();
      }
    },
    dispose: () => rmSync(home, { recursive: true, force: true }),
  };
}
