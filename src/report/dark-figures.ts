// Rules that turn our figures dark. They are drawn for paper: dark ink and a palette that holds on white.
import { ink, palette } from "../figures/theme.js";

/**
 * The palette on a dark page, entry by entry: the same hues, lighter where white paper lent the contrast. Each has a
 * contrast of at least 4.5 to the dark page.
 */
const darkPalette = ["#56A8E0", "#F08A3C", "#2FBF8F", "#DD92BC", "#86CBF5", "#F0B63C", "#E8E8E8", "#C4936E"] as const;

/** Colors of ink and paper, and what they become. */
const darkInk: readonly (readonly [paper: string, dark: string])[] = [
  ["white", "#16181b"],
  ["#ffffff", "#16181b"],
  [ink.text, "#e4e6e8"],
  [ink.reference, "#b4b9bf"],
  [ink.axis, "#7d838a"],
  [ink.quiet, "#3a3f45"],
  ["#efefef", "#2a2e33"],
  ["#e6e6e6", "#2f343a"],
];

/** Style rules that recolor SVGs within `.plate`, to stand inside a media query. */
export const darkFigureRules: string = [
  ...palette.map((color, index) => [color, darkPalette[index]] as const),
  ...darkInk,
]
  .flatMap(([from, to]) =>
    (["fill", "stroke"] as const).map((property) => `.plate svg [${property}="${from}"] { ${property}: ${to}; }`),
  )
  .join("\n");
