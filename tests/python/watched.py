# SPDX-License-Identifier: Apache-2.0
"""What the tests of phaselaw.integrations share: curves, a clock, a forecast of known numbers, and files of loggers."""

import math
import random
import sqlite3
import struct

import phaselaw
from conftest import ROOT
from phaselaw.integrations import Watch


def power_law(n, noise=0.01, seed=0, floor=2.0):
    """Steps and losses of a healthy run."""
    draw = random.Random(seed)
    return [(step, (floor + 3 * (step + 10) ** -0.5) * (1 + noise * draw.gauss(0, 1))) for step in range(1, n + 1)]


def diverging(n=900, at=600):
    return [(step, loss if step < at else 9.0 + 0.01 * (step % 7)) for step, loss in power_law(n)]


class Clock:
    """A clock that the test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def watched(rows, **options):
    """A watch over these rows with an hour for each step, so that it checks whenever the steps have grown enough."""
    watch = Watch(**options)
    clock = watch._monitor._clock = Clock()
    stopped = []
    for step, loss in rows:
        clock.now += 3600
        if watch(step, loss):
            stopped.append(step)
    return watch, stopped


def documented(framework, steps):
    """The example of docs/integrations.md that contains a word, with fewer steps."""
    pieces = (ROOT / "docs/integrations.md").read_text(encoding="utf-8").split("```python\n")[1:]
    (code,) = [block for block in (piece.split("```")[0] for piece in pieces) if framework in block]
    return code.replace("10_001", str(steps + 1)).replace("10_000", str(steps))


class KnownForecast:
    """Stands for phaselaw.forecast, with numbers that a test can find again in the logs."""

    def __init__(self, status="forecast", value=1.25, lo=1.0, hi=1.5):
        final = {"value": value, "lo": lo, "hi": hi}
        self.answer = {"forecasts": [{"status": status, "reading": "a reading", "final_loss": final}]}
        self.calls = []

    def __call__(self, table, **options):
        self.calls.append((table, options))
        return self.answer


def tensorboard_values(folder, name):
    """{step: value} of a column of event files, as phaselaw reads them."""
    table = phaselaw.read_table(folder).frame()
    if name not in table.columns:
        return {}
    rows = zip(list(table["step"]), list(table[name]))
    return {int(step): value for step, value in rows if value is not None and not math.isnan(value)}


def wandb_rows(path):
    """The rows {key: JSON text} of a .wandb file: records in blocks of 32 KiB, each with CRC, length and kind."""
    from wandb.proto import wandb_internal_pb2

    data, at, whole, rows = path.read_bytes(), 7, b"", []
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # the whole record, or its last part
            record = wandb_internal_pb2.Record()
            record.ParseFromString(whole)
            whole = b""
            if record.HasField("history"):
                rows.append({item.key or "/".join(item.nested_key): item.value_json for item in record.history.item})
    return rows


def mlflow_values(database, name):
    """({step: value} of a metric, tag of this name or None) of a store in SQLite."""
    with sqlite3.connect(database) as store:
        metrics = dict(store.execute("select step, value from metrics where key = ?", (name,)))
        tags = store.execute("select value from tags where key = ?", (name,)).fetchone()
    return metrics, tags[0] if tags else None
