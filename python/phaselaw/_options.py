# SPDX-License-Identifier: Apache-2.0
# Written by `phaselaw keys --python`, from the fields of the options in C++. Do not edit; a test compares it.
"""The keyword arguments of every verb: types for type checkers, and defaults and help for signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict


class Option(NamedTuple):
    default: Any
    is_list: bool
    help: str


class FitOptions(TypedDict, total=False):
    rows: Literal["all", "envelope"]
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    last: bool
    objective: Literal["huber", "l1", "l2", "l2-raw", "l1-raw", "asymmetric"]
    delta: float
    asymmetry: float
    interval: Literal["automatic", "bootstrap", "bca", "profile", "sandwich", "none"]
    level: float
    resamples: int
    fix: Mapping[str, float]
    seed: int
    threads: int
    cluster: str
    weights: str
    sd: str
    holdout: float
    audit: Mapping[str, float]


class PlanOptions(TypedDict, total=False):
    loss: float | Sequence[float]
    law: str
    n_params: float | None
    tokens: float | None
    tokens_per_param: float | None
    inference_tokens: float
    at: Mapping[str, float]
    flop_convention: Literal["6nd", "without-embeddings", "with-attention", "exact"]
    vocab: float | None
    seq_len: float | None
    flop_per_param: float | None
    aspect_ratio: float
    next_run: str
    next_budget: float | None


class IsoflopOptions(TypedDict, total=False):
    tolerance: float
    window: float
    objective: Literal["huber", "l1", "l2", "l2-raw", "l1-raw", "asymmetric"]
    delta: float
    asymmetry: float
    interval: Literal["automatic", "bootstrap", "bca", "profile", "sandwich", "none"]
    level: float
    resamples: int
    fix: Mapping[str, float]
    seed: int
    threads: int
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    last: bool


class DiagnoseOptions(TypedDict, total=False):
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    run: str | Sequence[str]
    warmup: float
    decay: Literal["none", "linear", "cosine", "sqrt"]
    decay_from: float | None
    decay_to: float
    level: float
    threads: int


class ReadOptions(TypedDict, total=False):
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    last: bool


class PredictOptions(TypedDict, total=False):
    n_data: int | Sequence[int]
    subsets: int
    folds: int
    resamples: int
    check: bool
    replicates: int
    seed: int | None
    threads: int


class KernelOptions(TypedDict, total=False):
    algorithm: Literal["auto", "sandwich", "jacobian", "token_dual", "recursion", "vjp"]
    reduce: Literal["none", "coordinates", "sequence"]
    detail: Literal["total", "layers", "blocks"]
    threads: int
    memory_limit: int
    dtype: Literal["float32", "float64"]
    spectrum_only: bool
    seed: int | None


class RunOptions(TypedDict, total=False):
    seed: int | None
    threads: int


class SweepOptions(TypedDict, total=False):
    shard: str
    checkpoint_every: float
    seed: int | None
    threads: int


class TheoryNumbers(TypedDict, total=False):
    edition: str
    p: float | None
    r: float | None
    a: float
    compute: float | None
    n_data: float | None
    n_params: float | None
    time: float | None
    noise: float
    noise_exponent: float
    n_layers: float | None
    seq_len: float | None
    d_model: float | None
    d_out: float | None
    d_hidden: float | None
    data_bound: float
    failure_prob: float
    lambda_min: float
    branch_scale: float | None
    rate: float | None
    lambda_max: float | None
    condition_number: float | None
    depth_growth: float
    trajectory_constant: float
    perturbation_constant: float
    initial_risk: float
    c_model: float
    c_xi: float
    d_eff: float
    c_omega: float
    c_m: float
    c_d: float
    c_lambda: float


DESCRIBED: dict[str, dict[str, Option]] = {
    "fit": {
        "rows": Option("all", False, "all rows, or the lower envelope over runs; its intervals resample whole runs"),
        "col": Option({}, False, "name=COLUMN for a column that is not recognised: n_params, tokens, run, ..."),
        "loss": Option("", False, "column of the loss"),
        "scale": Option({}, False, "name=FACTOR to multiply a column by, such as n_params=1e9; > 0"),
        "where": Option((), True, "rows to use: column=value, column!=value or column>=number"),
        "last": Option(False, False, "use only the last row of each run"),
        "objective": Option("huber", False, "what is minimised: residuals of ln loss, or of the loss (raw)"),
        "delta": Option(0.001, False, "where huber and asymmetric turn from squares to absolute values [ln loss]; > 0"),
        "asymmetry": Option(4, False, "asymmetric: how much more rows below the law weigh; > 0"),
        "interval": Option("automatic", False, "how intervals are made"),
        "level": Option(0.95, False, "level of the intervals; in (0, 1)"),
        "resamples": Option(400, False, "bootstrap resamples; >= 2"),
        "fix": Option({}, False, "name=value of a parameter that is known, such as E=0 or q=1/6"),
        "seed": Option(0, False, "seed of the resamples; >= 0"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; >= 0"),
        "cluster": Option("auto", False, "column whose rows are resampled together; auto: the run's; none"),
        "weights": Option("", False, "column of weights"),
        "sd": Option("", False, "column of the standard error of ln loss"),
        "holdout": Option(0.2, False, "share of the rows, the largest by compute, that is predicted from the rest; 0: none; in [0, 1)"),
        "audit": Option({}, False, "name=value of published parameters: are they an optimum of these rows?"),
    },
    "plan": {
        "loss": Option((), True, "loss to reach instead, with the least compute; > 0"),
        "law": Option("", False, "which fit, when the file holds several; default: the best that gives sizes"),
        "n_params": Option(None, False, "hold the number of parameters: 7B [parameters]; > 0"),
        "tokens": Option(None, False, "hold the number of training tokens: 300B [tokens]; > 0"),
        "tokens_per_param": Option(None, False, "hold their ratio, for over-training: 320; > 0"),
        "inference_tokens": Option(0, False, "tokens that the model will serve; their forward passes count against the compute [tokens]; >= 0"),
        "at": Option({}, False, "name=value of a column that the compute does not determine: unique_tokens=1e10; > 0"),
        "flop_convention": Option("6nd", False, "how training FLOP are counted"),
        "vocab": Option(None, False, "without-embeddings: size of the vocabulary; > 0"),
        "seq_len": Option(None, False, "with-attention: tokens in a sequence; > 0"),
        "flop_per_param": Option(None, False, "exact: training FLOP per parameter and token; > 0"),
        "aspect_ratio": Option(64, False, "d_model/n_layers of the models to come; > 0"),
        "next_run": Option("", False, "which run would narrow this most: a parameter, n_params, tokens, loss, or all"),
        "next_budget": Option(None, False, "compute for that run; default: that of the most expensive fitted run [FLOP]; > 0"),
    },
    "isoflop": {
        "tolerance": Option(0.1, False, "budgets within this relative distance count as one; in [0, 1)"),
        "window": Option(10, False, "parabola: use rows within this factor of the lowest row's size; > 1"),
        "objective": Option("huber", False, "what is minimised: residuals of ln loss, or of the loss (raw)"),
        "delta": Option(0.001, False, "where huber and asymmetric turn from squares to absolute values [ln loss]; > 0"),
        "asymmetry": Option(4, False, "asymmetric: how much more rows below the law weigh; > 0"),
        "interval": Option("automatic", False, "how intervals are made"),
        "level": Option(0.95, False, "level of the intervals; in (0, 1)"),
        "resamples": Option(400, False, "bootstrap resamples; >= 2"),
        "fix": Option({}, False, "name=value of a parameter that is known, such as E=0 or q=1/6"),
        "seed": Option(0, False, "seed of the resamples; >= 0"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; >= 0"),
        "col": Option({}, False, "name=COLUMN for a column that is not recognised: n_params, tokens, run, ..."),
        "loss": Option("", False, "column of the loss"),
        "scale": Option({}, False, "name=FACTOR to multiply a column by, such as n_params=1e9; > 0"),
        "where": Option((), True, "rows to use: column=value, column!=value or column>=number"),
        "last": Option(False, False, "use only the last row of each run"),
    },
    "diagnose": {
        "col": Option({}, False, "name=COLUMN for a column that is not recognised: n_params, tokens, run, ..."),
        "loss": Option("", False, "column of the loss"),
        "scale": Option({}, False, "name=FACTOR to multiply a column by, such as n_params=1e9; > 0"),
        "where": Option((), True, "rows to use: column=value, column!=value or column>=number"),
        "run": Option((), True, "only the run of this name; may be repeated"),
        "warmup": Option(0, False, "linear warm-up, where no lr column says so [steps]; >= 0"),
        "decay": Option("none", False, "shape of the decay, where no lr column says so"),
        "decay_from": Option(None, False, "step at which the decay begins; default: the end of the warm-up [steps]; >= 0"),
        "decay_to": Option(0, False, "share of the peak learning rate left at the last step; in [0, 1]"),
        "level": Option(0.95, False, "level of the intervals; in (0, 1)"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; >= 0"),
    },
    "read_table": {
        "col": Option({}, False, "name=COLUMN for a column that is not recognised: n_params, tokens, run, ..."),
        "loss": Option("", False, "column of the loss"),
        "scale": Option({}, False, "name=FACTOR to multiply a column by, such as n_params=1e9; > 0"),
        "where": Option((), True, "rows to use: column=value, column!=value or column>=number"),
        "last": Option(False, False, "use only the last row of each run"),
    },
    "predict": {
        "n_data": Option((), True, "sizes, such as 8,16,32; default: doubling from 4 to data.n_data; >= 2"),
        "subsets": Option(4, False, "random subsets of the pool for each size; >= 1"),
        "folds": Option(0, False, "leave sequences out in this many folds where n is larger; 0: one at a time; >= 0"),
        "resamples": Option(200, False, "bootstrap resamples of the intervals; >= 0"),
        "check": Option(False, False, "train the real models too and report the error of the prediction"),
        "replicates": Option(2, False, "with check: models trained for each size, on random subsets of the pool; >= 1"),
        "seed": Option(None, False, "seed of every random draw; default: the file's, else 0; >= 0"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; >= 0"),
    },
    "kernel": {
        "algorithm": Option("auto", False, "how the matrix is computed; auto: with the least predicted time"),
        "reduce": Option("none", False, "rows: none (one for each output), coordinates (nL x nL) or sequence (n x n): of summed outputs"),
        "detail": Option("layers", False, "matrices beside the total: none, one for each layer or parameter block"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; >= 0"),
        "memory_limit": Option(8589934592, False, "most memory for result and scratch, on each rank; 0: no limit [bytes]; >= 0"),
        "dtype": Option("float64", False, "float32 takes half the time and memory, but cannot test positive definiteness"),
        "spectrum_only": Option(False, False, "matrix-free: extreme eigenvalues, trace and density with error bars; no matrix"),
        "seed": Option(None, False, "seed of every random draw; default: the file's, else 0; >= 0"),
    },
    "flow": {
        "seed": Option(None, False, "seed of every random draw; default: the file's, else 0; >= 0"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; >= 0"),
    },
    "sweep": {
        "shard": Option("", False, "i/k: only the i-th of k parts of about equal work, 0 <= i < k; join the stores with phaselaw merge"),
        "checkpoint_every": Option(30, False, "time between snapshots of a run in flight, from which a killed run resumes [s]; >= 0"),
        "seed": Option(None, False, "seed of every random draw; default: the file's, else 0; >= 0"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; >= 0"),
    },
    "theory": {
        "edition": Option("v1", False, "v1 (exponent 1/6), v3 (1/7), predecessor (1/8) or free"),
        "p": Option(None, False, "free: compute grows like n^p; > 0"),
        "r": Option(None, False, "free: risk falls like n^-r; default 1; > 0"),
        "a": Option(1, False, "constant of the compute accounting C = a n^p log(n/xi^2)/xi^2; > 0"),
        "compute": Option(None, False, "compute in the units of a, in the paper parameters x sequences x steps; left out: the threshold of n_data; > 0"),
        "n_data": Option(None, False, "training sequences n; left out: the best n for the compute; >= 1"),
        "n_params": Option(None, False, "trainable parameters M: adds the approximation term c_model/M; > 0"),
        "time": Option(None, False, "training time T; left out: compute/(n_params n_data); > 0"),
        "noise": Option(1, False, "label noise xi per output coordinate; where it grows with n, at n = 1; > 0"),
        "noise_exponent": Option(0, False, "s: noise grows with the data, xi = noise n^s"),
        "n_layers": Option(None, False, "depth: attention + MLP layers; >= 1"),
        "seq_len": Option(None, False, "tokens in a sequence; >= 1"),
        "d_model": Option(None, False, "width of the residual stream; >= 1"),
        "d_out": Option(None, False, "output coordinates per token; default d_model; >= 1"),
        "d_hidden": Option(None, False, "hidden width of the MLP, to be compared with the prescribed one; >= 1"),
        "data_bound": Option(1, False, "B: high-probability bound on Gaussian data and weights; > 0"),
        "failure_prob": Option(0.05, False, "delta: the bounds may fail so often; in (0, 1)"),
        "lambda_min": Option(1, False, "smallest eigenvalue of the layers' kernels, without omega^2; > 0"),
        "branch_scale": Option(None, False, "omega; default: what Definition 5.2 prescribes; > 0"),
        "rate": Option(None, False, "convergence rate alpha of the training loss; default: Lemma 5.3's; > 0"),
        "lambda_max": Option(None, False, "largest eigenvalue, in the units of lambda_min; > 0"),
        "condition_number": Option(None, False, "lambda_max/lambda_min of the kernel; >= 1"),
        "depth_growth": Option(0, False, "c: each layer multiplies gradients by 1 + c; 0: the rate is linear in depth; > -1"),
        "trajectory_constant": Option(1, False, "A of the trajectory radius; > 0"),
        "perturbation_constant": Option(1, False, "K of the kernel perturbation; > 0"),
        "initial_risk": Option(1, False, "R0: excess risk at initialisation; > 0"),
        "c_model": Option(1, False, "c_M of the approximation term c_M/M; > 0"),
        "c_xi": Option(1, False, "constant of the estimation term c_xi xi^2 d_eff/n; > 0"),
        "d_eff": Option(1, False, "effective dimension of the estimation term; > 0"),
        "c_omega": Option(1, False, "constant of the branch scale; > 0"),
        "c_m": Option(1, False, "constant of the width condition; > 0"),
        "c_d": Option(1, False, "c of exp(c d) in the width condition; > 0"),
        "c_lambda": Option(1, False, "constant of the trace bound on lambda_max; > 0"),
    },
}
