// The style sheet of a report: a printable page that also works on screens, light or dark, wide or narrow.

import { darkFigureRules } from "./dark-figures.js";

export const styles = `
:root {
  color-scheme: light dark;
  --ink: #1c1e21; --quiet: #5b6169; --line: #d8dbdf; --paper: #ffffff; --wash: #f5f6f7; --link: #0b5cad;
  --supported: #1a6b3c; --refuted: #a4260f; --open: #6b5200; --erratum: #5b3a8c; --note: #0b5cad;
  --serif: Charter, "Bitstream Charter", "Sitka Text", Cambria, "DejaVu Serif", Georgia, serif;
  --sans: "DejaVu Sans", Verdana, "Segoe UI", "Helvetica Neue", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e6e8; --quiet: #a2a8af; --line: #3a3f45; --paper: #16181b; --wash: #202327; --link: #7db7f5;
    --supported: #6fcf97; --refuted: #f2907c; --open: #e3c15c; --erratum: #c4a6f0; --note: #7db7f5;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 58rem;
  color: var(--ink); font: 1.0625rem/1.55 var(--serif); overflow-wrap: break-word;
}
h1, h2, h3, caption, th, td, dt, figcaption, nav, .chip, .meta, .note, summary, tfoot { font-family: var(--sans); }
h1, h2, .question { text-wrap: balance; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 3.2rem 0 .8rem; padding-top: 1rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1.02rem; margin: 2.4rem 0 .7rem; }
p, dl.plain, .note { max-width: 42rem; }
p { margin: 0 0 .9rem; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .15em; }
code { font: .86em/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.quiet, .unit { color: var(--quiet); }
.unit { font-weight: normal; }
.subtitle { font-size: 1.15rem; color: var(--quiet); }
.meta { font-size: .8rem; color: var(--quiet); margin-bottom: 1.6rem; }
.answer { font-size: 1.12rem; line-height: 1.5; font-weight: bold; }
.answers h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; padding: 0; border: 0; }
.answers dt { font-size: .88rem; }
.answers dd { margin: 0 0 .8rem; }
.question { font-size: 1.25rem; line-height: 1.4; font-style: italic; }
.note { border-left: 3px solid var(--note); background: var(--wash); padding: .7rem 1rem; margin: 1.2rem 0; font-size: .88rem; line-height: 1.5; }
.note p:last-child { margin-bottom: 0; }
nav { font-size: .86rem; margin: 1.6rem 0 0; }
nav h2 { font-size: .86rem; margin: 0 0 .3rem; padding: 0; border: 0; }
nav ol { list-style: none; margin: 0; padding: 0; }
nav ol ol { display: flex; flex-wrap: wrap; gap: 0 1.1rem; margin: 0 0 .5rem; }
nav li { padding: .12rem 0; }
dl { margin: 0; }
dt { font-size: .78rem; color: var(--quiet); }
dd { margin: 0; }
dl.facts { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .3rem 1rem; font-size: .92rem; }
dl.facts dt { padding-top: .18rem; }
ol.claims { list-style: none; margin: 0; padding: 0; }
.claim { display: grid; grid-template-columns: 9.4rem minmax(0, 1fr); gap: 0 1.1rem; padding: .95rem 0; border-top: 1px solid var(--line); }
.claim:last-child { border-bottom: 1px solid var(--line); }
.claim .text { font-weight: bold; margin-bottom: .35rem; }
.claim .evidence { margin-bottom: .5rem; }
.claim dl { display: grid; grid-template-columns: 4rem minmax(0, 1fr); gap: .1rem .6rem; font-size: .88rem; color: var(--quiet); max-width: 42rem; }
.claim dt { padding-top: .12rem; }
.chip { display: inline-block; font-size: .76rem; font-weight: bold; line-height: 1.3; padding: .18rem .55rem; border: 1.5px solid currentColor; border-radius: 1rem; white-space: nowrap; }
.chip.supported { color: var(--supported); } .chip.refuted { color: var(--refuted); }
.chip.open { color: var(--open); } .chip.erratum { color: var(--erratum); }
.tables { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 1.6rem 2rem; align-items: start; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: .82rem; line-height: 1.4; font-variant-numeric: tabular-nums lining-nums; }
table.wide { margin-bottom: 1.8rem; }
table.small { font-size: .76rem; }
caption { text-align: left; font-weight: bold; padding: 0 0 .45rem; font-size: .84rem; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; vertical-align: baseline; font-weight: normal; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); border-bottom: 1px solid var(--ink); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 1px solid var(--ink); }
tfoot td { font-size: .74rem; color: var(--quiet); padding-top: .4rem; }
.number { text-align: right; }
.tables .number, tbody .number { white-space: nowrap; }
.strong { font-weight: bold; }
figure { margin: 0 0 2.4rem; }
.plate { background: #ffffff; border: 1px solid var(--line); border-radius: 3px; overflow-x: auto; color-scheme: light; }
.numbers { font-size: .8rem; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.sort { text-align: inherit; }
.sort:hover, .sort:focus-visible { text-decoration: underline; }
[aria-sort="ascending"] .sort::after { content: " ▲"; font-size: .7em; }
[aria-sort="descending"] .sort::after { content: " ▼"; font-size: .7em; }
.zoom { font: .76rem var(--sans); color: var(--link); margin-top: .35rem; }
.zoomed { cursor: grab; }
.switch { cursor: pointer; pointer-events: all; }
.off { opacity: .35; }
.dimmed { opacity: .06; }
.tip { position: fixed; z-index: 1; pointer-events: none; max-width: 22rem; padding: .25rem .5rem; border-radius: 3px; background: var(--ink); color: var(--paper); font: .76rem/1.4 var(--sans); white-space: pre-line; }
.plate svg { display: block; width: 100%; min-width: 40rem; height: auto; margin: 0 auto; }
figcaption { font-size: .8rem; line-height: 1.5; margin-top: .55rem; max-width: 46rem; }
.files { display: block; color: var(--quiet); }
.files a { margin-left: .35rem; }
details { margin-top: 1rem; }
summary { cursor: pointer; font-size: .86rem; margin-bottom: .6rem; }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--line); font: .78rem var(--sans); color: var(--quiet); }
@media (max-width: 40rem) {
  body { padding-top: 1.5rem; font-size: 1rem; }
  h1 { font-size: 1.5rem; }
  h2 { font-size: 1.2rem; }
  .claim, dl.facts { grid-template-columns: minmax(0, 1fr); }
  .claim .verdict { margin-bottom: .45rem; }
  dl.facts dd { margin-bottom: .4rem; }
}
@media screen and (prefers-color-scheme: dark) {
  .plate { background: #16181b; color-scheme: dark; }
${darkFigureRules}
}
@media print {
  :root { --ink: #000; --quiet: #444; --line: #bbb; --paper: #fff; --wash: #fff; --link: #000; --supported: #000; --refuted: #000; --open: #000; --erratum: #000; --note: #000; }
  @page { size: A4; margin: 18mm 16mm; }
  body { padding: 0; max-width: none; font-size: 9.5pt; line-height: 1.42; }
  .files, .numbers, .zoom, .tip, details:not([open]) { display: none; }
  nav ol ol { display: none; }
  nav a::after { content: none; }
  html { font-size: 11.5px; }
  main h2 { break-before: page; border-top: 0; padding-top: 0; margin-top: 0; }
  main > section:only-of-type h2 { break-before: auto; }
  p, dl.plain, .note, .claim dl { max-width: none; }
  h3, caption { break-after: avoid; }
  figure, .claim, .tables > *, tr { break-inside: avoid; }
  h3 { margin: 1.2rem 0 .4rem; }
  footer { margin-top: .6rem; padding-top: .3rem; break-before: avoid; }
  figure { margin: 0 0 .9rem; }
  .plate svg { max-height: 74mm; }
  .claim { padding: .45rem 0; }
  .tables { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .8rem 1.4rem; }
  table { font-size: 7.5pt; }
  table.small { font-size: 5.6pt; line-height: 1.2; }
  th, td { padding: .1rem .5rem .1rem 0; }
  .plate { border: 0; overflow: visible; }
  .plate svg { min-width: 0; }
  .scroll { overflow: visible; }
}
`;
