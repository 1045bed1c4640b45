# SPDX-License-Identifier: Apache-2.0
"""How calls behave: Ctrl-C, other threads, warnings, the package's own names."""

import ast
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import phaselaw
from conftest import EXAMPLES

# Each works for many seconds when nobody interrupts it.
LONG_CALLS = {
    "fit": "phaselaw.fit(ladder, 'chinchilla', resamples=200_000, threads=1)",
    "ranking": "phaselaw.fit(ladder, resamples=100_000, threads=1)",
    "sweep": "phaselaw.sweep({'model': {'d_hidden': 512}, 'training': {'steps': 10**6}, 'grid': {'seeds': 4}}, out)",
    "flow": "phaselaw.flow({'model': {'d_hidden': 256}, 'training': {'steps': 10**6}, 'flow': {'time': 1e4}})",
    "kernel": "phaselaw.tangent_kernel(*big)",
}

SCRIPT = """
import os, signal, sys, threading, time, warnings
import numpy as np, phaselaw
warnings.simplefilter("ignore")
ladder, out = sys.argv[1:3]
if "big" in {call!r}:
    model = phaselaw.Transformer(n_layers=6, seq_len=24, d_model=64, d_hidden=256, n_heads=4, d_head=16)
    big = model, model.init(0), np.random.default_rng(0).standard_normal((5, 24, 64))
sent = []
def later():
    time.sleep(1.0)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=later, daemon=True).start()
begin = time.monotonic()
try:
    {call}
    print("finished after", time.monotonic() - begin)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - sent[0])
try:  # Ctrl-C is Python's again
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("python")
"""


@pytest.mark.parametrize("name", LONG_CALLS)
def test_ctrl_c_ends_a_long_call(name, tmp_path):
    words = [sys.executable, "-c", SCRIPT.format(call=LONG_CALLS[name]), EXAMPLES / "ladder.csv", tmp_path / "s.db"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    assert lines and lines[0].startswith("interrupted"), done.stdout + done.stderr
    assert float(lines[0].split()[1]) < 5  # on a busy machine; a second when it is quiet
    assert lines[1] == "python"


def test_other_threads_go_on():
    counted = []
    stop = threading.Event()

    def count():
        while not stop.is_set():
            counted.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.monotonic()
    phaselaw.fit(EXAMPLES / "ladder.csv", "chinchilla", resamples=4000, threads=1, interval="bootstrap")
    end = time.monotonic()
    stop.set()
    thread.join()
    during = sum(begin < t < end for t in counted)
    # With the lock held throughout there would be none.
    assert end - begin > 0.05 and during > 10


def test_models_in_several_threads():
    model = phaselaw.Transformer(n_layers=2, seq_len=4, d_model=8, d_hidden=32, n_heads=2, d_head=4)
    theta = model.init(0)
    inputs = [np.random.default_rng(n).standard_normal((1 + n, 4, 8)) for n in range(8)]
    expected = [model.vjp(theta, x, np.ones_like(x)) for x in inputs]
    wrong = []

    def work(n):
        for _ in range(50):
            if not np.array_equal(model.vjp(theta, inputs[n], np.ones_like(inputs[n])), expected[n]):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_a_call_from_another_thread_leaves_ctrl_c_alone():
    before = signal.getsignal(signal.SIGINT)
    found = []
    thread = threading.Thread(target=lambda: found.append(phaselaw.theory(compute=1e12)))
    thread.start()
    thread.join()
    assert found[0]["rate"] is None or found[0]["rate"] > 0
    assert signal.getsignal(signal.SIGINT) is before


def test_a_processor_without_the_instructions_is_told_so(tmp_path):
    from phaselaw import _needed, _processor

    assert _processor.missing(_needed.INSTRUCTIONS) == []  # or this test would not run
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nflags : fpu sse2 avx fma\nbogomips : 1\n")
    assert _processor.missing(("avx", "avx2", "avx512f"), cpuinfo) == ["avx2", "avx512f"]
    with pytest.raises(ImportError, match="avx2, avx512f, which this one does not have; build it on this machine"):
        _processor.require(("avx", "avx2", "avx512f"), cpuinfo)
    cpuinfo.write_text("processor : 0\nFeatures : fp asimd\n")  # another architecture says it otherwise
    assert _processor.missing(("avx2",), cpuinfo) == _processor.missing(("avx2",), tmp_path / "none") == []


def test_everything_public_is_documented():
    for name in phaselaw.__all__:
        assert hasattr(phaselaw, name)
        assert (inspect.getdoc(getattr(phaselaw, name)) or "").strip(), name


def test_the_stub_names_what_is_there():
    stub = ast.parse(Path(phaselaw.__file__).with_name("_core.pyi").read_text())
    named = {node.name for node in stub.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} - {"_Transformer"}
    there = {name for name in dir(phaselaw._core) if not name.startswith("_")}
    assert named == there
    classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}
    methods = {node.name for node in classes["_Transformer"].body if isinstance(node, ast.FunctionDef)}
    assert methods - {"__init__"} == {n for n in dir(phaselaw._core.Transformer64) if not n.startswith("_")}


def test_importing_needs_neither_pandas_nor_matplotlib():
    code = "import sys, phaselaw; print([m for m in ('pandas', 'polars', 'matplotlib', 'json') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0 and "pandas" not in done.stdout and "matplotlib" not in done.stdout
