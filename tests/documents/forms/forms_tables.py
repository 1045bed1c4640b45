# SPDX-License-Identifier: Apache-2.0
"""Tables inside prose, wide matrices, tables of runs as trackers export them, and JSON: the table of final losses."""

import json

from registry import delimited, form, put
from study import HEADER, final_rows, text

PROSE = "tables inside prose"
BEFORE = "Results\n\nAll runs used the same data: see the notes, which are long.\n\n"
AFTER = "\nWe thank the machine.\n"


def padded(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [[c.ljust(w) for c, w in zip(row, widths)] for row in rows], widths


def prose(name, render, file="notes.md", rows=final_rows, header=HEADER, **more):
    @form(name, "final", [file, *more.pop("args", [])], row=PROSE, **more)
    def _(folder, runs):
        cells, widths = padded([header, *rows(runs)])
        put(folder, file, BEFORE + render(cells, widths) + AFTER)


def markdown(cells, widths, rule=lambda w: "-" * w):
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    lines.insert(1, "| " + " | ".join(rule(w) for w in widths) + " |")
    return "\n".join(lines) + "\n"


def grid(cells, widths, corner="+", dash="-", under="=", bar="|"):
    def rule(sign):
        return corner + corner.join(sign * (w + 2) for w in widths) + corner
    lines = [rule(dash)]
    for i, row in enumerate(cells):
        lines += [bar + bar.join(f" {c} " for c in row) + bar, rule(under if i == 0 else dash)]
    return "\n".join(lines) + "\n"


def rst_simple(cells, widths):
    rule = "  ".join("=" * w for w in widths)
    return "\n".join([rule, "  ".join(cells[0]), rule, *("  ".join(row) for row in cells[1:]), rule]) + "\n"


def latex(cells, _widths):
    body = [" & ".join(row) + r" \\" for row in cells]
    return "\n".join([r"\begin{table}\centering", r"\begin{tabular}{lrrr}", r"\toprule", body[0], r"\midrule", *body[1:],
                      r"\bottomrule", r"\end{tabular}", r"\caption{All runs.}", r"\end{table}"]) + "\n"


def psql(cells, widths):
    lines = [" " + " | ".join(row) for row in cells]
    lines.insert(1, "-" + "-+-".join("-" * w for w in widths) + "-")
    return "\n".join(lines) + "\n(20 rows)\n"


def fixed_width(cells, widths):
    lines = ["   ".join(row).rstrip() for row in cells]
    lines.insert(1, "-" * (sum(widths) + 3 * len(widths) - 3))
    return "\n".join(lines) + "\n"


def best_in_bold(runs):
    return [[f"[{a}](runs/{a})", f"~{int(b):,}", f"`{c}`", f"**{d}**" if d < "3" else d]
            for a, b, c, d in final_rows(runs)]


def in_tex(runs):
    return [[a, rf"{int(b) // 10**6}\,M", c, rf"\textbf{{{d}}}" if d < "3" else f"${d}$"]
            for a, b, c, d in final_rows(runs)]


prose("markdown", markdown)
prose("markdown-aligned", lambda c, w: markdown(c, w, lambda n: ":" + "-" * (n - 2) + ":"))
prose("markdown-bold", markdown, rows=best_in_bold,
      header=["**run**", "`n_params`", "tokens", "**loss**"])
prose("markdown-bare", lambda c, w: "\n".join(
    [" | ".join(c[0]), " | ".join("-" * n for n in w), *(" | ".join(row) for row in c[1:])]) + "\n")
prose("markdown-quoted", lambda c, w: "".join("> " + line + "\n" for line in markdown(c, w).splitlines()))
prose("markdown-two-tables", lambda c, w: "| seed | hours |\n|---|---|\n| 1 | 3 |\n| 2 | 5 |\n\nAnd the runs:\n\n"
      + markdown(c, w), words=["--table"], then=[["--table", "2"]])
prose("markdown-second-table", lambda c, w: "| seed | hours |\n|---|---|\n| 1 | 3 |\n| 2 | 5 |\n\nAnd the runs:\n\n"
      + markdown(c, w), args=["--table", "2"])
prose("rst-simple", rst_simple, "notes.rst")
prose("rst-grid", grid, "notes.rst")
prose("ascii-grid", lambda c, w: grid(c, w, under="-"), "output.txt")
prose("box-grid", lambda c, w: grid(c, w, corner="┼", dash="─", under="═", bar="│"), "output.txt")
prose("psql", psql, "output.txt")
prose("latex", latex, "paper.tex")
prose("latex-marked", latex, "paper.tex", rows=in_tex, header=["run", r"n\_params", "tokens", r"\textbf{loss}"])
prose("org", lambda c, w: "\n".join(
    ["| " + " | ".join(c[0]) + " |", "|-" + "-+-".join("-" * n for n in w) + "-|",
     *("| " + " | ".join(row) + " |" for row in c[1:])]) + "\n", "notes.org")


@form("fixed-width", "final", ["runs.txt"], row=PROSE)
def _fixed(folder, runs):
    rows = final_rows(runs, n_params=lambda r: f"{r.n_params:,}", tokens=lambda r: f"{r.tokens:,}")
    put(folder, "runs.txt", fixed_width(*padded([["Name", "Model params", "Train tokens", "Val loss"], *rows])))


# Wide matrices: models down, tokens across.
def matrix(runs, corner="n_params", head=text):
    sizes, seen = sorted({r.n_params for r in runs}), sorted({r.tokens for r in runs})
    loss = {(r.n_params, r.tokens): text(r.loss) for r in runs}
    return [[corner, *map(head, seen)], *([text(n), *(loss[n, d] for d in seen)] for n in sizes)]


@form("wide-matrix", "final", ["grid.csv", "--col", "tokens=x", "loss=value"], row="wide matrix")
def _wide(folder, runs):
    put(folder, "grid.csv", delimited(matrix(runs)))


@form("wide-matrix-corner", "final", ["grid.csv", "--loss", "value"], row="wide matrix")
def _corner(folder, runs):
    put(folder, "grid.csv", delimited(matrix(runs, "n_params\\tokens")))


# Tables of runs.
RUNS = "runs table"


@form("wandb-runs", "final", ["wandb_export.csv"], row=RUNS)
def _wandb(folder, runs):
    rows = [["Name", "State", "Notes", "User", "Tags", "Created", "Runtime", "Sweep", "config.n_params", "config.tokens",
             "config.lr", "summary.loss"]]
    for i, r in enumerate(runs):
        rows.append([r.name, "finished", "-", "ada", "", f"2026-01-{i + 1:02}T10:00:00.000Z", str(3000 + i), "",
                     text(r.n_params), text(r.tokens), "0.0003", text(r.loss)])
    put(folder, "wandb_export.csv", delimited([[f'"{c}"' for c in row] for row in rows]))


@form("mlflow-runs", "final", ["mlflow_runs.csv"], row=RUNS)
def _mlflow(folder, runs):
    rows = [["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time", "metrics.loss", "params.n_params",
             "params.tokens", "params.lr", "tags.mlflow.user"]]
    for i, r in enumerate(runs):
        rows.append([f"{i * 7919 + 4096:032x}", "1", "FINISHED", f"file:///runs/{i}", f"2026-01-{i + 1:02} 10:00:00+00:00",
                     f"2026-01-{i + 1:02} 12:00:00+00:00", text(r.loss), text(r.n_params), text(r.tokens), "0.0003", "ada"])
    put(folder, "mlflow_runs.csv", delimited(rows))


@form("optuna-trials", "final", ["trials.csv", "--loss", "value"], row=RUNS)
def _optuna(folder, runs):
    rows = [["", "number", "value", "datetime_start", "params_lr", "params_n_params", "params_tokens", "state"]]
    for i, r in enumerate(runs):
        rows.append([str(i), str(i), text(r.loss), f"2026-01-{i + 1:02} 10:00:00.5", "0.0003", text(r.n_params), text(r.tokens),
                     "COMPLETE"])
    put(folder, "trials.csv", delimited(rows))


@form("config-as-json", "final", ["runs.csv"], row=RUNS)
def _config(folder, runs):
    rows = [["name", "config", "loss"]]
    for r in runs:
        config = json.dumps({"n_params": r.n_params, "tokens": r.tokens, "lr": 3e-4})
        rows.append([r.name, '"' + config.replace('"', '""') + '"', text(r.loss)])
    put(folder, "runs.csv", delimited(rows))


# JSON.
def records(runs):
    return [{"run": r.name, "n_params": r.n_params, "tokens": r.tokens, "loss": r.loss} for r in runs]


def in_json(name, content, file="runs.json", args=()):
    form(name, "final", [file, *args], row="JSON")(lambda folder, runs: put(folder, file, content(runs)))


def columns(runs):
    return {key: [record[key] for record in records(runs)] for key in HEADER}


in_json("json-array", lambda r: json.dumps(records(r)))
in_json("json-indented", lambda r: json.dumps(records(r), indent=4))
in_json("json-columns", lambda r: json.dumps(columns(r), indent=1))
in_json("json-index", lambda r: json.dumps({k: {str(i): v for i, v in enumerate(c)} for k, c in columns(r).items()}))
in_json("json-split", lambda r: json.dumps({"columns": HEADER, "index": list(range(len(r))),
                                            "data": [list(record.values()) for record in records(r)]}))
in_json("json-lines", lambda r: "".join(json.dumps(x) + "\n" for x in records(r)), "runs.jsonl")
in_json("json-lines-crlf", lambda r: "\r\n".join(json.dumps(x) for x in records(r)), "runs.ndjson")
in_json("json-pretty-one-after-another", lambda r: "\n".join(json.dumps(x, indent=2) for x in records(r)))
in_json("json-strings", lambda r: json.dumps([{k: v if k == "run" else text(v) for k, v in x.items()}
                                              for x in records(r)]))
in_json("json-nested", lambda r: json.dumps([
    {"name": x.name, "config": {"model": {"n_params": x.n_params, "act": "gelu"}, "data": {"tokens": x.tokens}},
     "summary": {"loss": x.loss}} for x in r]))
in_json("json-envelope", lambda r: json.dumps({"version": 3, "created": "2026-01-01", "runs": records(r)}, indent=1))
in_json("json-by-name", lambda r: json.dumps({x["run"]: {k: v for k, v in x.items() if k != "run"} for x in records(r)}))
