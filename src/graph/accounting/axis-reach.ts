// What an element of an output depends on along one axis of an input.

/** The dependencies of an output element at position `u` of axis `axis`, along one axis of an input. */
export type AxisReach =
  /** The element at the same position; with `seesAll`, a statistic or a gate also depends on all others. */
  | { readonly kind: "same"; readonly axis: number; readonly seesAll?: true }
  /** `kernel` elements at distance `dilation`, starting at `u stride - pad`. */
  | {
      readonly kind: "window";
      readonly axis: number;
      readonly kernel: number;
      readonly stride: number;
      readonly dilation: number;
      readonly pad: number;
    }
  /**
   * `taps` neighboring elements around the position `u step + start`, at most `taps / 2` away from it.
   * If the pattern repeats within `mostPhases` positions, `reads` is exact.
   */
  | {
      readonly kind: "between";
      readonly axis: number;
      readonly taps: number;
      readonly step: number;
      readonly start: number;
      readonly reads?: RepeatedReads;
    }
  /** One element at an irregular position; `axes` carry the positions, possibly together with others. */
  | { readonly kind: "moved"; readonly axes: readonly number[] }
  /** Every element. */
  | { readonly kind: "all" };

/**
 * Position `u` reads the elements `places[u mod P] + floor(u / P) advance`, with P the length of `places`; valid far
 * from the ends of the axis, where elements may be repeated.
 */
export interface RepeatedReads {
  readonly advance: number;
  readonly places: readonly (readonly number[])[];
}

/** One rule per axis of an input; `null` for static inputs, indices and irrelevant gates. */
export type InputReach = readonly AxisReach[] | null;
