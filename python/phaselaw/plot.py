# SPDX-License-Identifier: Apache-2.0
"""Figures drawn by matplotlib (pip install phaselaw[plot]) in its current style. Each function returns its axes.

fit, ranking, plan, isoflop, diagnose, compare, forecast, study, kernel, spectrum, flow and prediction draw the result
of the same name; each accepts `ax`, the axes to draw into. Bands and bars are intervals.
"""

from phaselaw._axes import COLOURS, Axes
from phaselaw._plot_curves import compare, diagnose, forecast
from phaselaw._plot_experiments import flow, kernel, prediction, spectrum, study
from phaselaw._plot_laws import fit, isoflop, plan, ranking

__all__ = [
    "COLOURS", "Axes", "compare", "diagnose", "fit", "flow", "forecast", "isoflop", "kernel", "plan", "prediction",
    "ranking", "spectrum", "study",
]
