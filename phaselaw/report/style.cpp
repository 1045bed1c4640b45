// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/style.h"

#include <string_view>

#include "phaselaw/report/palette.h"

namespace phaselaw::report {

namespace {

// On a narrow screen the second drawing of each figure is shown, tables of many columns become cards, and nothing scrolls
// sideways.
constexpr std::string_view kPageStyle = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fafaf8; --card: #ffffff;
  --line: #dcdfe3; --accent: #0072b2; --good: #00684c; --bad: #a84300; --open: #5c5f66;
  --good-bg: #e3f4ee; --bad-bg: #fbeadf; --open-bg: #eceef0; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #a3abb3; --paper: #15181c; --card: #1d2126;
  --line: #363c43; --accent: #63b6ec; --good: #5fd3ad; --bad: #ffa56b; --open: #b9bfc6;
  --good-bg: #12342a; --bad-bg: #3d2413; --open-bg: #2b3036; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2.2rem 1.4rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1.05rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1, h2, h3, p, li, figcaption { overflow-wrap: anywhere; }
td, th { overflow-wrap: break-word; }
h1 { font-size: 1.95rem; line-height: 1.2; letter-spacing: -0.01em; margin: 0 0 .5rem; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.8rem 0 .6rem; }
p { margin: .6rem 0; max-width: 46rem; }
.answer { font-size: 1.2rem; line-height: 1.45; margin: 0; }
.findings { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: .4rem 1.6rem; margin-top: 1rem; }
.found h2, .contents h2 { font-size: 1.05rem; margin: .5rem 0 .1rem; }
.found p { margin: 0; color: var(--soft); font-size: .95rem; }
.found ul { list-style: none; margin: .3rem 0; padding: 0; font-size: .97rem; line-height: 1.4; }
.found li { margin: .3rem 0; padding-left: 1.7rem; text-indent: -1.7rem; }
.mark { display: inline-block; min-width: 1.35rem; text-align: center; text-indent: 0; font-weight: 600; font-size: .87rem;
  border-radius: .7rem; padding: 0 .3rem; }
.mark.inconclusive { border: 0; }
.contents { margin: 1.2rem 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); padding: .4rem 0; }
.contents ol { margin: .3rem 0; padding-left: 1.6rem; columns: 24rem; font-size: .95rem; }
figure { margin: 1.5rem 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 1rem 1.1rem .9rem; }
.figure-title { margin: 0 0 .5rem; font-size: 1.05rem; line-height: 1.35; }
.values circle:hover { stroke: var(--ink); stroke-width: 1.5; }
figure svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
.data { display: block; margin-top: .35rem; font-size: .9rem; }
figcaption { margin-top: .6rem; color: var(--soft); font-size: .94rem; line-height: 1.5; max-width: 50rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; line-height: 1.4; }
caption { text-align: left; padding: .7rem .8rem .2rem; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .55rem .8rem; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: .85rem; vertical-align: bottom; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .number { white-space: normal; }
.number:has(span) { white-space: normal; }
.number > span { white-space: nowrap; }
.notice { border: 1px solid currentColor; border-left-width: 6px; border-radius: 8px; padding: .6rem .9rem;
  color: var(--bad); background: var(--bad-bg); margin-top: 1rem; }
.verdicts { list-style: none; margin: 1rem 0; padding: 0; max-width: 50rem; }
.verdicts li { margin: .9rem 0; }
.verdicts .statement { font-weight: 600; }
.verdicts .numbers, .verdicts .reading { display: block; margin-top: .15rem; }
.verdicts .reading, .verdicts .source { color: var(--soft); font-size: .94rem; }
.verdicts .source { display: block; font-size: .87rem; }
.verdict { display: inline-block; white-space: nowrap; font-weight: 600; font-size: .87rem; line-height: 1.5;
  padding: .05rem .6rem; border-radius: 1rem; border: 1px solid currentColor; }
.supported { color: var(--good); background: var(--good-bg); }
.not-supported { color: var(--bad); background: var(--bad-bg); }
.inconclusive { color: var(--open); background: var(--open-bg); border-style: dashed; }
details { margin: .7rem 0; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
summary { cursor: pointer; padding: .6rem .9rem; font-weight: 600; }
summary:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
pre { margin: 0; padding: .8rem .9rem; overflow-x: auto; font: .84rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas,
  "DejaVu Sans Mono", monospace; tab-size: 2; }
details pre { border-top: 1px solid var(--line); }
section > pre { border: 1px solid var(--line); border-radius: 8px; background: var(--card); margin: .7rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: .8rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
a { color: var(--accent); }
@media screen and (max-width: 40rem) {
  body { padding: 1.3rem .8rem 3rem; font-size: 1rem; }
  h1 { font-size: 1.5rem; }
  .answer { font-size: 1.08rem; }
  .findings { grid-template-columns: 1fr; }
  .contents ol { columns: auto; }
  .wide { display: none; }
  .narrow { display: block; max-width: 30rem; margin: 0 auto; }
  figure { padding: .8rem .4rem; }
  .figure-title, figcaption { padding: 0 .3rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .6rem; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  th, td { padding: .5rem .5rem; overflow-wrap: anywhere; }
  .number, .number > span { white-space: normal; }
  .cards, .cards caption, .cards tbody, .cards tr, .cards td, .cards th { display: block; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { border-top: 1px solid var(--line); padding: .6rem .8rem; }
  .cards tr:first-child { border-top: 0; }
  .cards td, .cards tbody th { border: 0; padding: .12rem 0; max-width: none; min-width: 0;
    width: auto; text-align: left; white-space: normal; }
  .cards td:first-child { font-weight: 600; }
  .cards td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); font-weight: 400; }
}
@media print {
  :root { --ink: #000; --soft: #333; --paper: #fff; --card: #fff; --line: #999; --accent: #000; --good: #000; --bad: #000;
    --open: #000; --good-bg: #fff; --bad-bg: #fff; --open-bg: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  figure, tr, .scroll, pre { break-inside: avoid; }
  .data { display: none; }
  h2, h3 { break-after: avoid; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
}
)css";

}  // namespace

std::string page_style() { return std::string(kPageStyle) + figure_style(); }

}  // namespace phaselaw::report
