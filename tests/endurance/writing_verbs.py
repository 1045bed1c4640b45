#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All verbs that write, each as one small command, for faults.py and kills.py: what the command makes when nothing
disturbs it, and whether a folder holds exactly that, or what may lie there after a disturbance.

Each trial runs in a folder of its own below the bench's folder, and its inputs are read from ../inputs, so that the
command, which pages and results record, is the same every time.
"""
import math
import os
import pathlib
import random
import re
import shutil
import subprocess

from sweep_survives import Failure

MODEL = """
seed = 5
[model]
n_layers = 1
d_model = 8
d_hidden = 16
n_heads = 2
d_head = 4
seq_len = 4
init_scale = 0.5
[data]
n_data = 12
n_test = 8
noise = 0.1
[training]
learning_rate = 0.01
batch = 4
steps = {steps}
"""
STUDY = MODEL.format(steps=40) + """
[grid]
"model.d_hidden" = [4, 8]
seeds = 2
"""
TIMEOUT_S = 120
OLD = b"what was here before\n"
TEMPORARY = re.compile(r"\.part(-|$)|\.phaselaw-")
# What a command may leave when it is disturbed, for the next start to continue from: the store with its journal, the
# snapshots and finished parts of experiments.
UNFINISHED = re.compile(r"\.db(-wal|-shm|-journal|-claims|-runs/.*)?$|(^|/)kept/|\.state$")


class Verb:
    """`words`: the command. `results`: files of the answer that may lie there before, with other content. `kept`: a
    folder of ../inputs that is copied to `out` before the command runs, without the entries that match `missing`."""

    def __init__(self, name, words, results=(), kept=None, missing=None, slow=False):
        self.name, self.words, self.results, self.slow = name, words.split(), results, slow
        self.kept, self.missing = kept, missing


VERBS = [
    Verb("theory", "theory --compute 1e12 --json out.json", ["out.json"]),
    Verb("train", "train ../inputs/model.toml --out out --threads 1 --overwrite", ["out/run.json", "out/curve.csv"]),
    Verb("predict", "predict ../inputs/model.toml --n-data 4,6 --out out --threads 1 --quiet", ["out/predict.json"]),
    Verb("kernel", "kernel ../inputs/model.toml --out out --threads 1", ["out/kernel.npy", "out/kernel.json"]),
    Verb("flow", "flow ../inputs/short.toml --out out --threads 1 --quiet", ["out/flow.json"]),
    Verb("sweep", "sweep ../inputs/study.toml --out out.db --threads 1 --checkpoint-every 0.01 --quiet"),
    Verb("report", "report ../inputs/study.db --out out.html", ["out.html"]),
    Verb("export", "export ../inputs/study.db"),
    Verb("export events", "export ../inputs/study.db --format tensorboard --out out"),
    Verb("merge", "merge out.db ../inputs/shard0.db ../inputs/shard1.db"),
    Verb("check", "check ../inputs/study.db --json out.json", ["out.json"]),
    Verb("table", "table ../inputs/adam.csv --out out.csv", ["out.csv"]),
    Verb("weights", "weights ../inputs/gpt2/weights.safetensors --to gpt2 --out out.safetensors",
         ["out.safetensors"]),
    Verb("fit", "fit ../inputs/adam.csv --law chinchilla --resamples 4 --threads 1 --out out",
         ["out/fit.json", "out/report.html"]),
    Verb("fit --json", "fit ../inputs/adam.csv --law chinchilla --resamples 4 --threads 1 --json out.json", ["out.json"]),
    Verb("plan", "plan --fit ../inputs/fit.json --compute 1e18 --out out", ["out/plan.json"]),
    Verb("plan --json", "plan --fit ../inputs/fit.json --compute 1e18 --json out.json", ["out.json"]),
    Verb("isoflop", "isoflop ../inputs/isoflop.csv --resamples 4 --threads 1 --out out", ["out/isoflop.json"]),
    Verb("diagnose", "diagnose ../inputs/curve_a.csv --threads 1 --out out", ["out/diagnose.json"]),
    Verb("forecast", "forecast ../inputs/curve_a.csv --history ../inputs/curve_b.csv --to 6000 --out out",
         ["out/forecast.json"]),
    Verb("compare", "compare ../inputs/adam.csv ../inputs/muon.csv --out out", ["out/compare.json"]),
    Verb("watch", "watch ../inputs/curve_a.csv --once --cpu-share 100 --state out.json"),
    Verb("reproduce E8", "reproduce --only E8 --curves ../inputs/curve_a.csv --out out --threads 1",
         ["out/results.json"]),
    Verb("reproduce E5", "reproduce --only E5 --out out --threads 1 --quiet", ["out/results.json"], kept="E5",
         missing=r"(one|two)_layers?\.[0-5]\.json|report.html|results.json", slow=True),
]
GPT2 = """
[model]
readout = "tokens"
norm = "layernorm"
norm_gain = true
norm_bias = true
linear_bias = true
activation = "gelu"
positions = "learned"
tied_embedding = true
parametrisation = "standard"
branch_scale = 1.0
n_layers = 1
d_model = 4
d_hidden = 8
n_heads = 2
d_head = 2
seq_len = 6
[data]
source = "text"
path = "text.txt"
n_data = 8
n_test = 4
[training]
steps = 4
batch = 4
learning_rate = 0.01
"""


def tables(folder):
    """Tables of runs and curves with known laws and a little noise."""
    draw = random.Random(3)
    law = lambda n, d: 1.7 + 400 / n**0.34 + 410 / d**0.28 + draw.gauss(0, 0.004)
    sizes = [(c, math.sqrt(c / 120) * s) for c in (1e17, 1e18, 1e19) for s in (0.25, 0.5, 1, 2, 4)]
    rows = [f"{round(n)},{c / 6 / round(n):.6g},{c:.6g},{law(n, c / 6 / n):.6f}" for c, n in sizes]
    (folder / "isoflop.csv").write_text("\n".join(["n_params,tokens,compute_flop,loss", *rows, ""]))
    for name, gain in (("adam", 0.0), ("muon", 0.1)):
        pairs = [(n, n * m) for n in (1e6, 4e6, 1.6e7, 6.4e7) for m in (10, 20, 40)]
        rows = [f"{n:.6g},{d:.6g},{6 * n * d:.6g},{law(n, d) - gain:.6f}" for n, d in pairs]
        (folder / f"{name}.csv").write_text("\n".join(["n_params,tokens,compute_flop,loss", *rows, ""]))
    for name, exponent in (("curve_a", 0.5), ("curve_b", 0.52)):
        rows = [f"{s},{2 + 6 * s**-exponent + draw.gauss(0, 0.01):.6f}" for s in range(100, 6001, 100)]
        (folder / f"{name}.csv").write_text("\n".join(["step,loss", *rows[:60 if name == "curve_b" else 40], ""]))


class Trial:
    """How a command ended: exit code (negative: a signal; None: it did not end), its outputs, and the folder."""

    def __init__(self, code, out, errors):
        self.code, self.out, self.errors = code, out, errors


class WritingBench:
    def __init__(self, program, folder, seed=1):
        self.program, self.folder, self.random = os.path.abspath(program), pathlib.Path(folder), random.Random(seed)
        self.inputs, self.work = self.folder / "inputs", self.folder / "work"
        self.inputs.mkdir()
        self.references = {}
        # Work in one thread, so that the k-th call is the same one each time.
        self.env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", LC_ALL="C.UTF-8")
        self.make_inputs()

    def make_inputs(self):
        tables(self.inputs)
        for name, text in (("model", MODEL.format(steps=60)), ("short", MODEL.format(steps=10)), ("study", STUDY)):
            (self.inputs / f"{name}.toml").write_text(text)
        (self.inputs / "gpt2.toml").write_text(GPT2)
        (self.inputs / "text.txt").write_text(" ".join(f"{i} times seven is {7 * i}." for i in range(400)))
        for words in (["sweep", "study.toml", "--out", "study.db"],
                      *(["sweep", "study.toml", "--out", f"shard{i}.db", "--shard", f"{i}/2"] for i in range(2)),
                      ["fit", "adam.csv", "--law", "chinchilla", "--resamples", "4", "--json", "fit.json"],
                      ["train", "gpt2.toml", "--out", "gpt2"]):
            done = subprocess.run([self.program, *words, "--quiet"], cwd=self.inputs, env=self.env, capture_output=True,
                                  text=True, timeout=TIMEOUT_S)
            if done.returncode != 0:
                raise Failure(f"the inputs: {words}: {done.stderr}")

    def prepare(self, verb):
        """An empty folder for a trial, with the parts that the command continues from."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        if verb.kept is None:
            return
        if not (self.inputs / verb.kept).exists():  # once, and long
            subprocess.run([self.program, *verb.words], cwd=self.work, env=self.env, check=True,
                           stdout=subprocess.DEVNULL)
            shutil.move(self.work / "out", self.inputs / verb.kept)
        shutil.copytree(self.inputs / verb.kept, self.work / "out",
                        ignore=lambda _, names: [n for n in names if re.search(verb.missing, n)])

    def place_old(self, verb):
        """Earlier results, which a failing command has to leave as they are or replace as a whole."""
        for name in verb.results:
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(OLD)

    def start(self, verb, env=None, **options):
        defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen([self.program, *verb.words], cwd=self.work, env={**self.env, **(env or {})},
                                **{**defaults, **options})

    def run(self, verb, env=None, timeout=TIMEOUT_S, **options):
        process = self.start(verb, env, **options)
        try:
            out, errors = process.communicate(timeout=timeout)
            return Trial(process.returncode, out or b"", (errors or b"").decode(errors="replace"))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Trial(None, b"", "no end")

    def content(self, path):
        """The file as it should be every time: without measured times; a store by its export."""
        if path.suffix == ".db":
            shown = subprocess.run([self.program, "export", str(path)], capture_output=True, env=self.env)
            checked = subprocess.run([self.program, "check", str(path), "--complete"], capture_output=True, env=self.env)
            return shown.stdout + b"%d %d" % (shown.returncode, checked.returncode)
        return timeless(path.read_bytes())

    def found(self):
        files = [p for p in sorted(self.work.rglob("*")) if not p.is_dir()]
        return {str(p.relative_to(self.work)): self.content(p) for p in files}

    def reference(self, verb):
        """(files, standard output) of the command when nothing disturbs it."""
        if verb.name not in self.references:
            made = []
            for _ in range(2):
                self.prepare(verb)
                trial = self.run(verb)
                if trial.code != 0:
                    raise Failure(f"{verb.name}: exit code {trial.code}: {trial.errors}")
                made.append((self.found(), timeless(trial.out)))
            if made[0] != made[1]:
                differ = [n for n in made[0][0] if made[0][0][n] != made[1][0].get(n)]
                raise Failure(f"{verb.name}: two undisturbed runs differ in {differ or 'standard output'}")
            self.references[verb.name] = made[0]
        return self.references[verb.name]

    def temporaries(self):
        return [name for name in (str(p.relative_to(self.work)) for p in self.work.rglob("*")) if TEMPORARY.search(name)]

    def wrong_in_folder(self, verb, temporaries=False):
        """What lies in the folder and is neither a whole result, nor what was there before, nor work to continue.
        `temporaries`: they may be there, as after a kill."""
        files, _ = self.reference(verb)
        for path in sorted(self.work.rglob("*")):
            name = str(path.relative_to(self.work))
            if path.is_dir():
                continue
            if TEMPORARY.search(name):
                if temporaries:
                    continue
                return f"a temporary file is left: {name}"
            if UNFINISHED.search(name):
                continue
            content = path.read_bytes()
            if content != OLD and (name not in files or timeless(content) != files[name]):
                return f"{name} looks finished and differs"
        return ""

    def rest(self, verb):
        """Files that the next start removes, such as the journal of a store that could not be joined with it."""
        names = [str(p.relative_to(self.work)) for p in self.work.rglob("*") if not p.is_dir()]
        return [name for name in names if UNFINISHED.search(name) and name not in self.reference(verb)[0]]

    def wrong_when_done(self, verb, trial, rest=()):
        """Why a run that ended with success did not give what an undisturbed run gives."""
        files, out = self.reference(verb)
        found = {name: content for name, content in self.found().items() if name not in rest}
        missing, more = sorted(set(files) - set(found)), sorted(set(found) - set(files))
        if missing or more:
            return f"missing: {missing}, not expected: {more}"
        differ = [name for name in files if files[name] != found[name]]
        if differ:
            return f"different: {differ}"
        return "" if timeless(trial.out) == out else "standard output differs"

    def wrong_again(self, verb):
        """Why the same command, undisturbed and in the same folder, does not give the reference now."""
        trial = self.run(verb)
        if trial.code != 0:
            return f"run again: exit code {trial.code}: {trial.errors.strip()}"
        # These tell what was new this time.
        trial.out = self.reference(verb)[1] if verb.name in ("sweep", "merge", "watch") else trial.out
        wrong = self.wrong_when_done(verb, trial)
        return f"run again: {wrong}" if wrong else ""


def timeless(content):
    """Without measured times and the time of day."""
    content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"", content)
    return re.sub(rb'("seconds(_\w+)?":|\bseconds|\btook|\bin|\bestimates|store;) +[-+0-9.e]+', rb"\1", content)
