#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one fault at a time in a sound page: check_page.py must find each, and nothing in the sound one."""
import pathlib
import sys
import tempfile

import check_page

SOUND = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sound</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { background: #fff; color: #111; } a { color: #00599c; } .scroll { overflow-x: auto; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } a { color: #8cf; } }</style></head>
<body><main><h1>Sound</h1><p><a href="#end">to the end</a></p>
<svg viewBox="0 0 10 10" width="100" role="img" aria-labelledby="t d"><title id="t">t</title><desc id="d">d</desc>
<g class="values"><circle r="1"><title>x 1</title></circle></g></svg>
<table><thead><tr><th>a</th></tr></thead></table><div style="height:3000px"></div><h2 id="end">End</h2></main></body></html>"""

FAULTS = {  # what is wrong: (what stands in the sound page, what takes its place, words of the report)
    "a box wider than the window": ("<h2", '<div style="width:2000px">wide</div><h2', "px wide in a window"),
    "weak contrast": ("color: #111; }", "color: #999; }", "has contrast"),
    "weak contrast in the dark": ("color: #eee", "color: #444", "dark: "),
    "no dark style": ("@media (prefers-color-scheme: dark)", "@media (max-width: 1px)", "no style of its own"),
    "a link to nowhere": ('href="#end"', 'href="#begin"', "there is no such id"),
    "a link without encryption": ('href="#end"', 'href="http://example.org"', "link to http"),
    "a figure without a text": ('<desc id="d">d</desc>', "", "without a text for readers who cannot see"),
    "a skipped heading": ("<h2", "<h4", "skips a level"),
    "a table without headings": ("<th>a</th>", "<td>a</td>", "a table without headings"),
    "scrolling that the keyboard cannot reach": ("<h2", '<div class="scroll"><div style="width:3000px">wide</div></div><h2',
                                                 "scrolls, but not by keyboard"),
    "a box that scrolls on a phone": ("<h2", '<div class="scroll" tabindex="0"><div style="width:500px">wide</div></div><h2',
                                      "scrolls sideways on a phone"),
    "small print in a figure": ('<g class="values">', '<text font-size="0.5">x</text><g class="values">', "has texts of 5.0 px"),
    "an id twice": ("<h2", '<p id="end">again</p><h2', "id end twice"),
    "no values": ("<title>x 1</title>", "", "no values under the pointer"),
    "a unit twice": ("<h2", "<p>an error of 8 % %</p><h2", "a unit twice"),
    "a resource": ("<h2", '<img src="nothing.png" alt=""><h2', "loads something"),
}


def main() -> int:
    if not check_page.CHROMIUM:
        print("no Chromium: skipped")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "sample.html"
        page.write_text(SOUND, encoding="utf-8")
        found = check_page.faults_of(page)
        if found:
            print("FAILED: the sound page:", *found, sep="\n  ")
            failed += 1
        for name, (old, new, words) in FAULTS.items():
            assert old in SOUND, name
            page.write_text(SOUND.replace(old, new), encoding="utf-8")
            found = check_page.faults_of(page)
            if not any(words in fault for fault in found):
                print(f"FAILED: {name} is not found; found:", *found, sep="\n  ")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
