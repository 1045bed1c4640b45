# SPDX-License-Identifier: Apache-2.0
"""Documents as people have them at hand: what loggers and frames print, pasted or saved as it is."""

import json

from registry import delimited, form, put
from study import FEW, HEADER, by_step, final_rows, text

BOTH = ["train", "val"]


def user_logs(name, render, study="curves", streams=BOTH):
    @form(f"user-{name}", study, ["logs"], row="text log", runs=FEW, streams=streams)
    def _(folder, runs):
        for r in runs:
            if r.name in FEW:
                put(folder, f"logs/{r.name}.out", render(r))


def low(value):
    return text(value).lower()


def loguru(r):
    out = "2026-01-02 10:00:00.001 | INFO     | train:main:12 - Started with seed 7\n"
    for s, t, v in by_step(r):
        held_out = "" if v is None else f", val loss {v:.4f}"
        out += f"2026-01-02 10:00:00.{s % 1000:03} | INFO     | train:main:88 - step {s}: train loss {t:.4f}{held_out}\n"
    return out


def fairseq(r):
    out = "2026-01-02 10:00:00 | INFO | fairseq_cli.train | task: LanguageModelingTask\n"
    for s, t, v in by_step(r):
        out += (f"2026-01-02 10:00:01 | INFO | train_inner | epoch 001: {s:6} / 1000 loss={low(t)}, ppl=11.1, wps=1200.5, "
                f"num_updates={s}, lr=0.0001, gnorm=0.8, wall=12\n")
        if v is not None:
            out += (f"2026-01-02 10:00:02 | INFO | valid | epoch 001 | valid on 'valid' subset | loss {low(v)} | ppl 10.2 | "
                    f"wps 2400 | num_updates {s}\n")
    return out


def composer(r):
    out = "******************************\nConfig:\nnode_name: unknown\n******************************\n"
    for s, t, v in by_step(r):
        out += f"[batch={s}/1000]:\n\t Train time/batch: {s - 1}\n\t Train loss/train/total: {t:.4f}\n\t Train lr: 0.0003\n"
        if v is not None:
            out += f"[Eval batch=1/8] Eval on eval data\n[batch={s}/1000]:\n\t Eval metrics/eval/CrossEntropy: {v:.4f}\n"
    return out


def slurm_labels(r):
    return "".join(f"{rank}: step {s} train_loss {low(t)}" + ("" if v is None else f" val_loss {low(v)}") + "\n"
                   for s, t, v in by_step(r) for rank in (0, 1))


def capitals(r):
    return "".join(f"Step {s}: Train Loss = {t:.4f}" + ("" if v is None else f", Val Loss = {v:.4f}") + "\n"
                   for s, t, v in by_step(r))


def keras_lines(r):
    """Without a bar: the state at the end of each epoch."""
    return "".join(f"Epoch {i}/20\n100/100 - 3s - 31ms/step - accuracy: 0.2500 - loss: {t:.4f}"
                   + ("" if v is None else f" - val_accuracy: 0.2400 - val_loss: {v:.4f}") + "\n"
                   for i, (_, t, v) in enumerate(by_step(r), 1))


user_logs("loguru", loguru)
user_logs("fairseq", fairseq)
user_logs("composer", composer)
user_logs("slurm-labels", slurm_labels)
user_logs("capitals", capitals)


@form("user-keras-lines", "epochs", ["logs"], row="text log", runs=["r03", "r20"], streams=BOTH)
def _keras(folder, runs):
    for r in (runs[2], runs[19]):
        put(folder, f"logs/{r.name}.out", keras_lines(r))


@form("user-lightning-csv", "curves", ["metrics.csv"], row="delimited text", runs=["r20"], streams=BOTH)
def _lightning(folder, runs):
    """One row for each call of the logger: the training loss, or the validation loss."""
    rows = [["epoch", "step", "train_loss", "val_loss"]]
    for s, t, v in by_step(runs[19]):
        rows.append(["0", str(s), text(t), ""])
        if v is not None:
            rows.append(["0", str(s), "", text(v)])
    put(folder, "metrics.csv", delimited(rows))


@form("user-json-events", "curves", ["events.jsonl"], row="JSON", runs=["r20"], streams=BOTH)
def _events(folder, runs):
    lines = [{"ts": "2026-01-02T10:00:00Z", "level": "info", "event": "start", "host": "h1"}]
    for s, t, v in by_step(runs[19]):
        lines.append({"ts": "2026-01-02T10:00:01Z", "level": "info", "event": "step", "step": s, "train_loss": t})
        if v is not None:
            lines.append({"ts": "2026-01-02T10:00:02Z", "level": "info", "event": "evaluated", "step": s, "val_loss": v})
    put(folder, "events.jsonl", "".join(json.dumps(x) + "\n" for x in lines))


@form("user-pandas-printed", "final", ["printed.txt"], row="delimited text")
def _printed(folder, runs):
    rows = [["", *HEADER], *([str(i), *row] for i, row in enumerate(final_rows(runs)))]
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    put(folder, "printed.txt", "".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths)) + "\n" for row in rows))


@form("user-psql-unaligned", "final", ["query.txt"], row="delimited text")
def _psql(folder, runs):
    put(folder, "query.txt", delimited([HEADER, *final_rows(runs)], "|") + "(20 rows)\n")
