// The table of all forms, for nodes whose operator's record is not enough.
import { contribForms } from "./contrib-forms.js";
import { exactModeForms } from "./mode-forms.js";
import type { NodeForm } from "./node-form.js";
import { olderForms } from "./older-forms.js";
import { opset6Forms } from "./opset6-forms.js";
import { exactRandomForms } from "./random-forms.js";
import { sequenceForms } from "./sequence-forms.js";

/** By operator, with its domain if that is not ONNX's own. */
export const nodeForms: Readonly<Record<string, NodeForm>> = {
  ...opset6Forms,
  ...olderForms,
  ...contribForms,
  ...sequenceForms,
  ...exactModeForms,
  ...exactRandomForms,
};
