// A figure is a pure function from tidy rows to a Vega-Lite spec; one spec serves every renderer.

import type { Json } from "../core/formats/json.js";
import type { Row } from "../core/rows.js";

/** A Vega-Lite specification, as plain JSON (https://vega.github.io/vega-lite/). */
export type VegaLiteSpec = { readonly [key: string]: Json };

/** A figure, which a report embeds and which is also written to files. */
export interface Figure {
  /** Unique within its study; names the files. */
  readonly id: string;
  readonly title: string;
  /** One sentence on how to read it. */
  readonly caption: string;
  /** The drawn rows, also written as CSV. */
  readonly rows: readonly Row[];
  readonly spec: VegaLiteSpec;
}
