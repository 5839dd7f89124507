// The catalogue of studies, one line each, and the public names for writing another one.
import type { StudyDefinition } from "../study/definition.js";
import { architectures } from "./architectures/index.js";
import { dyingRelu } from "./dying-relu/index.js";
import { initialization } from "./initialization/index.js";
import { normalization } from "./normalization/index.js";

export { type Judgement, type JudgeOptions, judge, type Region } from "../study/analysis/judge.js";
export {
  countText,
  decimalText,
  estimateText,
  percentText,
  survivorsText,
} from "../study/analysis/number-text.js";
export {
  bestOf,
  differences,
  findingsOf,
  inPercent,
  lastOf,
  mapSamples,
  meanOf,
  paired,
  proportion,
  proportionOf,
  type Quantity,
  type Sample,
  type Samples,
  samplesOf,
  select,
} from "../study/analysis/samples.js";
export {
  type Analysis,
  type AnalysisContext,
  type ComputedStudy,
  type DataIdentity,
  defineStudy,
  type Factor,
  type Factors,
  type PlannedTrial,
  type Preset,
  type Stage,
  type StageContext,
  type StudyDefinition,
  type StudyResults,
  type TrainedStudy,
  type TrialResult,
} from "../study/definition.js";
export { type MeasurementInput, type MeasurementPlan, measurementPlan } from "../study/measurement.js";
export { runStudy, type StudyOutcome, type StudyRequest } from "../study/run-study.js";
export type { RunStore } from "../study/store/store.js";
export { architectures, dyingRelu, initialization, normalization };

/** Every study by its id. */
export const studies: Readonly<Record<string, StudyDefinition>> = {
  normalization,
  initialization,
  "dying-relu": dyingRelu,
  architectures,
};
