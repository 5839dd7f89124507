// Designs a stage and checks its trials before anything runs.
import type * as z from "zod";
import { InvalidInputError, UnknownNameError } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import { dataUse } from "../train/spec/data-use.js";
import type { PlannedTrial, Stage, StageContext, StudyResults, TrainedStudy } from "./definition.js";
import type { Settings } from "./settings.js";

/** The common input of all stages of a run. */
export interface DesignRequest {
  readonly study: TrainedStudy<z.ZodObject>;
  readonly settings: Settings;
  readonly seeds: readonly number[];
  /** By role. */
  readonly data: Readonly<Record<string, Dataset>>;
}

/**
 * The trials of a stage.
 * @throws InvalidInputError | UnknownNameError if a trial has an unknown factor, an unknown level, or the place of another
 * trial.
 */
export function designStage(
  request: DesignRequest,
  stage: Stage<Settings>,
  earlier: StudyResults,
): readonly PlannedTrial[] {
  const trials = stage.design(stageContext(request, stage, earlier));
  checkDesign(request.study, stage.id, trials);
  return trials;
}

function stageContext({ study, settings, seeds, data }: DesignRequest, stage: Stage<Settings>, earlier: StudyResults) {
  const setOf = (role: string): Dataset => {
    if (!Object.hasOwn(data, role))
      throw new UnknownNameError(`study "${study.id}" > stage "${stage.id}"`, "role of data", role, Object.keys(data));
    return data[role];
  };
  const context: StageContext<Settings> = {
    settings,
    seeds,
    earlier,
    data: (role) => dataUse(setOf(role)),
    examples: (role) => setOf(role).train.targets.shape[0],
  };
  return context;
}

/** Checks that every trial has a unique place with factors and levels of the study. */
export function checkDesign(
  study: TrainedStudy<z.ZodObject>,
  stage: string,
  trials: readonly Pick<PlannedTrial, "factors" | "replicate">[],
): void {
  const known = new Map(study.factors.map((factor) => [factor.id, factor]));
  const taken = new Set<string>();
  for (const [index, { factors, replicate }] of trials.entries()) {
    const where = `study "${study.id}" > stage "${stage}" > trials[${index}]`;
    for (const [name, level] of Object.entries(factors)) {
      const factor = known.get(name);
      if (factor === undefined) throw new UnknownNameError(where, "factor", name, [...known.keys()]);
      if (factor.levels.length > 0 && !factor.levels.some(({ id }) => id === level))
        throw new UnknownNameError(
          `${where}.${name}`,
          "level",
          String(level),
          factor.levels.map(({ id }) => String(id)),
        );
    }
    const place = JSON.stringify([Object.entries(factors).sort(), replicate]);
    if (taken.has(place)) {
      throw new InvalidInputError("two trials have the same place", {
        where,
        expected: "other factors or another replicate than every trial before",
        received: `${JSON.stringify(factors)}, replicate ${replicate}`,
      });
    }
    taken.add(place);
  }
}
