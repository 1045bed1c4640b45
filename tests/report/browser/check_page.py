#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_page.py PAGE.html...: opens pages in headless Chromium at three widths and reads them (probe.js): overflow, size
of texts, links (each is clicked), contrast in light, dark and print, texts for readers who cannot see, keyboard, values
under the pointer, nothing loaded from elsewhere, size. Exit code 1 and one line for each fault; 77 when there is no
Chromium.

check_page.py --make PHASELAW PAGE.html...: first lets the program write pages of a fit, a plan, a diagnosis, a flow and a
study."""
import html
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

WIDTHS = (360, 768, 1280)
LARGEST = 3_000_000
HERE = pathlib.Path(__file__).resolve().parent
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)


def probe(page: pathlib.Path, folder: pathlib.Path) -> list:
    """What probe.js reports of the page, once for each width."""
    text = page.read_text(encoding="utf-8")
    script = (HERE / "probe.js").read_text(encoding="utf-8")
    (folder / "page.html").write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    frames = "".join(f'<iframe src="page.html" style="width:{w}px;height:900px;border:0"></iframe>' for w in WIDTHS)
    (folder / "frame.html").write_text(
        "<!DOCTYPE html><meta charset='utf-8'><body><pre id='result'></pre><script>const all = [];"
        "addEventListener('message', (e) => { all.push(e.data);"
        f" if (all.length === {len(WIDTHS)}) document.getElementById('result').textContent = JSON.stringify(all); }});"
        f"</script>{frames}</body>", encoding="utf-8")
    command = [CHROMIUM, "--headless", "--disable-gpu", "--window-size=1400,3000", "--virtual-time-budget=20000",
               f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"file://{folder / 'frame.html'}"]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)
    if not found or not found.group(1):
        return []
    return json.loads(html.unescape(found.group(1)))


def faults_of(page: pathlib.Path) -> list:
    faults = []
    size = page.stat().st_size
    if size > LARGEST:
        faults.append(f"{size} bytes")
    text = page.read_text(encoding="utf-8")
    loads = re.findall(r"<(?:script|link|img|iframe|object|embed|video|audio)\b[^>]*>|\burl\([^#][^)]*\)|@import", text)
    faults += [f"loads something: {what}" for what in loads]
    faults += [f"a unit twice: {what}" for what in re.findall(r".{0,30}(?:% %|FLOP FLOP)", text)]
    with tempfile.TemporaryDirectory() as folder:
        reports = probe(page, pathlib.Path(folder))
    if sorted(r["width"] for r in reports) != list(WIDTHS):
        return faults + [f"no report from {len(WIDTHS)} widths: {[r['width'] for r in reports]}"]
    for report in reports:
        faults += [f"{report['width']} px: {fault}" for fault in report["faults"]]
        if report["drawings"] == 0:
            faults.append("no figure")
        if report["values"] == 0:
            faults.append("no values under the pointer")
    print(f"{page}: {size} bytes, {reports[0]['drawings']} drawings, {reports[0]['values']} values under the pointer, "
          f"{reports[0]['links']} links clicked, {len(faults)} faults")
    return faults


def make_pages(program: str, folder: pathlib.Path) -> list:
    def run(*words):
        subprocess.run([program, *map(str, words), "--quiet"], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    rows = ["n_params,tokens,loss"]
    for n in (1e7, 3e7, 1e8, 3e8, 1e9):
        for d in (1e9, 3e9, 1e10, 3e10):
            wiggle = 1 + 0.003 * math.sin(n / 1e6 + 7 * math.log(d))
            rows.append(f"{n:g},{d:g},{(1.7 + 400 * n ** -0.34 + 410 * d ** -0.28) * wiggle}")
    (folder / "runs.csv").write_text("\n".join(rows) + "\n")
    curve = ["step,loss"] + [f"{s},{2 + 6 * (1 + s / 50) ** -0.5 + 0.01 * math.sin(s)}" for s in range(1, 3000, 7)]
    (folder / "curve.csv").write_text("\n".join(curve) + "\n")
    examples = HERE.parents[2] / "examples"
    run("fit", "runs.csv", "--law", "all", "--out", "fit", "--resamples", 50)
    run("fit", "runs.csv", "--law", "chinchilla", "--out", "fit_one", "--resamples", 50)
    run("plan", "--fit", "fit_one/fit.json", "--compute", 1e21, 1e22, "--out", "plan")
    run("diagnose", "curve.csv", "--out", "diagnose", "--warmup", 10)
    run("kernel", examples / "kernel.toml", "--out", "kernel")
    run("predict", examples / "predict.toml", "--out", "predict", "--n-data", "4,8,16")
    return [folder / name / "report.html" for name in ("fit", "plan", "diagnose", "predict")]


def main() -> int:
    words = sys.argv[1:]
    if not CHROMIUM:
        print("no Chromium: skipped")
        return 77
    with tempfile.TemporaryDirectory() as made:
        pages = []
        if words[:1] == ["--make"]:
            pages = make_pages(os.path.abspath(words[1]), pathlib.Path(made))
            words = words[2:]
        pages += map(pathlib.Path, words)
        faults = [f"{page}: {fault}" for page in pages for fault in faults_of(page)]
    print("\n".join(faults))
    return 1 if faults or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
