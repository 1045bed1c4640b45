# SPDX-License-Identifier: Apache-2.0
"""A scaling law as an estimator in the manner of scikit-learn, which is used where it is installed."""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from phaselaw import _tables, laws
from phaselaw._errors import InputError
from phaselaw.results import Array, Fit, LawPrediction


class ScalingLaw:
    """Fits a law to X (inputs) and y (loss), with fit, predict, score, get_params and set_params.

    The defaults and meanings of the options are those of phaselaw.fit, which makes the fit; `fit_` is its result with
    intervals, warnings and certificate. With scikit-learn the class works in pipelines, GridSearchCV and
    cross_val_score; without it, with arrays and frames alone.

    Parameters
    ----------
    law : str, default "chinchilla"
        A name or an expression, as in phaselaw.fit.
    columns : sequence of str, optional
        Names of the columns of X, such as ("n_params", "tokens"). By default those of a frame, or
        x1, x2, ... for an array.
    objective, delta, interval, resamples, level, fix, seed, threads
        Options of phaselaw.fit. By default no intervals are computed.

    Attributes
    ----------
    fit_ : Fit
        The fit.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : array of str
        Names of the columns of a frame; absent for an array.

    Raises
    ------
    InputError
        For columns that are not those of the law, inputs or losses that are not above 0, and everything for which
        phaselaw.fit raises it. It is a ValueError.
    NotFittedError
        For predict before fit; a RuntimeError without scikit-learn.

    Notes
    -----
    score(X, y) is R^2 of ln y, because a law is fitted to logarithms: 1 - sum (ln y - ln L)^2 / sum (ln y - mean)^2.

    The columns of an array are x1, x2, ... in an expression, such as "E + A*x1^-a". Columns that the law does not name
    are not used. sklearn.utils.estimator_checks.check_estimator passes for a law that is finite at 0, such as
    "E + A*(1 + x1)^-a". For a law of powers the checks in EXPECTED_FAILED_CHECKS fail, because they feed inputs of 0,
    where the law is infinite; these are refused. The other checks pass:
    check_estimator(ScalingLaw("E + A*x1^-a"), expected_failed_checks=ScalingLaw.EXPECTED_FAILED_CHECKS).

    Examples
    --------
    >>> X = [[1e6], [1e7], [1e8], [1e9]]
    >>> model = phaselaw.ScalingLaw("E + A*x1^-a").fit(X, [4.6, 3.7, 3.1, 2.7])
    >>> model.predict([[1e10]]).shape
    (1,)
    """

    EXPECTED_FAILED_CHECKS: ClassVar[dict[str, str]] = dict.fromkeys((
        "check_dtype_object", "check_estimators_dtypes", "check_estimators_fit_returns_self",
        "check_estimators_overwrite_params", "check_fit2d_1feature", "check_fit_check_is_fitted",
        "check_fit_idempotent", "check_n_features_in", "check_n_features_in_after_fitting",
        "check_readonly_memmap_input",
    ), "feeds inputs of 0, where a law of powers is infinite")

    def __init__(
        self,
        law: str = "chinchilla",
        *,
        columns: Sequence[str] | None = None,
        objective: str = "huber",
        delta: float | None = None,
        interval: str = "none",
        resamples: int = 400,
        level: float = 0.95,
        fix: Mapping[str, float] | None = None,
        seed: int = 0,
        threads: int = 0,
    ) -> None:
        self.law = law
        self.columns = columns
        self.objective = objective
        self.delta = delta
        self.interval = interval
        self.resamples = resamples
        self.level = level
        self.fix = fix
        self.seed = seed
        self.threads = threads

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns the parameters of the constructor by name."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> ScalingLaw:
        """Sets parameters of the constructor; InputError for an unknown name."""
        for name, value in params.items():
            if name not in self._names():
                raise InputError(f"Invalid parameter {name!r} for estimator ScalingLaw; known: {', '.join(self._names())}")
            setattr(self, name, value)
        return self

    def _options(self) -> dict[str, Any]:
        given = {name: value for name, value in self.get_params().items() if name not in ("law", "columns")}
        return {name: value for name, value in given.items() if value is not None}

    def fit(self, X: Any, y: Any) -> ScalingLaw:
        """Fits the law.

        Parameters
        ----------
        X : array of shape (n, n_features), frame of pandas, polars or pyarrow, or dict of columns
            Inputs in the units of the law: parameters, tokens, FLOP.
        y : array of shape (n,)
            Losses, above 0.

        Returns
        -------
        ScalingLaw
            Itself.
        """
        matrix, names = _matrix(X)
        losses = _losses(y, len(matrix))
        if len(matrix) == 1:
            raise InputError("X: found 1 sample, and a law needs more rows than it has parameters")
        columns = self._columns(matrix.shape[1], names)
        low = np.argwhere(matrix < 0)
        if len(low):
            i, j = low[0]
            raise InputError(f"Negative values in data passed to ScalingLaw: X[{i}, {j}] ({columns[j]}) is {matrix[i, j]:g}; "
                             f"the inputs of a law are >= 0")
        try:
            fitted = laws.fit({**_by_name(matrix, columns), "loss": losses}, self.law, loss="loss", **self._options())
        except InputError as error:  # rows of the columns in memory count from 1
            raise InputError(re.sub(r"^dict:(\d+)(:\d+)?", lambda row: f"X[{int(row[1]) - 1}]", str(error))) from None
        assert isinstance(fitted, Fit)
        self.fit_ = fitted
        self.n_features_in_: int = matrix.shape[1]
        self._names_in = columns
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def predict_law(self, X: Any) -> LawPrediction:
        """Returns the law at X with intervals (for `interval` other than "none") and warnings of extrapolation."""
        if not hasattr(self, "fit_"):
            raise _not_fitted()
        matrix, names = _matrix(X)
        known = getattr(self, "feature_names_in_", None)
        _check_names(None if known is None else list(known), names)
        if matrix.shape[1] != self.n_features_in_:
            raise InputError(f"X has {matrix.shape[1]} features, but ScalingLaw is expecting {self.n_features_in_} "
                             f"features as input: {', '.join(self._names_in)}")
        found = self.fit_.predict(_by_name(matrix, self._names_in))
        lost = np.flatnonzero(~np.isfinite(found.value))
        if len(lost):
            row = ", ".join(f"{name} {value:g}" for name, value in zip(self._names_in, matrix[lost[0]]))
            raise InputError(f"X: the law has no finite value at row {lost[0]} ({row}); its inputs must be > 0")
        return found

    def predict(self, X: Any) -> Array:
        """Returns the law at X, shape (n,)."""
        return self.predict_law(X).value

    def score(self, X: Any, y: Any) -> float:
        """Returns R^2 of ln y: 1 for a perfect prediction, 0 for one that is no better than the mean."""
        predicted = self.predict(X)
        measured = np.log(_losses(y, len(predicted)))
        spread = float(np.sum((measured - measured.mean()) ** 2))
        if spread == 0:
            raise InputError("y: R^2 is not defined for losses that are all equal")
        return 1 - float(np.sum((measured - np.log(predicted)) ** 2)) / spread

    def _columns(self, width: int, names: list[str] | None) -> list[str]:
        columns = list(self.columns) if self.columns is not None else names
        if columns is None:
            columns = [f"x{j + 1}" for j in range(width)]
            if not re.search(r"\bx[0-9]", self.law):
                raise InputError(f"columns: X has no names for its {width} columns, and the law {self.law} needs them; "
                                 f"give them in the order of X, such as columns=['n_params', 'tokens']")
        if len(columns) != width or len(set(columns)) != width:
            raise InputError(f"columns: expected {width} different names, one for each column of X, found {columns}")
        if "loss" in columns:
            raise InputError("columns: 'loss' is the name of y; leave the loss out of X")
        return columns

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fit_")

    def __sklearn_tags__(self) -> Any:
        utils: Any = importlib.import_module("sklearn.utils")
        return utils.Tags(
            estimator_type="regressor",
            target_tags=utils.TargetTags(required=True, positive_only=True),
            input_tags=utils.InputTags(positive_only=True),
            regressor_tags=utils.RegressorTags(poor_score=True),
        )

    def __repr__(self) -> str:
        default = {name: one.default for name, one in inspect.signature(type(self).__init__).parameters.items()}
        changed = [f"{name}={value!r}" for name, value in self.get_params().items() if value != default[name]]
        fitted = f"; fitted to {self.fit_.n_points} rows: {self.fit_.formula}" if hasattr(self, "fit_") else ""
        return f"ScalingLaw({', '.join(changed)}{fitted})"


def _by_name(matrix: Array, columns: Sequence[str]) -> dict[str, Array]:
    return {name: np.ascontiguousarray(matrix[:, j]) for j, name in enumerate(columns)}


def _not_fitted() -> Any:
    return _of_sklearn("NotFittedError", RuntimeError)("This ScalingLaw instance is not fitted yet; call fit with X and y first")


def _of_sklearn(name: str, otherwise: Any) -> Any:
    """A class of sklearn.exceptions, or another one without scikit-learn."""
    try:
        return getattr(importlib.import_module("sklearn.exceptions"), name)
    except ImportError:
        return otherwise


def _check_names(known: list[str] | None, names: list[str] | None) -> None:
    """The names of a frame must be those of the fit, in its order; scikit-learn expects these words."""
    if known is None and names is not None:
        warnings.warn("X has feature names, but ScalingLaw was fitted without feature names", UserWarning, stacklevel=4)
    if known is not None and names is None:
        warnings.warn("X does not have valid feature names, but ScalingLaw was fitted with feature names", UserWarning,
                      stacklevel=4)
    if known is None or names is None or known == names:
        return
    lines = ["The feature names should match those that were passed during fit."]
    unseen, missing = sorted(set(names) - set(known)), sorted(set(known) - set(names))
    lines += ["Feature names unseen at fit time:", *[f"- {name}" for name in unseen]] if unseen else []
    lines += ["Feature names seen at fit time, yet now missing:", *[f"- {name}" for name in missing]] if missing else []
    lines += [] if unseen or missing else ["Feature names must be in the same order as they were in fit."]
    raise InputError("\n".join(lines) + "\n")


def _numbers(values: Any, name: str) -> Array:
    """A dense array of finite numbers; the words of errors are those that scikit-learn's users know."""
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise InputError(f"{name}: Sparse data is not supported; use {name}.toarray()")
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise InputError(f"{name}: Complex data not supported; a law has real numbers")
    try:
        array = array.astype(np.float64)
    except TypeError as error:
        raise TypeError(f"{name}: argument must be a string or a number; {error}") from None
    except ValueError as error:
        raise InputError(f"{name}: expected numbers; {error}") from None
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        where = ", ".join(str(i) for i in bad[0])
        raise InputError(f"{name}[{where}]: expected a finite number, found {array[tuple(bad[0])]} (NaN or inf)")
    return array


def _matrix(X: Any) -> tuple[Array, list[str] | None]:
    """X as numbers of shape (n, n_features), and the names of a frame's columns."""
    names = None
    if _tables.is_frame(X) or isinstance(X, Mapping):
        keys = list(X.column_names if hasattr(X, "column_names") else X.columns if hasattr(X, "columns") else X)
        if keys and all(isinstance(key, str) for key in keys):
            names = keys
            X = np.column_stack([_numbers(np.asarray(X[key]), f"X[{key!r}]") for key in keys])
    matrix = _numbers(X, "X")
    if matrix.ndim != 2:
        raise InputError(f"X: expected a 2D array, found one of {matrix.ndim} dimensions. Reshape your data with "
                         f"X.reshape(-1, 1) if it has one column, or X.reshape(1, -1) if it has one row")
    for axis, what in enumerate(("sample", "feature")):
        if matrix.shape[axis] == 0:
            raise InputError(f"X: 0 {what}(s) (shape={matrix.shape}) while a minimum of 1 is required.")
    return matrix, names


def _losses(y: Any, rows: int) -> Array:
    if y is None:
        raise InputError("y: a law requires y to be passed, but the target y is None")
    losses = _numbers(y, "y")
    if losses.ndim == 2 and losses.shape[1] == 1:
        warnings.warn("A column-vector y was passed when a 1d array was expected; y.ravel() makes one",
                      _of_sklearn("DataConversionWarning", UserWarning),
                      stacklevel=4)
        losses = losses.ravel()
    if losses.shape != (rows,):
        raise InputError(f"y: expected shape ({rows},), found {losses.shape}")
    low = np.flatnonzero(losses <= 0)
    if len(low):
        raise InputError(f"y[{low[0]}]: expected a loss > 0, found {losses[low[0]]}")
    return losses
