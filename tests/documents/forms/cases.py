# SPDX-License-Identifier: Apache-2.0
"""What is right for each kind of failure that a table of runs has caused, as numbers or as a refusal with a way on.

A case is a function of a `Case`: a folder of files and the program. It raises Wrong. Numbers are compared to the digits
with which they are written here.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

PLAIN = ["--interval", "none"]  # where intervals do not matter
CASES = {}


class Wrong(Exception):
    pass


def case(function):
    CASES[function.__name__.replace("case_", "")] = function
    return function


def near(got, written):
    """Whether a number agrees with one written as text, to one unit of the last digit written."""
    digits = re.sub(r"^[-+]?0*\.?0*", "", written.lower().split("e")[0]).replace(".", "")
    wanted = float(written)
    unit = abs(wanted) * 10.0 ** (1 - max(1, len(digits))) if wanted else 0.05
    return got is not None and abs(got - wanted) <= unit


class Case:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, *arguments, cwd=None):
        return subprocess.run([self.program, *arguments], cwd=cwd or self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)

    def answer(self, verb, *arguments):
        """The JSON of an answer; Wrong if there is none."""
        done = self.run(verb, *arguments, "--json", "-")
        if done.returncode != 0:
            raise Wrong(f"{verb} {' '.join(arguments)}: exit code {done.returncode}: {done.stderr.strip()[:400]}")
        return json.loads(done.stdout) | {"stderr": done.stderr}

    def refusal(self, verb, *arguments, words=()):
        """The words of a refusal, or an empty string if the program answered."""
        done = self.run(verb, *arguments)
        if done.returncode == 0:
            return ""
        if done.returncode not in (1, 2):
            raise Wrong(f"{verb} {' '.join(arguments)}: exit code {done.returncode}")
        for word in words:
            if word.lower() not in done.stderr.lower():
                raise Wrong(f"the refusal does not say {word!r}: {done.stderr.strip()[:400]}")
        return done.stderr

    def fit(self, *arguments, **parameters):
        """A fit with these parameters, each written as text."""
        answer = self.answer("fit", *arguments)
        for name, written in parameters.items():
            got = answer["parameters"][name]["value"]
            if not near(got, written):
                raise Wrong(f"fit {' '.join(arguments)}: {name} is {got} instead of {written}")
        return answer

    def curves(self, *arguments):
        return self.answer("diagnose", *arguments)["curves"]


def require(truth, message):
    if not truth:
        raise Wrong(message)


def recorded(curves):
    return sorted(c["rows"]["recorded"] for c in curves)


def spoken(value):
    """All text of an answer."""
    return json.dumps(value)


@case
def case_01(c):
    c.fit("twoN.csv", "--law", "E+A*non_embedding_params^-a", *PLAIN, E="0", A="20", a="0.107")
    c.fit("twoN.csv", "--law", "E+A*params^-a", *PLAIN, a="0.132")


@case
def case_02(c):
    said = c.refusal("fit", "colA.csv", "--law", "E+A*N^-a", *PLAIN, words=["A", "E", "column"])
    other = c.fit("colA.csv", "--law", "E0+K*N^-alpha", *PLAIN)["parameters"]
    if not said:
        own = c.fit("colA.csv", "--law", "E+A*N^-a", *PLAIN)["parameters"]
        for name, same in (("E", "E0"), ("A", "K"), ("a", "alpha")):
            require(abs(own[name]["value"] - other[same]["value"]) <= 1e-6 * (1 + abs(other[same]["value"])),
                    f"{name} is {own[name]['value']} and {same} is {other[same]['value']}")


@case
def case_03(c):
    said = c.refusal("diagnose", "streams.csv", words=["stream", "--col run=stream"])
    curves = c.curves("streams.csv", *(["--col", "run=stream"] if said else []))
    require(recorded(curves) == [11, 20], f"curves of {recorded(curves)} rows instead of 11 and 20")
    for curve in curves:
        require("stop at" not in spoken(curve), "a falling curve is called overfitted")


@case
def case_04(c):
    curves = {curve["name"].removeprefix("overfit (").removesuffix(")"): curve for curve in c.curves("overfit.csv")}
    require(set(curves) == {"train", "val"}, f"curves {sorted(curves)}")
    require("240 %" not in spoken(curves["train"]) and "237 %" not in spoken(curves["train"]),
            "a fall of more than 100 % per doubling")
    require("raise compute" not in str(curves["train"]["next"]), "more compute on the same data for an overfitted model")
    for curve in (curves["val"], *c.curves("overfit5.csv", "--col", "loss=eval_loss")):
        require(not curve["signature_detail"]["diverged"], f"{curve['name']} is called diverged")
        require("learning rate" not in str(curve["next"]), "a lower learning rate against overfitting")


@case
def case_05(c):
    said = c.refusal("diagnose", "accuracy.csv", "--col", "loss=accuracy", words=["rises"])
    if said:
        require("1-accuracy" in said.replace(" ", ""), f"the refusal names no transform: {said[:300]}")
    curves = c.curves("accuracy.csv", "--col", "loss=1-accuracy" if said else "loss=accuracy")
    require([curve["rows"]["used"] for curve in curves] >= [25], "rows of a falling error are left out")
    require(not curves[0]["signature_detail"]["diverged"], "a rising accuracy is called diverged")


@case
def case_06(c):
    said = c.refusal("diagnose", "groups.csv", words=["config", "kind", "--col run="])
    step = re.search(r"--col run=[\w+]+", said)
    curves = c.curves("groups.csv", *(step.group().split() if said else []))
    require(recorded(curves) == [6, 6, 6, 6], f"curves of {recorded(curves)} rows instead of four of 6")
    # Six rows without a learning rate show no floor; the rate makes them a curve that has one.
    require(all(curve["floor"]["value"] is None for curve in curves), "a floor is claimed from six rows without a rate")
    arguments = ["--decay", "constant", *(step.group().split() if said else [])]
    floors = sorted(curve["floor"]["value"] for curve in c.curves("groups.csv", *arguments))
    require(all(map(near, floors, ("1.35", "1.45", "1.64", "1.74"))), f"floors {floors}")


@case
def case_07(c):
    methods = c.answer("isoflop", "iso.csv")["methods"]
    for name, method in methods.items():
        if method.get("a") and method["a"]["value"] is not None:
            require(0.44 <= method["a"]["value"] <= 0.5, f"{name}: a is {method['a']['value']}")
    law = methods["parametric"]["a"]["value"]
    require(near(law, "0.469"), f"a by the law is {law} instead of 0.469")


@case
def case_08(c):
    with tempfile.TemporaryDirectory() as scratch:
        file = str(Path(scratch) / "fit.json")
        c.run("fit", "iso.csv", "--law", "E+A*N^-a+B*(C/(6*N))^-b", "--quiet", "--json", file)
        text = c.run("plan", "--fit", file, "--compute", "1e20", "--verbose").stdout
    floor = re.search(r"floor of the loss\s+(\S+)", text)
    require(floor and 1.8 <= float(floor.group(1).replace(",", "")) <= 1.9, f"floor in: {text[:400]}")
    slopes = re.findall(r"elasticity, loss above floor: \w+\s+(\S+)", text)
    require(all(abs(float(slope)) > 0.1 for slope in slopes), f"elasticities above the floor {slopes}")


@case
def case_09(c):
    for file in ("state.json", "tb.json", "hf.log"):
        curves = c.curves(file)
        require(recorded(curves) == [3], f"{file}: curves of {recorded(curves)} rows instead of 3")
        if file != "tb.json":
            require("eval_loss has 1 row" in spoken(curves[0]), f"{file}: no word of the evaluation")


@case
def case_10(c):
    for file, least in (("nano.log", 15), ("mega.log", 5), ("bars.log", 11)):
        curves = c.curves(file)
        require(max(recorded(curves)) >= least, f"{file}: curves of {recorded(curves)} rows")
        require(not any(curve["signature_detail"]["diverged"] for curve in curves), f"{file}: called diverged")
    require("val loss has 2 rows" in spoken(c.curves("nano.log")[0]), "nano.log: no word of the two evaluations")


@case
def case_11(c):
    c.refusal("fit", "table.md", "--law", "kaplan-n", *PLAIN, words=["--col 'n_params=Size'"])
    sizes = c.fit("table.md", "--law", "kaplan-n", "--col", "n_params=Size", *PLAIN)["data"]
    require(sizes["columns"]["n_params"] == [12e6, 25e6, 50e6, 100e6, 200e6, 400e6], f"sizes {sizes['columns']}")
    require(sizes["output"] == [3.412, 3.231, 3.004, 2.817, 2.66, 2.561], f"losses {sizes['output']}")
    data = c.fit("fixed.txt", "--law", "A*C^-a", *PLAIN)["data"]
    require(data["columns"]["n_params"] == [41.2e6, 66e6, 95.5e6, 131e6], f"sizes {data['columns']}")  # C = 6 N D
    require(data["columns"]["tokens"] == [809e6, 1262e6, 1745e6, 2544e6], f"tokens {data['columns']}")
    require(data["output"] == [1.012, 0.961, 0.927, 0.896], f"losses {data['output']}")
    units(c, "units.csv")


def units(c, file):
    data = c.fit(file, "--law", "chinchilla", "--col", "n_params=size", "tokens=data", "--delta", "1e-3", *PLAIN,
                 E="1.37", alpha="0.274", B="213", beta="0.28")["data"]
    require(data["columns"]["n_params"][:2] == [1.2e6, 4.8e6] and data["columns"]["tokens"][-1] == 2.5e9,
            f"{file}: columns {data['columns']}")


@case
def case_12(c):
    units(c, "units_semi.csv")
    said = c.refusal("diagnose", "eu_steps.csv", words=["--decimal"])
    curve = c.curves("eu_steps.csv", *(["--decimal", ","] if said else []))[0]
    require(not curve["signature_detail"]["diverged"], "called diverged")
    require(curve["rows"]["recorded"] == 8 and curve["rows"]["used"] == 8, "not all 8 rows are used")


@case
def case_13(c):
    said = c.refusal("diagnose", "headless.csv", words=["--names"])
    require(said, "read although nothing names the columns")
    require(recorded(c.curves("headless.csv", "--names", "step,loss")) == [20], "not all 20 rows are kept")
    said = c.refusal("diagnose", "three.txt", words=["--names"])
    require(said, "read although nothing names the columns")
    curves = c.curves("three.txt", "--names", "step,stream,loss", "--where", "stream in (val, train)")
    require(recorded(curves) == [10, 10], f"curves of {recorded(curves)} rows instead of 10 and 10")


@case
def case_14(c):
    data = c.fit("wide.csv", "--law", "A*x^-a", "--loss", "value", *PLAIN)["data"]
    require(len(data["output"]) == 18, f"{len(data['output'])} rows instead of 18")
    require(sorted(set(data["columns"]["x"])) == [100, 300, 900, 2700, 8100, 24300], f"x is {data['columns']['x']}")
    require(recorded(c.curves("wide.csv", "--col", "step=x", "loss=value")) == [6, 6, 6], "three curves of 6 rows")


@case
def case_15(c):
    fit = c.fit("acc.csv", "--law", "A*C^-a", "--col", "loss=1-acc", *PLAIN)
    require(0.15 < fit["parameters"]["a"]["value"] < 0.21, f"a is {fit['parameters']['a']['value']}")
    said = c.refusal("fit", "acc.csv", "--law", "A*C^-a", "--loss", "acc", words=["1-acc"])
    if not said:
        text = c.run("fit", "acc.csv", "--law", "A*C^-a", "--loss", "acc")
        require("1-acc" in (text.stdout + text.stderr).replace(" ", ""), "a rising score is fitted without a word")


@case
def case_16(c):
    for scale in ([], ["--scale", "compute=1e-20"]):
        a = c.fit("acc.csv", "--law", "1-A*C^-a", "--loss", "acc", "--objective", "l2", *scale)["parameters"]["a"]
        require(near(a["lo"], "0.1771") and near(a["hi"], "0.1865"), f"interval of a: {a}")
        require(a["identified"], "a is not identified")


@case
def case_17(c):
    b = c.fit("rank.csv", "--law", "A*width^-b", "--loss", "rank", "--objective", "l2")["parameters"]["b"]
    require(near(b["value"], "-0.681") and near(b["lo"], "-0.705") and near(b["hi"], "-0.657"), f"b is {b}")


@case
def case_18(c):
    for law in ("I-A*samples^-s", "I-(samples/n0)^-s"):
        fit = c.fit("lnrise.csv", "--law", law, "--loss", "score", "--objective", "l2-raw")
        top = fit["parameters"]["I"]
        require(top["hi"] is None or not top["identified"] or top["value"] < 1.5, f"{law}: I is {top}")


@case
def case_19(c):
    fit = c.fit("rise2.csv", "--law", "I-A*size^-s", "--loss", "gain", "--objective", "l2-raw", "--fix", "s=0.45", *PLAIN,
                I="1.2372", A="3.8605")
    require(near(fit["objective_value"], "1.62889"), f"objective {fit['objective_value']}")


@case
def case_20(c):
    require(c.refusal("fit", "zero.csv", "--law", "E+A*step^-a", words=["step", "--where"]), "no refusal")
    c.fit("zero.csv", "--law", "E+A*step^-a", "--where", "step>0", *PLAIN)


@case
def case_21(c):
    law = ["smallneg.csv", "--law", "I-A*cells^-s", "--loss", "info"]
    require(c.fit(*law, "--objective", "l2-raw", *PLAIN)["n_points"] == 14, "not all 14 rows are fitted")
    require(c.refusal("fit", *law, words=["smallneg.csv:2", "l2-raw"]), "ln of a negative number is fitted")


@case
def case_22(c):
    for file, factor in (("pflop.csv", 1e15), ("e18.csv", 1e18)):
        compute = c.fit(file, "--law", "power", *PLAIN)["data"]["columns"]["compute"]
        require(compute[0] == 2 * factor and compute[-1] == 512 * factor, f"{file}: compute {compute}")


@case
def case_23(c):
    done = c.run("fit", "const.csv", "--law", "all")
    require("shifted-power" not in done.stdout, "a law of a step that does not vary is ranked")
    require("varies" in done.stdout + done.stderr or "one value" in done.stdout + done.stderr, "no word about n_params")


@case
def case_24(c):
    with tempfile.TemporaryDirectory() as scratch:
        done = c.run("weights", "mini.safetensors", "--to", "phaselaw", "--out", str(Path(scratch) / "m.safetensors"))
        require(done.returncode == 0, f"exit code {done.returncode}: {done.stderr[:300]}")


@case
def case_25(c):
    law = ["pooled.csv", "--law", "E+A*n_train^-a", "--loss", "test_nll"]
    done = c.run("fit", *law, *PLAIN)
    said = done.stdout + done.stderr
    for word in ("method", "3 values", "--where"):
        require(word in said, f"not a word of {word!r}")
    c.fit(*law, "--where", "method=linear", *PLAIN, E="0.62")


@case
def case_26(c):
    require(recorded(c.curves("nested.jsonl")) == [4, 4, 4, 4], "four curves of 4 rows")


@case
def case_27(c):
    curve = c.curves("quant.csv")[0]
    require(curve["stage"] != "compute-starved", "flat at the rounding, and yet compute-starved")
    require(not re.search(r"\b[12]\d\d % (?:\+- \d+ % )?per doubling", str(curve["next"])), "a fall of more than 100 %")


def same_as_clean(c, arguments, law, rows):
    """The fit equals that of the same table, written plainly."""
    with tempfile.TemporaryDirectory() as scratch:
        clean = Path(scratch) / "clean.csv"
        clean.write_text("n_params,loss\n" + "".join(f"{n!r},{loss!r}\n" for n, loss in rows))
        wanted = c.fit(str(clean), "--law", law, *PLAIN)["parameters"]
    got = c.fit(*arguments, "--law", law, *PLAIN)["parameters"]
    for name in wanted:
        require(got[name]["value"] == wanted[name]["value"],
                f"{' '.join(arguments)}: {name} is {got[name]['value']} instead of {wanted[name]['value']}")


SMALL = [(70e6, 3.61), (160e6, 3.21), (410e6, 2.94), (1000e6, 2.7), (1400e6, 2.62)]


@case
def case_28(c):
    for file in ("idx.csv", "trail.csv", "comm.csv"):
        same_as_clean(c, [file], "kaplan-n", SMALL)


@case
def case_29(c):
    said = c.refusal("fit", "ms.csv", "--law", "kaplan-n", *PLAIN, words=["--scale n_params=1e6"])
    same_as_clean(c, ["ms.csv", *(["--scale", "n_params=1e6"] if said else [])], "kaplan-n", SMALL)
    for column in ([], ["--col", "n_params=params_M"]):
        same_as_clean(c, ["suf.csv", *column], "kaplan-n", [*SMALL, (2800e6, 2.5)])
