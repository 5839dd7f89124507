// All figures of the study, in the order of its argument: shapes, depth, phases, training, the guide.
import type { Figure } from "../../../figures/figure.js";
import type { StudyResults } from "../../../study/definition.js";
import type { InitializationSettings } from "../settings.js";
import { depthFiguresOf } from "./depth.js";
import { distributionFigures } from "./distributions.js";
import { guideFigure } from "./guide.js";
import { phaseFigure } from "./phases.js";
import { trainingFigures } from "./training.js";

export function figures(results: StudyResults, settings: InitializationSettings): Figure[] {
  return [
    ...guideFigure(results, settings),
    ...distributionFigures(results, settings),
    ...depthFiguresOf(results, settings),
    ...phaseFigure(settings),
    ...trainingFigures(results, settings),
  ];
}
