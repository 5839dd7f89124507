// Training beside the diagnosis at step 0: losses, the drift of distributions, and whether gradients predicted the loss.
import type { CurveRow } from "../../../figures/curve-data.js";
import { curveFigure } from "../../../figures/curve-figure.js";
import type { Figure } from "../../../figures/figure.js";
import { type ScatterRow, scatterFigure } from "../../../figures/scatter-figure.js";
import { violinFigure } from "../../../figures/violin-figure.js";
import { meanOf } from "../../../study/analysis/samples.js";
import type { StudyResults } from "../../../study/definition.js";
import { cells, drifting } from "../design.js";
import { quantities } from "../findings.js";
import { type ActivationId, activations, initializationOf, type NetworkId, networks, variantOf } from "../networks.js";
import { lastLoss, lossMetric, seriesOf, trialsOf } from "../readings.js";
import type { InitializationSettings } from "../settings.js";
import { kindTitle } from "./depth.js";
import { layerLevels, violinRows } from "./distributions.js";

export function trainingFigures(results: StudyResults, settings: InitializationSettings): Figure[] {
  return [
    ...settings.trained.flatMap((network) => learningFigures(results, settings, network)),
    ...driftFigure(results, settings),
    ...settings.trained.flatMap((network) => diagnosisFigure(results, settings, network)),
  ];
}

/** Three activations fit beside one another. */
const abreast = 3;

function learningFigures(results: StudyResults, settings: InitializationSettings, network: NetworkId): Figure[] {
  const groups = Array.from({ length: Math.ceil(settings.activations.length / abreast) }, (_, i) =>
    settings.activations.slice(i * abreast, (i + 1) * abreast),
  );
  return groups.flatMap((group, i) => {
    const rows = lossRows(results, settings, network, group);
    if (rows.length === 0) return [];
    const { title, chanceLoss } = networks[network];
    const initializers = [
      ...new Set(cells(settings).flatMap((cell) => (cell.network === network ? [cell.initializer] : []))),
    ];
    return [
      curveFigure(rows, {
        id: `learning-${network}-${i + 1}`,
        title: `Who learns: loss of ${group.map((id) => activations[id].title).join(", ")} on ${title}`,
        subtitle: `Plain SGD at ${settings.learningRate}, batches of ${settings.batchSize}; loss on the same ${settings.inputs} examples at every reading`,
        caption: "The dashed line is the loss of a network that knows only how often each class occurs.",
        variants: initializers.map((id) => ({ id, title: initializationOf(id).title })),
        metrics: [
          {
            id: "loss",
            title: "Loss",
            unit: "nats",
            references: [{ value: chanceLoss, label: "chance" }],
            bounds: [0, 3 * chanceLoss],
          },
        ],
        phases: group.map((id) => ({ id, title: activations[id].title })),
        x: { name: "step", title: "Updates" },
      }),
    ];
  });
}

function lossRows(
  results: StudyResults,
  settings: InitializationSettings,
  network: NetworkId,
  group: readonly ActivationId[],
): CurveRow[] {
  // A start far above chance would flatten all other curves.
  const most = 3 * networks[network].chanceLoss;
  return cells(settings)
    .filter((cell) => cell.network === network && group.includes(cell.activation))
    .flatMap((cell) =>
      trialsOf(results, "trained", cell).flatMap((trial) => {
        const block = seriesOf(trial, lossMetric);
        return [...(block?.steps ?? [])].flatMap((step, row) => {
          const value = block?.values[row] ?? Number.NaN;
          const place = {
            variant: cell.initializer,
            seed: trial.replicate,
            phase: cell.activation,
            metric: "loss",
            x: step,
          };
          return value <= most ? [{ ...place, value }] : [];
        });
      }),
    );
}

/** Activations before and after training, side by side in every layer. */
function driftFigure(results: StudyResults, settings: InitializationSettings): Figure[] {
  const panels = cells(settings)
    .filter((cell) => drifting.includes(variantOf(cell)))
    .map((cell) => {
      const [trial] = trialsOf(results, "trained", cell);
      const metric = variantOf(cell);
      const rows =
        trial === undefined
          ? []
          : (["start", "end"] as const).flatMap((at) =>
              violinRows([trial], cell, "activations", { metric, variant: at, at }),
            );
      return { cell, rows };
    })
    .filter(({ rows }) => rows.length > 0);
  if (panels.length === 0) return [];
  return [
    violinFigure(
      panels.flatMap(({ rows }) => rows),
      {
        id: "drift",
        title: `Activations before and after ${settings.steps} updates`,
        subtitle: "MNIST test images, one network per panel",
        caption:
          "A network whose two violins agree in every layer has not moved: the diagnosis at step 0 still holds. Early layers of a vanishing network stay as they were.",
        variants: [
          { id: "start", title: "Before training" },
          { id: "end", title: "After training" },
        ],
        layers: layerLevels(settings).map(({ id }) => ({ id, title: `layer ${id}` })),
        metrics: panels.map(({ cell }) => ({ id: variantOf(cell), title: kindTitle(cell) })),
      },
    ),
  ];
}

/** The gradient that reaches the first layer at step 0 against the loss after training, one point per kind. */
function diagnosisFigure(results: StudyResults, settings: InitializationSettings, network: NetworkId): Figure[] {
  const points = cells(settings)
    .filter((cell) => cell.network === network)
    .map((cell) => ({
      cell,
      ratio: meanOf(quantities.gradientRatio.measured(trialsOf(results, "untrained", cell), cell, 1)),
      loss: meanOf(lastLoss(trialsOf(results, "trained", cell))),
    }));
  const drawn = points.flatMap(({ cell, ratio, loss }) =>
    ratio === undefined || loss === undefined ? [] : [{ cell, x: ratio.value, y: loss.value }],
  );
  if (drawn.length < 3) return [];
  const lost = points
    .filter(({ ratio, loss }) => ratio !== undefined && loss === undefined)
    .map(({ cell }) => kindTitle(cell));
  const { title, chanceLoss } = networks[network];
  return [
    scatterFigure(
      namedPoints(
        drawn.map(({ cell, x, y }) => ({
          ...{ name: initializationOf(cell.initializer).title, x, y: Math.min(y, 3 * chanceLoss) },
          group: cell.activation as string,
        })),
      ),
      {
        id: `diagnosis-${network}`,
        title: `Does the gradient at step 0 tell who learns? ${title}`,
        subtitle: `One point per activation and initializer; ${settings.steps} updates of plain SGD at ${settings.learningRate}`,
        caption: `Left of 0.1 the first layer gets less than a tenth of the last layer's gradient. Chance is ${chanceLoss.toFixed(2)} nats.${
          lost.length === 0 ? "" : ` Diverged, and so without a loss: ${lost.join("; ")}.`
        }`,
        groups: Object.entries(activations).map(([id, { title: name }]) => ({ id, title: name })),
        x: { title: "Gradient of the first hidden layer / that of the last, at step 0" },
        y: { title: `Loss after ${settings.steps} updates`, unit: "nats", scale: "linear" },
      },
    ),
  ];
}

type NamedPoint = ScatterRow & { readonly group: string };

/** Decades and nats that count as one place, and as a crowd in which names could not be read. */
const same = 0.03;
const crowd = 0.3;

/** Points of one group at one place share a name; in a crowd of several groups nobody has one. */
function namedPoints(points: readonly NamedPoint[]): NamedPoint[] {
  const distance = (a: NamedPoint, b: NamedPoint): number => Math.hypot(Math.log10(a.x / b.x), a.y - b.y);
  return points.map((point, i) => {
    const partners = points.filter((other) => other.group === point.group && distance(point, other) < same);
    const others = points.filter((other) => other !== point && !partners.includes(other));
    const isNamed =
      points.indexOf(partners[0]) === i && others.filter((other) => distance(point, other) < crowd).length < 2;
    return isNamed ? { ...point, name: partners.map(({ name }) => name).join(", ") } : { ...point, isNamed };
  });
}
