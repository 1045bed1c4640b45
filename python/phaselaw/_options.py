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
    by: str
    last: bool
    table: str
    names: str
    decimal: str
    memory_limit: str
    objective: Literal["huber", "l1", "l2", "l2-raw", "l1-raw", "asymmetric"]
    delta: float | None
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
    next_least_n_params: float | None
    next_most_n_params: float | None
    next_least_tokens: float | None
    next_most_tokens: float | None
    next_least_compute: float | None
    next_most_compute: float | None


class IsoflopOptions(TypedDict, total=False):
    tolerance: float
    window: float
    optima: bool
    vocab: float | None
    seq_len: float | None
    aspect_ratio: float | None
    objective: Literal["huber", "l1", "l2", "l2-raw", "l1-raw", "asymmetric"]
    delta: float | None
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
    by: str
    last: bool
    table: str
    names: str
    decimal: str
    memory_limit: str


class DiagnoseOptions(TypedDict, total=False):
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    by: str
    table: str
    names: str
    decimal: str
    memory_limit: str
    run: str | Sequence[str]
    warmup: float
    decay: Literal["none", "constant", "linear", "cosine", "sqrt"]
    decay_from: float | None
    decay_to: float
    level: float
    threads: int


class CompareOptions(TypedDict, total=False):
    baseline: str
    resource: str
    kind: Literal["auto", "runs", "curves"]
    floor: float | None
    separate_floors: bool
    level: float
    tolerance: float
    at: float | Sequence[float]
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    by: str
    table: str
    names: str
    decimal: str
    memory_limit: str


class ForecastOptions(TypedDict, total=False):
    to: float | None
    warmup: float
    decay: Literal["none", "constant", "linear", "cosine", "sqrt"]
    decay_from: float | None
    decay_to: float
    n_params: float | None
    tokens: float | None
    level: float
    law: str
    run: str | Sequence[str]
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    table: str
    names: str
    decimal: str
    memory_limit: str


class ReadOptions(TypedDict, total=False):
    col: Mapping[str, str]
    loss: str
    scale: Mapping[str, float]
    where: str | Sequence[str]
    by: str
    last: bool
    table: str
    names: str
    decimal: str
    memory_limit: str


class PredictOptions(TypedDict, total=False):
    n_data: int | Sequence[int]
    subsets: int
    folds: int
    resamples: int
    check: bool
    replicates: int
    seed: int | None
    threads: int
    set: Mapping[str, Any]


class KernelOptions(TypedDict, total=False):
    algorithm: Literal["auto", "sandwich", "jacobian", "token_dual", "recursion", "vjp"]
    reduce: Literal["none", "coordinates", "sequence"]
    detail: Literal["total", "layers", "blocks"]
    threads: int
    memory_limit: int
    dtype: Literal["float32", "float64"]
    spectrum_only: bool
    seed: int | None
    set: Mapping[str, Any]


class RunOptions(TypedDict, total=False):
    seed: int | None
    threads: int
    set: Mapping[str, Any]


class SweepOptions(TypedDict, total=False):
    shard: str
    checkpoint_every: float
    transport: Literal["tcp", "mpi"]
    seed: int | None
    threads: int
    set: Mapping[str, Any]


class TheoryNumbers(TypedDict, total=False):
    edition: str
    p: float | None
    r: float | None
    a: float
    p_model: float | None
    p_data: float | None
    p_time: float | None
    law: Literal["model-size", "time", "data"] | None
    law_lo: float | None
    law_hi: float | None
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
        "rows": Option("all", False, "all: use all rows; envelope: use the lower envelope over runs, with intervals from resampled runs"),
        "col": Option({}, False, "name=COLUMN for a column that is not recognised, such as n_params, tokens or run, or name=EXPRESSION of columns: loss=1-acc"),
        "loss": Option("", False, "column of the loss, or an expression of columns"),
        "scale": Option({}, False, "name=FACTOR by which a column is multiplied, such as n_params=1e9; > 0"),
        "where": Option((), True, "condition for the rows to use: column=value, column>=number, column in (a, b) or column ~ 'pattern*', joined with and, or, not"),
        "by": Option("", False, "column of groups (datasets, methods); each group is a study of its own (a+b joins two columns)"),
        "last": Option(False, False, "use only the last row of each run"),
        "table": Option("", False, "number of the table, from 1, or its key, in a document that holds several tables"),
        "names": Option("", False, "headings of a table without headings, in order, such as step,loss"),
        "decimal": Option("", False, "decimal sign of the numbers: . or , (default: decided from the cells)"),
        "memory_limit": Option("8G", False, "largest memory of this command, such as 500M or 8G; an input that needs more is refused"),
        "objective": Option("huber", False, "objective to minimise, of residuals of ln loss or (raw) of the loss"),
        "delta": Option(None, False, "residual at which huber and asymmetric change from squares to absolute values; unset: 1.345 times the robust scale of the residuals, and 1e-3 with asymmetric; 1e-3 reproduces published fits [ln loss]; > 0"),
        "asymmetry": Option(4, False, "with asymmetric: relative weight of rows below the law; > 0"),
        "interval": Option("automatic", False, "method for the intervals; automatic: profile for l2, l2-raw, and huber without a delta, otherwise bootstrap"),
        "level": Option(0.95, False, "confidence level of the intervals; in (0, 1)"),
        "resamples": Option(400, False, "number of bootstrap resamples; another number than 400 makes the automatic intervals those of the bootstrap; in [2, 1e6]"),
        "fix": Option({}, False, "name=value of a parameter that is known and not fitted, such as E=0 or q=1/6"),
        "seed": Option(0, False, "seed of the resamples; in [0, 9007199254740991]"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; in [0, 4096]"),
        "cluster": Option("auto", False, "column of rows that are resampled together; auto: the column of runs; none"),
        "weights": Option("", False, "column with the weights of rows"),
        "sd": Option("", False, "column with the standard error of ln loss"),
        "holdout": Option(0.2, False, "share of the rows, the largest by compute, that is held out and predicted from the rest; 0: none; in [0, 1)"),
        "audit": Option({}, False, "name=value of published parameters; tests whether they are an optimum of these rows"),
    },
    "plan": {
        "loss": Option((), True, "loss to reach, with the least compute; > 0"),
        "law": Option("", False, "fit to use if the file holds several (default: the best one that gives sizes); averaged: all that predict as well"),
        "n_params": Option(None, False, "hold the number of parameters, such as 7B [parameters]; in (0, 1e40]"),
        "tokens": Option(None, False, "hold the number of training tokens, such as 300B [tokens]; in (0, 1e40]"),
        "tokens_per_param": Option(None, False, "hold the ratio of tokens to parameters, such as 320 for over-training; in (0, 1e40]"),
        "inference_tokens": Option(0, False, "tokens that the model will serve; the compute must also pay for their forward passes [tokens]; in [0, 1e40]"),
        "at": Option({}, False, "name=value of a column that does not follow from the compute, such as unique_tokens=1e10; > 0"),
        "flop_convention": Option("6nd", False, "how training FLOP are counted"),
        "vocab": Option(None, False, "convention without-embeddings: size of the vocabulary; in (0, 1e40]"),
        "seq_len": Option(None, False, "convention with-attention: sequence length; in (0, 1e40]"),
        "flop_per_param": Option(None, False, "convention exact: training FLOP per parameter and token; in (0, 1e40]"),
        "aspect_ratio": Option(64, False, "d_model/n_layers of the planned models; in (0, 1e40]"),
        "next_run": Option("", False, "find the run that narrows this quantity most: a parameter, n_params, tokens, loss or all"),
        "next_least_n_params": Option(None, False, "--next-run: smallest model (default: a third of the smallest fitted one) [parameters]; in (0, 1e40]"),
        "next_most_n_params": Option(None, False, "--next-run: largest model (default: what the compute pays for) [parameters]; in (0, 1e40]"),
        "next_least_tokens": Option(None, False, "--next-run: fewest tokens (default: a third of the fewest fitted ones) [tokens]; in (0, 1e40]"),
        "next_most_tokens": Option(None, False, "--next-run: most tokens (default: what the compute pays for) [tokens]; in (0, 1e40]"),
        "next_least_compute": Option(None, False, "--next-run: least compute (default: any) [FLOP]; in (0, 1e40]"),
        "next_most_compute": Option(None, False, "--next-run: most compute (default: that of the most expensive fitted run) [FLOP]; in (0, 1e40]"),
    },
    "isoflop": {
        "tolerance": Option(0.1, False, "budgets within this relative distance count as one; in [0, 1)"),
        "window": Option(10, False, "parabola: use the rows within this factor of the lowest row's size; > 1"),
        "optima": Option(False, False, "each row is already the optimum of a budget: fit only N* ~ C^a and D* ~ C^b"),
        "vocab": Option(None, False, "size of the vocabulary, for the exponent without embeddings; in (0, 1e40]"),
        "seq_len": Option(None, False, "sequence length, for the exponent with attention counted; in (0, 1e40]"),
        "aspect_ratio": Option(None, False, "d_model/n_layers of the models, for the exponents under other FLOP conventions; default: median of the table, else 64; in (0, 1e40]"),
        "objective": Option("huber", False, "objective to minimise, of residuals of ln loss or (raw) of the loss"),
        "delta": Option(None, False, "residual at which huber and asymmetric change from squares to absolute values; unset: 1.345 times the robust scale of the residuals, and 1e-3 with asymmetric; 1e-3 reproduces published fits [ln loss]; > 0"),
        "asymmetry": Option(4, False, "with asymmetric: relative weight of rows below the law; > 0"),
        "interval": Option("automatic", False, "method for the intervals; automatic: profile for l2, l2-raw, and huber without a delta, otherwise bootstrap"),
        "level": Option(0.95, False, "confidence level of the intervals; in (0, 1)"),
        "resamples": Option(400, False, "number of bootstrap resamples; another number than 400 makes the automatic intervals those of the bootstrap; in [2, 1e6]"),
        "fix": Option({}, False, "name=value of a parameter that is known and not fitted, such as E=0 or q=1/6"),
        "seed": Option(0, False, "seed of the resamples; in [0, 9007199254740991]"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; in [0, 4096]"),
        "col": Option({}, False, "name=COLUMN for a column that is not recognised, such as n_params, tokens or run, or name=EXPRESSION of columns: loss=1-acc"),
        "loss": Option("", False, "column of the loss, or an expression of columns"),
        "scale": Option({}, False, "name=FACTOR by which a column is multiplied, such as n_params=1e9; > 0"),
        "where": Option((), True, "condition for the rows to use: column=value, column>=number, column in (a, b) or column ~ 'pattern*', joined with and, or, not"),
        "by": Option("", False, "column of groups (datasets, methods); each group is a study of its own (a+b joins two columns)"),
        "last": Option(False, False, "use only the last row of each run"),
        "table": Option("", False, "number of the table, from 1, or its key, in a document that holds several tables"),
        "names": Option("", False, "headings of a table without headings, in order, such as step,loss"),
        "decimal": Option("", False, "decimal sign of the numbers: . or , (default: decided from the cells)"),
        "memory_limit": Option("8G", False, "largest memory of this command, such as 500M or 8G; an input that needs more is refused"),
    },
    "diagnose": {
        "col": Option({}, False, "name=COLUMN for a column that is not recognised, such as n_params, tokens or run, or name=EXPRESSION of columns: loss=1-acc"),
        "loss": Option("", False, "column of the loss, or an expression of columns"),
        "scale": Option({}, False, "name=FACTOR by which a column is multiplied, such as n_params=1e9; > 0"),
        "where": Option((), True, "condition for the rows to use: column=value, column>=number, column in (a, b) or column ~ 'pattern*', joined with and, or, not"),
        "by": Option("", False, "column of groups (datasets, methods); each group is a study of its own (a+b joins two columns)"),
        "table": Option("", False, "number of the table, from 1, or its key, in a document that holds several tables"),
        "names": Option("", False, "headings of a table without headings, in order, such as step,loss"),
        "decimal": Option("", False, "decimal sign of the numbers: . or , (default: decided from the cells)"),
        "memory_limit": Option("8G", False, "largest memory of this command, such as 500M or 8G; an input that needs more is refused"),
        "run": Option((), True, "diagnose only the run of this name; may be repeated"),
        "warmup": Option(0, False, "length of a linear warm-up, if the table has no lr column; below 1: as a share of the run [steps]; >= 0"),
        "decay": Option("none", False, "shape of the decay, if the table has no lr column; constant: there is none"),
        "decay_from": Option(None, False, "step at which the decay begins (default: the end of the warm-up); below 1: as a share of the run [steps]; >= 0"),
        "decay_to": Option(0, False, "learning rate at the last step, as a share of the peak; in [0, 1]"),
        "level": Option(0.997, False, "confidence level of the intervals; in (0, 1)"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; in [0, 4096]"),
    },
    "compare": {
        "baseline": Option("", False, "recipe with which the others are compared; default: the first"),
        "resource": Option("", False, "what a run costs: compute, tokens, step, n_params; default: compute and tokens, or what the rows have"),
        "kind": Option("auto", False, "runs: compare finished runs, one row each; curves: compare whole loss curves; auto: by the rows"),
        "floor": Option(None, False, "irreducible loss, if it is known for both recipes; default: fitted, and common to both; >= 0"),
        "separate_floors": Option(False, False, "fit a floor to each recipe, for recipes with different data or tokenisers"),
        "level": Option(0.95, False, "confidence level of the intervals; in (0, 1)"),
        "tolerance": Option(0.02, False, "budgets within this relative distance count as one; in [0, 1)"),
        "at": Option((), True, "further values of the resource at which the recipes are compared by their laws; may be repeated; > 0"),
        "col": Option({}, False, "name=COLUMN for a column that is not recognised, such as n_params, tokens or run, or name=EXPRESSION of columns: loss=1-acc"),
        "loss": Option("", False, "column of the loss, or an expression of columns"),
        "scale": Option({}, False, "name=FACTOR by which a column is multiplied, such as n_params=1e9; > 0"),
        "where": Option((), True, "condition for the rows to use: column=value, column>=number, column in (a, b) or column ~ 'pattern*', joined with and, or, not"),
        "by": Option("", False, "column of groups (datasets, methods); each group is a study of its own (a+b joins two columns)"),
        "table": Option("", False, "number of the table, from 1, or its key, in a document that holds several tables"),
        "names": Option("", False, "headings of a table without headings, in order, such as step,loss"),
        "decimal": Option("", False, "decimal sign of the numbers: . or , (default: decided from the cells)"),
        "memory_limit": Option("8G", False, "largest memory of this command, such as 500M or 8G; an input that needs more is refused"),
    },
    "forecast": {
        "to": Option(None, False, "last planned step (tokens or compute, if the curve has no steps); default: that of the earlier runs, if they agree, or where --tokens ends; in (0, 1e40]"),
        "warmup": Option(0, False, "length of a linear warm-up, if the table has no lr column; below 1: as a share of the run [steps]; >= 0"),
        "decay": Option("none", False, "shape of the decay, if the table has no lr column; constant: there is none"),
        "decay_from": Option(None, False, "step at which the decay begins (default: the end of the warm-up); below 1: as a share of the run [steps]; >= 0"),
        "decay_to": Option(0, False, "learning rate at the last step, as a share of the peak; in [0, 1]"),
        "n_params": Option(None, False, "parameters of the planned run, for --ladder [parameters]; in (0, 1e40]"),
        "tokens": Option(None, False, "training tokens of the planned run, for --ladder; also its end, if the curve has a column of tokens [tokens]; in (0, 1e40]"),
        "level": Option(0.95, False, "confidence level of the intervals; in (0, 1)"),
        "law": Option("", False, "law of the ladder: of several fits in a file the one with this name (default: the first), of a table the law to fit (default: chinchilla)"),
        "run": Option((), True, "forecast only the run of this name; may be repeated"),
        "col": Option({}, False, "name=COLUMN for a column that is not recognised, such as n_params, tokens or run, or name=EXPRESSION of columns: loss=1-acc"),
        "loss": Option("", False, "column of the loss, or an expression of columns"),
        "scale": Option({}, False, "name=FACTOR by which a column is multiplied, such as n_params=1e9; > 0"),
        "where": Option((), True, "condition for the rows to use: column=value, column>=number, column in (a, b) or column ~ 'pattern*', joined with and, or, not"),
        "table": Option("", False, "number of the table, from 1, or its key, in a document that holds several tables"),
        "names": Option("", False, "headings of a table without headings, in order, such as step,loss"),
        "decimal": Option("", False, "decimal sign of the numbers: . or , (default: decided from the cells)"),
        "memory_limit": Option("8G", False, "largest memory of this command, such as 500M or 8G; an input that needs more is refused"),
    },
    "read_table": {
        "col": Option({}, False, "name=COLUMN for a column that is not recognised, such as n_params, tokens or run, or name=EXPRESSION of columns: loss=1-acc"),
        "loss": Option("", False, "column of the loss, or an expression of columns"),
        "scale": Option({}, False, "name=FACTOR by which a column is multiplied, such as n_params=1e9; > 0"),
        "where": Option((), True, "condition for the rows to use: column=value, column>=number, column in (a, b) or column ~ 'pattern*', joined with and, or, not"),
        "by": Option("", False, "column of groups (datasets, methods); each group is a study of its own (a+b joins two columns)"),
        "last": Option(False, False, "use only the last row of each run"),
        "table": Option("", False, "number of the table, from 1, or its key, in a document that holds several tables"),
        "names": Option("", False, "headings of a table without headings, in order, such as step,loss"),
        "decimal": Option("", False, "decimal sign of the numbers: . or , (default: decided from the cells)"),
        "memory_limit": Option("8G", False, "largest memory of this command, such as 500M or 8G; an input that needs more is refused"),
    },
    "predict": {
        "n_data": Option((), True, "sizes to predict, such as 8,16,32 (default: doubling from 4 to data.n_data); in [2, 1e12]"),
        "subsets": Option(4, False, "number of random subsets of the pool for each size; in [1, 1e6]"),
        "folds": Option(0, False, "number of folds into which sequences are left out, if n is larger; 0: one sequence at a time; in [0, 1e12]"),
        "resamples": Option(200, False, "number of bootstrap resamples for the intervals; in [0, 1e6]"),
        "check": Option(False, False, "train the models too and report the error of the prediction"),
        "replicates": Option(2, False, "with check: number of models trained for each size, on random subsets of the pool; in [1, 1e6]"),
        "seed": Option(None, False, "seed of all random draws (default: that of the file, or 0); in [0, 9007199254740991]"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; in [0, 4096]"),
        "set": Option({}, False, "value of a key instead of that in the file, such as model.n_layers=4; may be repeated"),
    },
    "kernel": {
        "algorithm": Option("auto", False, "algorithm that computes the matrix; auto: the one with the least predicted time"),
        "reduce": Option("none", False, "rows of the kernel: none (one for each output), coordinates (nL x nL, outputs summed over coordinates) or sequence (n x n, outputs summed over the sequence)"),
        "detail": Option("layers", False, "matrices in addition to the total: none, one for each layer, or one for each parameter block"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; in [0, 4096]"),
        "memory_limit": Option(8589934592, False, "largest memory of this command, on each rank: result and scratch; 0: no limit [bytes]; >= 0"),
        "dtype": Option("float64", False, "precision; float32 needs half the time and memory, but cannot test positive definiteness"),
        "spectrum_only": Option(False, False, "compute extreme eigenvalues, trace and density with error bars without the matrix"),
        "seed": Option(None, False, "seed of all random draws (default: that of the file, or 0); in [0, 9007199254740991]"),
        "set": Option({}, False, "value of a key instead of that in the file, such as model.n_layers=4; may be repeated"),
    },
    "flow": {
        "seed": Option(None, False, "seed of all random draws (default: that of the file, or 0); in [0, 9007199254740991]"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; in [0, 4096]"),
        "set": Option({}, False, "value of a key instead of that in the file, such as model.n_layers=4; may be repeated"),
    },
    "sweep": {
        "shard": Option("", False, "do only part i/k, 0 <= i < k, of the study; the parts take about the same time; join their stores with phaselaw merge"),
        "checkpoint_every": Option(30, False, "time between snapshots of a run, from which a killed run resumes [s]; in [0, 1e9]"),
        "transport": Option("tcp", False, "how ranks send messages; mpi opens no port, but a rank that dies ends the job, which the same command resumes"),
        "seed": Option(None, False, "seed of all random draws (default: that of the file, or 0); in [0, 9007199254740991]"),
        "threads": Option(0, False, "number of worker threads; 0: all cores; in [0, 4096]"),
        "set": Option({}, False, "value of a key instead of that in the file, such as model.n_layers=4; may be repeated"),
    },
    "theory": {
        "edition": Option("v1", False, "edition of the law: v1 (exponent 1/6), v3 (1/7), predecessor (1/8) or free"),
        "p": Option(None, False, "with edition free: compute grows as n^p (default: p_model + p_data + p_time); > 0"),
        "r": Option(None, False, "with edition free: risk falls as n^-r (default: 1); > 0"),
        "a": Option(1, False, "constant of the compute accounting C = a n^p log(n/xi^2)/xi^2; > 0"),
        "p_model": Option(None, False, "your own accounting: the model grows as M ~ n^p_model; >= 0"),
        "p_data": Option(None, False, "your own accounting: a step costs n^p_data; 1: all sequences, 0: a batch of fixed size; >= 0"),
        "p_time": Option(None, False, "your own accounting: the number of steps grows as n^p_time; >= 0"),
        "law": Option(None, False, "prints one isolated law over its resource, in which the other resources are the floor"),
        "law_lo": Option(None, False, "smallest resource in the table of the law (default: chosen by the law); > 0"),
        "law_hi": Option(None, False, "largest resource in the table of the law (default: chosen by the law); > 0"),
        "compute": Option(None, False, "compute in the units of a, in the paper parameters x sequences x steps (default: the threshold of n_data); > 0"),
        "n_data": Option(None, False, "number of training sequences n (default: the best n for the compute); >= 1"),
        "n_params": Option(None, False, "number of trainable parameters M; adds the approximation term c_model/M; > 0"),
        "time": Option(None, False, "training time T (default: compute/(n_params n_data)); > 0"),
        "noise": Option(1, False, "label noise xi per output coordinate; if it grows with n, its value at n = 1; > 0"),
        "noise_exponent": Option(0, False, "s: noise grows with the data, xi = noise n^s"),
        "n_layers": Option(None, False, "depth: number of attention + MLP layers; >= 1"),
        "seq_len": Option(None, False, "sequence length in tokens; >= 1"),
        "d_model": Option(None, False, "width of the residual stream; >= 1"),
        "d_out": Option(None, False, "output coordinates per token (default: d_model); >= 1"),
        "d_hidden": Option(None, False, "hidden width of the MLP, which is compared with the prescribed width; >= 1"),
        "data_bound": Option(1, False, "B: high-probability bound on Gaussian data and weights; > 0"),
        "failure_prob": Option(0.05, False, "delta: probability with which the bounds may fail; in (0, 1)"),
        "lambda_min": Option(1, False, "smallest eigenvalue of the layers' kernels, without omega^2; > 0"),
        "branch_scale": Option(None, False, "omega (default: the value prescribed by Definition 5.2); > 0"),
        "rate": Option(None, False, "convergence rate alpha of the training loss (default: that of Lemma 5.3); > 0"),
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
