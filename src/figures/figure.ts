// A figure is a pure function from tidy rows to a Vega-Lite spec; one spec serves every renderer.

import type { Json } from "../core/formats/json.js";
import type { Row } from "../core/rows.js";

/** A Vega-Lite specification, as plain JSON (https://vega.github.io/vega-lite/). */
export type VegaLiteSpec = { readonly [key: string]: Json };

/** A drawn figure: what a report embeds and what is written beside it. */
export interface Figure {
  /** Unique within its study; names the files. */
  readonly id: string;
  readonly title: string;
  /** One sentence: how to read it. */
  readonly caption: string;
  /** The tidy rows drawn, also written as CSV. */
  readonly rows: readonly Row[];
  readonly spec: VegaLiteSpec;
}
