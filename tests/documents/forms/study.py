# SPDX-License-Identifier: Apache-2.0
"""The one study that every form holds: 20 runs of a law of parameters and tokens, with noise.

`final` is the table of final losses, 3 decimals. `curves` are the losses during training, 4 decimals: train every 50
steps, val every 100. In `curves` run r07 falls back from step 600 to 400 and goes on, and run r13
ends in NaN. All numbers have few
digits, and the generator only keeps values that every notation holds exactly: a percentage, a count in millions, a
32-bit float. So a correct reader gives the same double for each, whatever the form.
"""

import random
from dataclasses import dataclass, field

SIZES_M = [12, 34, 90, 250, 700]
TOKENS_M = [600, 1800, 5400, 16200]
STEPS = range(50, 1001, 50)
RESTARTED, DIVERGED = "r07", "r13"
FEW = ["r03", RESTARTED, DIVERGED, "r20"]  # runs of the forms with one file for each run
NAN = float("nan")


@dataclass
class Run:
    name: str
    size_m: int
    tokens_m: int
    loss: float  # the final one
    train: list = field(default_factory=list)  # of (step, loss) as recorded
    val: list = field(default_factory=list)

    @property
    def n_params(self):
        return self.size_m * 10**6

    @property
    def tokens(self):
        return self.tokens_m * 10**6

    def tokens_at(self, step):
        return self.tokens_m * 1000 * step  # 1000 steps in all


def exact_percent(value):
    """Whether value written as a percentage gives the same double, by a division and by a product."""
    percent = float(f"{value * 100:.10g}")
    return percent / 100 == value and percent * 0.01 == value


def decimals(value, digits):
    """The nearest decimal of so many digits that is also exact as one tenth in percent."""
    unit, tick = 10**digits, round(value * 10**digits)
    for offset in sorted(range(-40, 41), key=abs):
        candidate = (tick + offset) / unit
        if exact_percent((tick + offset) / (10 * unit)):
            return candidate
    raise ValueError(f"no exact decimal near {value}")


def binary(value, _digits):
    """The nearest multiple of 1/1024, exact in 32 bits and in ten decimals."""
    return round(value * 1024) / 1024


def recorded(every, restarted):
    steps = [s for s in STEPS if s % every == 0]
    if restarted:
        steps = [s for s in steps if s <= 600] + [s for s in steps if s > 400]
    return steps


def make_study(rounded=decimals):
    draw = random.Random(20)
    runs = []

    def noise(size):
        return 1 + size * (sum(draw.random() for _ in range(12)) - 6)

    for size in SIZES_M:
        for tokens in TOKENS_M:
            def law(seen):
                return 1.8 + 300 * (size * 1e6) ** -0.33 + 500 * (tokens * 1e6 * seen) ** -0.29
            name = f"r{len(runs) + 1:02}"
            run = Run(name, size, tokens, rounded(law(1) * noise(0.004), 3))
            for every, gap, curve in ((50, 0, run.train), (100, 0.04, run.val)):
                for step in recorded(every, name == RESTARTED):
                    lost = name == DIVERGED and step > 800
                    curve.append((step, NAN if lost else rounded((law(step / 1000) + gap) * noise(0.002), 4)))
            runs.append(run)
    return runs


def text(value):
    """A number as most programs print it: shortest, NaN by name, whole numbers without a point."""
    if value != value:
        return "NaN"
    return str(int(value)) if value == int(value) else repr(value)


HEADER = ["run", "n_params", "tokens", "loss"]


def final_rows(runs, n_params=lambda r: text(r.n_params), tokens=lambda r: text(r.tokens), loss=text):
    """Cells of the table of final losses, each column as its function writes it."""
    return [[r.name, n_params(r), tokens(r), loss(r.loss)] for r in runs]


def by_step(run):
    """Rows (step, train, val) as a trainer records them, in order; None where no val loss was taken."""
    val, rows = iter(run.val), []
    for step, train in run.train:
        rows.append((step, train, next(val)[1] if step % 100 == 0 else None))
    return rows
