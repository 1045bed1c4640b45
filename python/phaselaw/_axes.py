# SPDX-License-Identifier: Apache-2.0
"""What the figures share: axes, colours, ticks and labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from phaselaw import _core

if TYPE_CHECKING:
    from phaselaw.experiments import Flow, Prediction

Axes: TypeAlias = Any  # matplotlib.axes.Axes; matplotlib and its types are optional

# Okabe and Ito's colours, which colour-blind readers can distinguish.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def axes_of(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as pyplot
    except ImportError:
        raise ImportError("phaselaw.plot needs matplotlib: pip install matplotlib") from None
    return pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")[1]


def plain_ticks(ax: Axes, which: str = "y") -> None:
    """Labels an axis of less than a decade with plain numbers such as 2.2, 2.4, 2.6 instead of powers of ten."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    axis = ax.yaxis if which == "y" else ax.xaxis
    low, high = ax.get_ylim() if which == "y" else ax.get_xlim()
    if high < 10 * low:
        even = MaxNLocator(6, steps=[1, 2, 5, 10])
        axis.set_major_locator(even if high < 2.5 * low else LogLocator(subs=(1, 1.5, 2, 3, 4, 6, 8), numticks=20))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda value, _: _core.format_number(value, 6))


def bar_of(estimate: Mapping[str, Any], ends: tuple[float, float]) -> tuple[float, float]:
    """The ends of an interval; a side that the data do not bound reaches the end of the axes."""
    low = ends[0] if estimate["lo"] is None else estimate["lo"]
    return low, ends[1] if estimate["hi"] is None else estimate["hi"]


def loss_label(result: Flow | Prediction, quantity: str) -> str:
    tokens = result["configuration"]["model"]["readout"] == "tokens"
    return quantity.replace("_", " ") + ("\n(nats per token)" if tokens else "\n(mean square of an output coordinate)")


def units_of(name: str) -> str:
    known = {
        "n_params": "parameters",
        "tokens": "tokens",
        "compute": "compute (FLOP)",
        "loss": "loss",
        "tokens_per_param": "tokens per parameter",
        "step": "steps",
    }
    return known.get(name, name.replace("_", " "))
