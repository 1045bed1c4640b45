# SPDX-License-Identifier: Apache-2.0
"""Packages for scaling laws on the tables of bench_laws_study_coverage, and on published tables.

    python3.12 -m venv VENV && VENV/bin/pip install -r benchmarks/laws/peers/requirements_packages.txt
    mkdir TABLES && bench_laws_study_coverage --write TABLES --draws 60 --only random-12,random-20
    VENV/bin/python benchmarks/laws/peers/packages.py --package simple-scaling-laws --tables TABLES --designs random-12,random-20
    VENV/bin/python benchmarks/laws/peers/packages.py --package chinchilla --published FOLDER

simple-scaling-laws: separable-power (E + A N^-alpha + B D^-beta) with its defaults, 95 % intervals. It scales the columns,
so A and B are in other units and are left out.
chinchilla: the grid of starts of its README, with fewer points for each parameter (--grid; the README has 5), and one of its
losses (--loss). It gives no intervals.

For each quantity: coverage of the 95 % interval with its standard error, median width (ln(hi/lo); of a floor hi - lo), and
the median error of the estimate in %. Of a published table the cheapest 80 % of the rows are fitted; the error is the mean of
|predicted/measured - 1| on the others, and the coverage is that of the interval for a new run. Seconds are processor time.
"""

import argparse
import csv
import math
import pathlib
import statistics
import tempfile
import time
import warnings

import numpy as np

PUBLISHED = (  # name, file, columns of n_params, tokens, loss, rows kept
    ("Gadre C4", "gadre_overtrain/models.csv", "N", "D", "loss_c4_val", {"dataset_name": "c4_original"}),
    ("Gadre RPJ", "gadre_overtrain/models.csv", "N", "D", "loss_c4_val", {"dataset_name": "rpj"}),
    ("Gadre RW", "gadre_overtrain/models.csv", "N", "D", "loss_c4_val", {"dataset_name": "rw_original"}),
    ("Porian exp 3", "porian_isoflop/isoflop_points.csv", "params", "tokens", "loss", {"exp": "3", "dataset": "rw"}),
    ("Porian exp 4", "porian_isoflop/isoflop_points.csv", "params", "tokens", "loss", {"exp": "4", "dataset": "rw"}),
)


def columns_of(path, names, where=None):
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if all(row[key] == value for key, value in (where or {}).items())]
    rows = [row for row in rows if all(row[name] for name in names)]
    return [np.array([float(row[name]) for row in rows]) for name in names]


class SimpleScalingLaws:
    def __init__(self, options):
        self.draws = options.resamples

    def fit(self, n_params, tokens, loss):
        import polars
        import simple_scaling_laws

        table = polars.DataFrame({"training_run_id": [f"run {i}" for i in range(len(loss))], "model_size__n_params": n_params,
                                  "dataset_size__n_tokens": tokens, "test_loss__loss": loss})
        draws = {} if self.draws is None else {"n_draws": self.draws}
        self.model = simple_scaling_laws.fit(table, law="separable-power", seed=0, **draws)

    def parameters(self):
        ends, value = self.model.conf_int("test_loss__loss"), self.model.params("test_loss__loss")
        return {name: (value[name], *ends[name]) for name in ("E", "alpha", "beta")}

    def best_sizes(self, compute):
        from simple_scaling_laws.cost import cost_model

        row = self.model.optimal_allocation([compute], cost_model("power", k=6.0, a=1.0, b=1.0), quantiles=[0.025, 0.5, 0.975])
        return {letter: tuple(row[f"{column}__{end}"][0] for end in ("median", "q025", "q975"))
                for letter, column in (("N*", "model_size__n_params"), ("D*", "dataset_size__n_tokens"))}

    def loss(self, n_params, tokens, new_run):
        at = {"model_size__n_params": list(n_params), "dataset_size__n_tokens": list(tokens)}
        found = self.model.predict(at, kind="new-run" if new_run else "mean", quantiles=[0.025, 0.5, 0.975])
        return [tuple(found[f"test_loss__loss__{end}"][i] for end in ("median", "q025", "q975")) for i in range(len(n_params))]


class Chinchilla:
    def __init__(self, options):
        import chinchilla._metrics

        self.points, self.objective = options.grid, getattr(chinchilla._metrics, options.loss)

    def fit(self, n_params, tokens, loss):
        import pandas
        from chinchilla import Chinchilla as Package

        space = lambda lo, hi: np.linspace(lo, hi, self.points)
        grid = {"E": space(1, 2), "a": space(1, 10), "b": space(1, 10), "alpha": space(0.1, 0.7), "beta": space(0.1, 0.7)}
        with tempfile.TemporaryDirectory() as folder:
            table = pandas.DataFrame({"C": 6 * n_params * tokens, "N": n_params, "D": tokens, "loss": loss})
            table.to_csv(pathlib.Path(folder) / "df.csv", index=False)
            self.model = Package(folder, param_grid=grid, loss_fn=self.objective, log_level=40)
            self.model.visualizer.optim = lambda *arguments, **named: None  # no figures
            self.model.fit(parallel=False)
        self.found = dict(self.model.params)

    def parameters(self):
        return {name: (self.found[name], None, None) for name in ("E", "alpha", "beta")}

    def best_sizes(self, compute):
        n_params, tokens = self.model.allocate_compute(compute)
        return {"N*": (n_params, None, None), "D*": (tokens, None, None)}

    def loss(self, n_params, tokens, new_run):
        return [(float(self.model.predict_loss(n, d)), None, None) for n, d in zip(n_params, tokens)]


PACKAGES = {"simple-scaling-laws": SimpleScalingLaws, "chinchilla": Chinchilla}


def answer(package, table, questions):
    """{name: (truth, value, lo, hi)}"""
    package.fit(*table)
    parameters, largest, sizes, found = package.parameters(), 6 * np.max(table[0] * table[1]), {}, {}
    for question in questions:
        name, truth = question["name"], float(question["truth"])
        what, _, factor = name.partition("@")
        if what in parameters:
            found[name] = (truth, *parameters[what])
        elif what in ("N*", "D*"):
            if factor not in sizes:
                sizes[factor] = package.best_sizes(float(factor) * largest)
            found[name] = (truth, *sizes[factor][what])
        elif what in ("loss", "run"):
            at = [float(question["n_params"])], [float(question["tokens"])]
            found[name] = (truth, *package.loss(*at, what == "run")[0])
    return found


def simulated(package, folder, design, draws):
    answers, seconds, failed = {}, [], 0
    for draw in range(draws):
        path = pathlib.Path(folder) / f"{design}-{draw}.csv"
        if not path.exists():
            break
        with open(path.with_name(f"{design}-{draw}-questions.csv"), newline="", encoding="utf-8") as file:
            questions = list(csv.DictReader(file))
        begin = time.process_time()
        try:
            found = answer(package, columns_of(path, ("n_params", "tokens", "loss")), questions)
        except Exception as problem:  # a package that fails on a table is a result
            failed += 1
            print(f"{path.name}: {type(problem).__name__}: {problem}")
            continue
        seconds.append(time.process_time() - begin)
        for name, one in found.items():
            answers.setdefault(name, []).append(one)
    if not seconds:
        print(f"\n{design}: {failed} tables failed, none was fitted")
        return
    print(f"\n{design}: {len(seconds)} tables, {failed} failed, {statistics.median(seconds):.2f} s each (median)")
    for name, ones in answers.items():
        errors = [100 * abs(math.log(value / truth)) for truth, value, _, _ in ones if truth > 0 and value > 0]
        text = f"  {name:10s} error {statistics.median(errors):8.3g} %" if errors else f"  {name:10s}"
        if ones[0][2] is not None:
            held = sum(lo <= truth <= hi for truth, _, lo, hi in ones) / len(ones)
            low = sum(hi < truth for truth, _, _, hi in ones) / len(ones)
            widths = [hi - max(lo, 0) if name == "E" else math.log(hi / lo) if lo > 0 else math.inf for _, _, lo, hi in ones]
            text += (f"   covered {100 * held:5.1f} ({100 * math.sqrt(0.05 * 0.95 / len(ones)):.1f}), below the truth "
                     f"{100 * low:.1f}   width {statistics.median(widths):.3g}")
        print(text, flush=True)


def published(package, folder):
    for name, file, n_params, tokens, loss, where in PUBLISHED:
        table = columns_of(pathlib.Path(folder) / file, (n_params, tokens, loss), where)
        order = np.argsort(table[0] * table[1], kind="stable")
        cheap, dear = order[: round(0.8 * len(order))], order[round(0.8 * len(order)):]
        begin = time.process_time()
        package.fit(*(column[cheap] for column in table))
        spent = time.process_time() - begin
        found = package.loss(table[0][dear], table[1][dear], True)
        errors = [abs(value / true - 1) for (value, _, _), true in zip(found, table[2][dear])]
        text = f"{name}: {len(order)} rows, error {100 * statistics.mean(errors):.2f} %, {spent:.2f} s"
        if found[0][1] is not None:
            held = [lo <= true <= hi for (_, lo, hi), true in zip(found, table[2][dear])]
            widths = [hi / lo - 1 for _, lo, hi in found]
            text += f", {sum(held)} of {len(held)} in their interval for a new run, {100 * statistics.median(widths):.1f} % wide"
        print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", choices=PACKAGES, required=True)
    parser.add_argument("--tables", help="folder that bench_laws_study_coverage wrote")
    parser.add_argument("--designs", default="random-12", help="names of designs, with commas between them")
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--published", help="folder of the published tables (docs/laws.md)")
    parser.add_argument("--resamples", type=int, help="of simple-scaling-laws (default: its own)")
    parser.add_argument("--grid", type=int, default=3, help="of chinchilla: points for each parameter")
    parser.add_argument("--loss", default="log_huber", help="of chinchilla: its name in chinchilla._metrics")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    package = PACKAGES[options.package](options)
    if options.tables:
        for design in options.designs.split(","):
            simulated(package, options.tables, design, options.draws)
    if options.published:
        published(package, options.published)


if __name__ == "__main__":
    main()
