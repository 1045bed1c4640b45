# SPDX-License-Identifier: Apache-2.0
"""The data of an experiment: the sequences for training and for testing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from phaselaw import _core, _values
from phaselaw._result import Array

Experiment: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"


def document(experiment: Experiment) -> Any:
    """What the library reads: a path, or a dict."""
    return dict(experiment) if isinstance(experiment, Mapping) else experiment


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(_values.Value):
    """Sequences and targets.

    Attributes
    ----------
    x : array (n, seq_len, d_model) or None
        Inputs; None for token data. With an encoder, source_len rows of the source stand before the decoder's.
    y, clean : array (n, seq_len, d_out) or None
        Targets with noise, and without noise if that is known.
    tokens, next_tokens : array (n, seq_len) of int32 or None
        Tokens and the token that follows each, -1 where a position has no target; None for vector data.
    probabilities : array (n, seq_len, vocab) or None
        Distribution of next_tokens on the test set, where it is known.
    """

    x: Array | None
    y: Array | None
    clean: Array | None
    tokens: npt.NDArray[np.int32] | None
    next_tokens: npt.NDArray[np.int32] | None
    probabilities: Array | None


@dataclass(frozen=True, eq=False, repr=False)
class Split(_values.Value):
    """The data of an experiment.

    Attributes
    ----------
    configuration : dict
        The resolved configuration: seed, model, data and training, with every key.
    train, test : Dataset
        The sequences for training and for testing.
    description : str
        One line about the data.
    """

    configuration: dict[str, Any]
    train: Dataset
    test: Dataset
    description: str


def make_split(experiment: Experiment, *, seed: int | None = None) -> Split:
    """Returns the data on which an experiment is trained and tested.

    Parameters
    ----------
    experiment : path or dict
        The experiment.
    seed : int, optional
        Seed of all random draws; by default that of the experiment, or 0.

    Returns
    -------
    Split

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> split = phaselaw.make_split(experiment)
    >>> split.train.x.shape, split.test.y.shape
    ((8, 2, 4), (16, 2, 4))
    """
    configuration, train, test, description = _core.make_split(document(experiment), {"seed": seed})
    return Split(configuration, Dataset(**train), Dataset(**test), description)
