// The table of claims: what a source says, and what the numbers say about it.
import { type Claim, type Verdict, verdicts } from "../core/findings.js";
import { countText } from "../study/analysis/number-text.js";
import { type Html, html } from "./html.js";

/** Class name and sign of a verdict; the sign tells verdicts apart without color. */
const looks: Readonly<Record<Verdict, { readonly name: string; readonly sign: string }>> = {
  supported: { name: "supported", sign: "✓" },
  "not supported": { name: "refuted", sign: "✗" },
  inconclusive: { name: "open", sign: "?" },
  erratum: { name: "erratum", sign: "!" },
};

export function verdictChip(verdict: Verdict): Html {
  const { name, sign } = looks[verdict];
  return html`<span class="chip ${name}"><span aria-hidden="true">${sign}</span> ${verdict}</span>`;
}

/** `3 claims: 1 supported, 2 inconclusive`. */
export function claimsSummary(claims: readonly Claim[]): string {
  const counts = verdicts
    .map((verdict) => ({ verdict, count: claims.filter((claim) => claim.verdict === verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => `${count} ${verdict === "erratum" && count > 1 ? "errata" : verdict}`);
  return `${countText(claims.length, "claim")}: ${counts.join(", ")}`;
}

/** One entry per claim, in the order of the study, introduced for readers who never saw the source; empty without claims. */
export function claimsSection(claims: readonly Claim[], source: string, anchor: string): Html {
  if (claims.length === 0) return html``;
  return html`
<section id="${anchor}">
<h3>Claims</h3>
<p>The study repeats work of others: ${source}. Statements that it and related sources make are listed in our words, each with the rule that turns numbers of this study into a verdict. <i>Inconclusive</i> means that the interval allows both; <i>erratum</i>, that the statement is wrong as it is printed.</p>
<p class="quiet">${claimsSummary(claims)}.</p>
<ol class="claims">
${claims.map((claim) => entry(claim, anchor))}
</ol>
</section>`;
}

function entry({ id, text, source, rule, verdict, evidence }: Claim, anchor: string): Html {
  return html`<li class="claim ${looks[verdict].name}" id="${anchor}-${id}">
<div class="verdict">${verdictChip(verdict)}</div>
<div class="statement">
<p class="text">${text}</p>
<p class="evidence">${evidence}</p>
<dl>
<dt>Source</dt><dd>${source}</dd>
<dt>Rule</dt><dd>${rule}</dd>
</dl>
</div>
</li>
`;
}
