// Settings of a run: those of the preset, changed by the user, checked against the study's own rules.
import { InvalidInputError, UnknownNameError } from "../core/errors.js";
import type { PresetName, Settings, StudyDefinition } from "./study.js";

/**
 * The settings that a run will use.
 * @throws UnknownNameError | InvalidInputError naming the setting, its range and what was given.
 */
export function resolveSettings(study: StudyDefinition, preset: PresetName, changes: Settings): Settings {
  const settings: Record<string, number> = { ...study.presets[preset].settings };
  for (const [name, value] of Object.entries(changes)) {
    const where = `study "${study.id}" > ${name}`;
    if (!Object.hasOwn(study.settings, name))
      throw new UnknownNameError(`study "${study.id}"`, "setting", name, Object.keys(study.settings));
    const { minimum, maximum, integer } = study.settings[name];
    if (!(value >= minimum && value <= maximum) || (integer && !Number.isInteger(value))) {
      throw new InvalidInputError("setting out of range", {
        where,
        expected: `${integer ? "an integer" : "a number"} from ${minimum} to ${maximum}`,
        received: `${value}`,
      });
    }
    settings[name] = value;
  }
  return settings;
}
