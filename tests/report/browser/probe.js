// SPDX-License-Identifier: Apache-2.0
// Runs inside a page under test (check_page.py puts it there): reads the page as a visitor would, and reports what is wrong
// to the frame around it.
"use strict";

// The rules of a media query, as if it held: how dark and print look is read without a setting of the browser's.
function applyMedia(condition) {
  let rules = "";
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules)
      if (rule instanceof CSSMediaRule && rule.conditionText.includes(condition))
        for (const inner of rule.cssRules) rules += inner.cssText + "\n";
  const style = document.createElement("style");
  style.textContent = rules;
  document.head.append(style);
  return style;
}

function channels(colour) {
  const parts = colour.match(/[\d.]+/g).map(Number);
  return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
}

// The first opaque background behind an element.
function background(element) {
  for (let at = element; at; at = at.parentElement) {
    const { rgb, alpha } = channels(getComputedStyle(at).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
}

function describe(element) {
  const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
  return `<${element.tagName.toLowerCase()}${element.id ? " id=" + element.id : ""}> "${text}"`;
}

// WCAG 2.1 AA: 4.5 for text, 3 for large text.
function weakContrast() {
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("title, desc, style")) continue;
    const own = [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
    if (!own || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const needed = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    const ink = channels(element.closest("svg") ? style.fill : style.color).rgb;
    const ratio = contrast(ink, background(element));
    if (ratio < needed) weak.push(`${describe(element)} has contrast ${ratio.toFixed(2)}, needs ${needed}`);
  }
  return weak;
}

// What sticks out of the window and is not inside a box that scrolls by itself.
function overflow() {
  const wide = [];
  if (document.documentElement.scrollWidth > window.innerWidth)
    wide.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${window.innerWidth} px`);
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("svg") && element.tagName !== "svg") continue;
    let scrolls = false;
    for (let at = element.parentElement; at; at = at.parentElement)
      scrolls = scrolls || ["auto", "scroll", "hidden"].includes(getComputedStyle(at).overflowX);
    if (!scrolls && element.getBoundingClientRect().right > window.innerWidth + 1)
      wide.push(`${describe(element)} reaches ${Math.round(element.getBoundingClientRect().right)} px`);
  }
  // On a phone even such a box is a nuisance.
  if (window.innerWidth < 480)
    for (const element of document.querySelectorAll("body *"))
      if (["auto", "scroll"].includes(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth + 1)
        wide.push(`${describe(element)} scrolls sideways on a phone`);
  return wide;
}

// Texts of figures as large as they come out on the screen.
function tinyText() {
  const tiny = [];
  for (const svg of document.querySelectorAll("svg")) {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    if (!(scale > 0)) continue;
    const sizes = [...svg.querySelectorAll("text")].map((text) => scale * parseFloat(getComputedStyle(text).fontSize));
    if (Math.min(...sizes) < 10) tiny.push(`${describe(svg)} has texts of ${Math.min(...sizes).toFixed(1)} px`);
  }
  return tiny;
}

// Each link within the page is clicked and must bring its target into the window; others must name https.
function brokenLinks() {
  const broken = [];
  for (const link of document.querySelectorAll("a[href]")) {
    const target = link.getAttribute("href");
    if (!target.startsWith("#")) {
      const data = link.hasAttribute("download") && target.startsWith("data:text/csv;charset=utf-8,");
      if (!data && !target.startsWith("https://")) broken.push(`link to ${target.slice(0, 80)}`);
      continue;
    }
    link.click();
    const element = document.getElementById(decodeURIComponent(target.slice(1)));
    if (!element) broken.push(`link to ${target}: there is no such id`);
    else if (window.location.hash !== target) broken.push(`link to ${target}: the click did not follow it`);
    else {
      const box = element.getBoundingClientRect();
      if (box.bottom < 0 || box.top > window.innerHeight) broken.push(`link to ${target}: the target is out of sight`);
    }
  }
  return broken;
}

function inaccessible() {
  const faults = [];
  if (document.documentElement.lang === "") faults.push("no language");
  if (document.title.trim() === "") faults.push("no title");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  if (!document.querySelector("main")) faults.push("no main");
  for (const svg of document.querySelectorAll("svg")) {
    const names = (svg.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id));
    if (svg.getAttribute("role") !== "img" || names.length < 2 || names.some((n) => !n || !n.textContent.trim()))
      faults.push(`a figure without a text for readers who cannot see it: ${describe(svg)}`);
  }
  for (const table of document.querySelectorAll("table"))
    if (!table.querySelector("th")) faults.push(`a table without headings: ${describe(table)}`);
  let level = 1;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) faults.push(`${describe(heading)} skips a level`);
    level = own;
  }
  // By keyboard: what scrolls sideways takes the focus.
  for (const element of document.querySelectorAll("body *"))
    if (["auto", "scroll"].includes(getComputedStyle(element).overflowX) &&
        element.scrollWidth > element.clientWidth + 1 && element.tabIndex < 0)
      faults.push(`${describe(element)} scrolls, but not by keyboard`);
  const ids = new Set();
  for (const element of document.querySelectorAll("[id]")) {
    if (ids.has(element.id)) faults.push(`id ${element.id} twice`);
    ids.add(element.id);
  }
  return faults;
}

window.addEventListener("load", () => {
  const faults = [...overflow(), ...tinyText(), ...inaccessible(), ...weakContrast(), ...brokenLinks()];
  const plain = getComputedStyle(document.body).backgroundColor;
  const dark = applyMedia("prefers-color-scheme: dark");
  if (getComputedStyle(document.body).backgroundColor === plain) faults.push("dark: no style of its own");
  faults.push(...weakContrast().map((fault) => "dark: " + fault));
  dark.remove();
  applyMedia("print");
  faults.push(...weakContrast().map((fault) => "print: " + fault));
  const values = document.querySelectorAll("svg .values circle title");
  window.parent.postMessage({
    width: window.innerWidth, faults, drawings: document.querySelectorAll("svg").length, values: values.length,
    links: document.querySelectorAll("a[href^='#']").length
  }, "*");
});
