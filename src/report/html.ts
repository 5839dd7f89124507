// Injection-safe HTML: every value is escaped unless it already is HTML.

/** A piece of HTML, made by `html` or declared by `trustedHtml`. */
export interface Html {
  readonly markup: string;
}

type Content = Html | string | number | undefined | readonly Content[];

/** Template tag: literal parts are markup; values are escaped, lists joined, and `undefined` omitted. */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Html {
  let markup = literals[0];
  for (const [index, value] of values.entries()) markup += render(value) + literals[index + 1];
  return { markup };
}

/** Declares a text to be HTML. Only for markup that this program generated, such as a rendered figure. */
export function trustedHtml(markup: string): Html {
  return { markup };
}

function render(value: Content): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escapeText(String(value));
  return isHtml(value) ? value.markup : value.map(render).join("");
}

function isHtml(value: Html | readonly Content[]): value is Html {
  return "markup" in value;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for element content and for attributes in quotes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}
