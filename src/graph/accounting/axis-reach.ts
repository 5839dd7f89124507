// What an element of an output depends on along one axis of an input.

/** What an output element at place `u` of axis `axis` depends on, along one axis of an input. */
export type AxisReach =
  /** The element at the same place; with `seesAll` also, through a statistic or a gate, all others. */
  | { readonly kind: "same"; readonly axis: number; readonly seesAll?: true }
  /** `kernel` elements, `dilation` apart, from `u stride - pad` on. */
  | {
      readonly kind: "window";
      readonly axis: number;
      readonly kernel: number;
      readonly stride: number;
      readonly dilation: number;
      readonly pad: number;
    }
  /**
   * `taps` neighboring elements around `u step + start`, a place between elements: none further from it than `taps / 2`.
   * Where the pattern repeats within `mostPhases` places, `reads` has it exactly.
   */
  | {
      readonly kind: "between";
      readonly axis: number;
      readonly taps: number;
      readonly step: number;
      readonly start: number;
      readonly reads?: RepeatedReads;
    }
  /** One element, but by no rule that a grid of places could have: `axes` carry it now, perhaps with others. */
  | { readonly kind: "moved"; readonly axes: readonly number[] }
  /** Every element. */
  | { readonly kind: "all" };

/**
 * Place `u` reads the elements `places[u mod P] + floor(u / P) advance`, P the length of `places`; far from the ends of the
 * axis, where elements may be repeated.
 */
export interface RepeatedReads {
  readonly advance: number;
  readonly places: readonly (readonly number[])[];
}

/** For every axis of an input; `null` for one that is a setting, an index, a gate of no interest. */
export type InputReach = readonly AxisReach[] | null;
