# SPDX-License-Identifier: Apache-2.0
"""Loss curves as tables and as JSON: what trackers export and what trainers save."""

import json
import struct

from registry import delimited, form, put
from study import FEW, by_step, text

ALL, BOTH = [], ["train", "val"]


def few(runs):
    return [r for r in runs if r.name in FEW]


# Delimited text.
@form("curves-one-loss", "curves", ["curves.csv"], row="delimited text", streams=["train"])
def _one(folder, runs):
    put(folder, "curves.csv", delimited(
        [["run", "step", "loss"], *([r.name, str(s), text(v)] for r in runs for s, v in r.train)]))


@form("curves-two-columns", "curves", ["curves.csv"], row="delimited text", streams=BOTH)
def _two(folder, runs):
    put(folder, "curves.csv", delimited(
        [["run", "step", "train_loss", "val_loss"],
         *([r.name, str(s), text(t), "" if v is None else text(v)] for r in runs for s, t, v in by_step(r))]))


@form("curves-stream-column", "curves", ["curves.csv"], row="delimited text", streams=BOTH)
def _stream(folder, runs):
    rows = [["run", "stream", "step", "loss"]]
    for r in runs:
        for s, t, v in by_step(r):
            rows.append([r.name, "train", str(s), text(t)])
            if v is not None:
                rows.append([r.name, "val", str(s), text(v)])
    put(folder, "curves.csv", delimited(rows))


@form("curves-metric-column", "curves", ["curves.tsv"], row="delimited text", streams=BOTH)
def _metric(folder, runs):
    rows = [["run", "step", "metric", "value"]]
    for r in runs:
        rows += [[r.name, str(s), "train/loss", text(v)] for s, v in r.train]
        rows += [[r.name, str(s), "val/loss", text(v)] for s, v in r.val]
    put(folder, "curves.tsv", delimited(rows, "\t"))


@form("curves-words-no-heading", "curves", ["r20.txt", "--names", "step,stream,loss"], row="delimited text", runs=["r20"],
      streams=BOTH)
def _words(folder, runs):
    lines = []
    for s, t, v in by_step(runs[19]):
        lines += ([f"{s} val {text(v)}"] if v is not None else []) + [f"{s} train {text(t)}"]
    put(folder, "r20.txt", "\n".join(lines) + "\n")


@form("curves-no-heading", "curves", ["r20.csv"], row="delimited text", runs=["r20"], streams=["train"],
      words=["--names"], then=[["--names", "step,loss"]])
def _none(folder, runs):
    put(folder, "r20.csv", delimited([str(s), text(v)] for s, v in runs[19].train))


@form("curves-decimal-comma-dot-thousands", "curves", ["r20.csv"], row="delimited text", runs=["r20"], streams=["train"])
def _comma(folder, runs):
    put(folder, "r20.csv", delimited(
        [["step", "loss"], *([f"{s:,}".replace(",", "."), f"{v:.4f}".replace(".", ",")] for s, v in runs[19].train)], ";"))


@form("curves-envelope", "envelope", ["curves.csv"], row="delimited text")
def _envelope(folder, runs):
    put(folder, "curves.csv", delimited(
        [["run", "n_params", "tokens", "loss"],
         *([r.name, text(r.n_params), text(r.tokens_at(s)), text(v)] for r in runs for s, v in r.val if v == v)]))


@form("curves-envelope-nested", "envelope", ["curves.jsonl"], row="JSON")
def _envelope_nested(folder, runs):
    put(folder, "curves.jsonl", "".join(json.dumps(
        {"run": r.name, "n_params": r.n_params,
         "history": [{"tokens": r.tokens_at(s), "loss": v} for s, v in r.val if v == v]}) + "\n" for r in runs))


@form("wide-steps", "curves", ["grid.csv", "--col", "step=x", "loss=value"], row="wide matrix", runs=["r01", "r02", "r20"],
      streams=["train"])
def _wide(folder, runs):
    kept = [runs[0], runs[1], runs[19]]
    put(folder, "grid.csv", delimited(
        [["run", *(str(s) for s, _ in kept[0].train)], *([r.name, *(text(v) for _, v in r.train)] for r in kept)]))


# Weights & Biases.
CLEAN = ["r01", "r02", "r03", "r20"]  # an export side by side has one row for each step, so no run may fall back


@form("wandb-side-by-side", "curves", ["wandb_export.csv"], row="side-by-side export", runs=CLEAN, streams=["val"])
def _side(folder, runs):
    kept = [r for r in runs if r.name in CLEAN]
    rows = [["Step", *(f"{r.name} - val/loss{end}" for r in kept for end in ("", "__MIN", "__MAX"))]]
    for i, (step, _) in enumerate(kept[0].val):
        rows.append([str(step), *(text(r.val[i][1]) for r in kept for _ in range(3))])
    put(folder, "wandb_export.csv", delimited([[f'"{c}"' for c in row] for row in rows]))


@form("wandb-side-by-side-gaps", "curves", ["wandb_export.csv"], row="side-by-side export", runs=CLEAN, streams=["train"])
def _gaps(folder, runs):
    kept = [r for r in runs if r.name in CLEAN]
    rows = [["Step", *(f"{r.name} - {m}" for r in kept for m in ("_step", "train/loss"))]]
    for i, (step, _) in enumerate(kept[0].train):
        for which, r in enumerate(kept):  # a row of its own for each run
            cells = [""] * (2 * len(kept))
            cells[2 * which:2 * which + 2] = [str(step), text(r.train[i][1])]
            rows.append([str(step), *cells])
    put(folder, "wandb_export.csv", delimited(rows))


def wandb_history(r):
    for s, t, v in by_step(r):
        yield {"_step": s, "_runtime": s * 0.5, "_timestamp": 1.7e9 + s, "train/loss": t}
        if v is not None:
            yield {"_step": s, "_runtime": s * 0.5, "_timestamp": 1.7e9 + s, "val/loss": v}


@form("wandb-history", "curves", ["history"], row="JSON", runs=FEW, streams=BOTH)
def _history(folder, runs):
    for r in few(runs):
        put(folder, f"history/{r.name}.jsonl", "".join(json.dumps(x) + "\n" for x in wandb_history(r)))


@form("wandb-history-csv", "curves", ["history"], row="delimited text", runs=FEW, streams=BOTH)
def _history_csv(folder, runs):
    for r in few(runs):
        put(folder, f"history/{r.name}.csv", delimited(
            [["_step", "train/loss", "val/loss", "_timestamp"],
             *([str(x["_step"]), *(text(x[k]) if k in x else "" for k in ("train/loss", "val/loss")), str(x["_timestamp"])]
               for x in wandb_history(r))]))


# MLflow: a file for each metric, "time value step", in the folder of the run; and what its service returns.
@form("mlflow-metric-file", "curves", ["mlruns/1/0a1b/metrics/loss", "--names", "timestamp,loss,step"], row="delimited text",
      runs=["r20"], streams=["train"])
def _mlflow(folder, runs):
    put(folder, "mlruns/1/0a1b/metrics/loss",
        "".join(f"{1700000000000 + s} {text(v)} {s}\n" for s, v in runs[19].train))


@form("mlflow-json", "curves", ["metrics.json"], row="JSON", runs=["r20"], streams=["train"])
def _mlflow_json(folder, runs):
    put(folder, "metrics.json", json.dumps({"metrics": [
        {"key": "loss", "value": v, "timestamp": 1700000000000 + s, "step": s} for s, v in runs[19].train]}))


# Trainers' JSON.
@form("json-nested-pairs", "curves", ["curves.jsonl"], row="JSON", streams=["train"])
def _pairs(folder, runs):
    put(folder, "curves.jsonl", "".join(json.dumps(
        {"run": r.name, "cfg": {"lr": 1e-3}, "history": [[s, v] for s, v in r.train]}) + "\n" for r in runs))


@form("json-nested-arrays", "curves", ["curves.jsonl"], row="JSON", streams=["train"])
def _arrays(folder, runs):
    put(folder, "curves.jsonl", "".join(json.dumps(
        {"run": r.name, "cfg": {"lr": 1e-3}, "history": {"step": [s for s, _ in r.train], "loss": [v for _, v in r.train]}})
        + "\n" for r in runs))


@form("json-nested-objects", "curves", ["curves.jsonl"], row="JSON", streams=["train"])
def _objects(folder, runs):
    put(folder, "curves.jsonl", "".join(json.dumps(
        {"run": r.name, "history": [{"step": s, "loss": v} for s, v in r.train]}) + "\n" for r in runs))


def trainer_state(r):
    history = []
    for s, t, v in by_step(r):
        history.append({"epoch": s / 500, "grad_norm": 1.5, "learning_rate": 1e-4, "loss": t, "step": s})
        if v is not None:
            history.append({"epoch": s / 500, "eval_loss": v, "eval_runtime": 3.1, "step": s})
    history.append({"epoch": 2.0, "step": 1000, "total_flos": 1.5e15, "train_loss": 3.3, "train_runtime": 912.5})
    return {"best_metric": None, "epoch": 2.0, "global_step": 1000, "is_world_process_zero": True, "log_history": history,
            "max_steps": 1000}


@form("trainer-state", "curves", ["runs"], row="JSON", runs=FEW, streams=BOTH)
def _state(folder, runs):
    for r in few(runs):
        put(folder, f"runs/{r.name}/trainer_state.json", json.dumps(trainer_state(r), indent=2))


@form("trainer-state-files", "curves", [f"{name}.json" for name in FEW], row="several files", runs=FEW, streams=BOTH)
def _state_files(folder, runs):
    for r in few(runs):
        put(folder, f"{r.name}.json", json.dumps(trainer_state(r)))


@form("keras-history", "epochs", ["history"], row="JSON", runs=["r03", "r20"], streams=["train"])
def _keras(folder, runs):
    for r in (runs[2], runs[19]):
        put(folder, f"history/{r.name}.json", json.dumps({"loss": [v for _, v in r.train], "lr": [1e-3] * len(r.train)}))


@form("keras-csv-logger", "epochs", ["logs"], row="delimited text", runs=["r03", "r20"], streams=["train"])
def _csv_logger(folder, runs):
    for r in (runs[2], runs[19]):
        put(folder, f"logs/{r.name}.csv", delimited(
            [["epoch", "accuracy", "loss"], *([str(i), "0.25", text(v)] for i, (_, v) in enumerate(r.train))]))


@form("lightning-csv", "curves", ["logs"], row="delimited text", runs=FEW, streams=BOTH)
def _lightning(folder, runs):
    for r in few(runs):
        rows = [["epoch", "lr-AdamW", "step", "train_loss", "val_loss"]]
        for s, t, v in by_step(r):
            rows.append([str(s // 500), "0.001", str(s), text(t), ""])
            if v is not None:
                rows.append([str(s // 500), "", str(s), "", text(v)])
        put(folder, f"logs/{r.name}/metrics.csv", delimited(rows))


@form("json-lines-kinds", "curves", ["log.jsonl"], row="JSON", runs=["r20"], streams=BOTH)
def _kinds(folder, runs):
    lines = [{"kind": "config", "lr": 3e-4}]
    for s, t, v in by_step(runs[19]):
        lines.append({"kind": "train", "step": s, "loss": t})
        if v is not None:
            lines.append({"kind": "val", "step": s, "loss": v})
    put(folder, "log.jsonl", "".join(json.dumps(x) + "\n" for x in lines))


@form("series-of-points", "curves", ["plot.json"], row="JSON", runs=["r20"], streams=["train"])
def _series(folder, runs):
    put(folder, "plot.json", json.dumps([{"name": "train loss", "type": "scatter", "x": [s for s, _ in runs[19].train],
                                          "y": [v for _, v in runs[19].train]}]))


# TensorBoard holds 32-bit floats: the study of these forms has losses that such a float holds exactly.
@form("tensorboard-json", "curves32", ["r20.json", "--loss", "value"], row="JSON", runs=["r20"], streams=["train"])
def _tb_json(folder, runs):
    put(folder, "r20.json", json.dumps([[1.7e9 + s, s, v] for s, v in runs[19].train]))


@form("tensorboard-csv", "curves32", ["scalars", "--loss", "Value"], row="delimited text", runs=FEW, streams=["train"])
def _tb_csv(folder, runs):
    for r in few(runs):
        put(folder, f"scalars/{r.name}.csv", delimited(
            [["Wall time", "Step", "Value"], *([f"{1.7e9 + s:.1f}", str(s), text(v)] for s, v in r.train)]))


def crc32c(data):
    """The checksum of Castagnoli, as record files mask it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(event):
    length = struct.pack("<Q", len(event))
    return length + struct.pack("<I", crc32c(length)) + event + struct.pack("<I", crc32c(event))


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def message(tag, payload):
    return bytes([tag << 3 | 2]) + varint(len(payload)) + payload


def event(time, step, summary):
    return b"\x09" + struct.pack("<d", time) + (b"\x10" + varint(step) if step else b"") + summary


def scalar(tag, value, as_tensor):
    if as_tensor:  # a tensor of one float: dtype, shape without axes, float_val
        held = message(8, b"\x08\x01\x12\x00" + message(5, struct.pack("<f", value)))
    else:
        held = b"\x15" + struct.pack("<f", value)
    return message(5, message(1, message(1, tag.encode()) + held))


def events(r, as_tensor):
    out = [record(event(1.7e9, 0, message(3, b"brain.Event:2")))]
    for s, t, v in by_step(r):
        out.append(record(event(1.7e9 + s, s, scalar("train/loss", t, as_tensor))))
        if v is not None:
            out.append(record(event(1.7e9 + s, s, scalar("val/loss", v, as_tensor))))
    return b"".join(out)


for kind, as_tensor in (("tensorboard-events", False), ("tensorboard-tensors", True)):
    @form(kind, "curves32", ["logs"], row="TensorBoard", runs=FEW, streams=BOTH)
    def _tb_events(folder, runs, as_tensor=as_tensor):
        for r in few(runs):
            put(folder, f"logs/{r.name}/events.out.tfevents.1700000000.host.1.0", events(r, as_tensor))
