// Patterns of parameter paths, as --freeze takes them: `0.*`, `*.bias`, `layer?.weight`.
import { InvalidInputError, nearestName } from "../core/errors.js";

/** A predicate on paths: `*` matches any text, `?` one character, everything else itself. */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map((pattern) => patternExpression(pattern, "."));
  return (path) => expressions.some((expression) => expression.test(path));
}

/**
 * Whether a pattern matches every path that another one matches. Two spellings of one set of paths ("?*" and "*?")
 * count as different.
 */
export function patternCovers(pattern: string, other: string): boolean {
  // The other pattern is matched as a path in which "*" stands for any text, so no single character may match it.
  return patternExpression(pattern, "[^*]").test(other.replace(/\*+/g, "*"));
}

function patternExpression(pattern: string, oneCharacter: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*+/g, ".*").replace(/\?/g, oneCharacter)}$`, "s");
}

/**
 * Throws InvalidInputError for a pattern that matches none of the paths: a typing error would train what should be
 * frozen.
 * @param what the patterns are for, in messages.
 */
export function checkPatterns(patterns: readonly string[], paths: readonly string[], what = "freeze pattern"): void {
  for (const pattern of patterns) {
    if (paths.some(pathMatcher([pattern]))) continue;
    const nearest = nearestName(pattern, paths);
    const some = paths.slice(0, 12).join(", ");
    throw new InvalidInputError("nothing in the model matches", {
      where: `${what} "${pattern}"`,
      expected: `a path, with * for any text: ${some}${paths.length > 12 ? ", ..." : ""}`,
      ...(nearest === undefined ? {} : { remedy: `Did you mean "${nearest}"?` }),
    });
  }
}
