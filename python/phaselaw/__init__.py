# SPDX-License-Identifier: Apache-2.0
"""phaselaw measures how transformers learn and predicts how far more compute, data or width will take them.

    fit(table, "chinchilla")      fit a law to a table of runs      Transformer(...), tangent_kernel(...)
    plan(fit, compute=1e24)       choose what to train next         flow(exp), predict(exp)
    diagnose(curves)              find the state of loss curves     theory(compute=1e12)
    compare(table_a, table_b)     find which recipe is better, and by what factor
    isoflop(table)                find compute-optimal sizes        sweep(study, "study.db"), load_study("study.db")
    forecast(curve, to=10000)     forecast the final loss

The names, options and numbers are those of the program `phaselaw`. Results equal its JSON to the last digit.
"""

from phaselaw import _needed, _processor

_processor.require(_needed.INSTRUCTIONS)
_processor.require_module()

from phaselaw import _core, plot
from phaselaw._errors import InputError, PhaselawWarning, RunError
from phaselaw._talk import show_progress
from phaselaw.estimator import ScalingLaw
from phaselaw.experiments import (
    CheckedRun,
    Dataset,
    ExperimentKernel,
    Flow,
    FlowCurve,
    MeasuredConstants,
    Prediction,
    RiskSurface,
    Split,
    flow,
    kernel,
    make_split,
    predict,
    theory_from,
)
from phaselaw.laws import (
    check_forecast,
    compare,
    diagnose,
    fit,
    forecast,
    isoflop,
    plan,
    theory,
)
from phaselaw.results import (
    Comparisons,
    Diagnoses,
    Estimate,
    Fit,
    ForecastCheck,
    Forecasts,
    IsoFlop,
    LawPrediction,
    Plan,
    PlanPoint,
    Ranking,
    RecipeComparison,
    Result,
    Theory,
    format_value,
)
from phaselaw.rows import Rows, read_table
from phaselaw.sweeps import Study, SweepSummary, load_study, sweep
from phaselaw.transformer import ParameterBlock, Spectrum, TangentKernel, Transformer, spectrum, tangent_kernel

__version__: str = _core.made_by()["version"]

__all__ = [
    "CheckedRun", "Comparisons", "Dataset", "Diagnoses", "Estimate", "ExperimentKernel", "Fit", "Flow", "FlowCurve",
    "ForecastCheck", "Forecasts", "InputError", "IsoFlop", "LawPrediction", "MeasuredConstants", "ParameterBlock",
    "PhaselawWarning", "Plan", "PlanPoint", "Prediction", "Ranking", "RecipeComparison", "Result", "RiskSurface",
    "Rows", "RunError", "ScalingLaw", "Spectrum", "Split", "Study", "SweepSummary", "TangentKernel", "Theory", "Transformer",
    "check_forecast", "compare", "diagnose", "fit", "flow", "forecast", "format_value", "isoflop", "kernel",
    "load_study", "make_split", "plan", "plot", "predict", "read_table", "show_progress", "spectrum", "sweep",
    "tangent_kernel", "theory", "theory_from",
]

_SUCCESSORS = {"fit_all": "fit(table) without a law ranks every law", "MeasuredTable": "the class is called Rows"}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    hint = f"; {_SUCCESSORS[name]}" if name in _SUCCESSORS else ""
    raise AttributeError(f"module 'phaselaw' has no attribute {name!r}{hint}")
