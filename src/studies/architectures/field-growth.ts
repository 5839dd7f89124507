// Receptive fields of the layers of classic networks, by depth.
import { type FieldGrowth, receptiveFieldGrowth } from "../../inspect/field/field-growth.js";
import { layerSubject } from "../../inspect/subject/layer-subject.js";
import { catalogueModel } from "../../nn/models.js";

export interface ModelGrowth {
  readonly model: string;
  readonly growth: readonly FieldGrowth[];
}

/** Catalogue networks whose fields are drawn against depth, all for about 224 x 224 pixels. */
const drawn = [
  { title: "AlexNet", model: "alexnet" },
  { title: "VGG-16", model: "vgg16" },
  { title: "VGG-19", model: "vgg19" },
  { title: "GoogLeNet", model: "googlenet" },
  { title: "ResNet-50", model: "resnet50" },
] as const;

export function measureGrowth(): ModelGrowth[] {
  return drawn.map(({ title, model }) => {
    const { spec, inputShape = [] } = catalogueModel(model);
    return { model: title, growth: receptiveFieldGrowth(layerSubject(spec, { model: title, inputShape })) };
  });
}
