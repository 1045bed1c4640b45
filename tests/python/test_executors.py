# SPDX-License-Identifier: Apache-2.0
"""sweep(executor=...): the export of a local sweep, byte for byte, by any executor; workers that die, lie or are silent."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

import phaselaw
from phaselaw import _executor
from test_experiments import SMALL

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")

STUDY = {**{key: value for key, value in SMALL.items() if key != "flow"}, "grid": {"data.n_data": [4, 8], "seeds": 3}}


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The export of a local sweep."""
    path = tmp_path_factory.mktemp("local") / "study.db"
    phaselaw.sweep(STUDY, path, threads=1)
    return phaselaw.load_study(path).csv()


def sweep(path, executor, study=STUDY, **options):
    return phaselaw.sweep(study, path, executor=executor, **options)


def assert_complete(path, local):
    assert phaselaw.load_study(path).csv() == local
    assert not [p.name for p in path.parent.iterdir() if p.name in (f"{path.name}-claims", f"{path.name}-runs")]


class Executor:
    """Carries out a run in submit(), or does what a test gives."""

    def __init__(self, work=lambda fn, *args: fn(*args)):
        self.work, self.submitted = work, 0

    def submit(self, fn, *args):
        self.submitted += 1
        future = concurrent.futures.Future()
        try:
            future.set_result(self.work(fn, *args))
        except Exception as error:
            future.set_exception(error)
        return future


class Silent:
    """Never answers."""

    def __init__(self):
        self.futures = []

    def submit(self, fn, *args):
        self.futures.append(concurrent.futures.Future())
        return self.futures[-1]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_pool(tmp_path, local, method):
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        summary = sweep(tmp_path / "s.db", pool)
        assert (summary["runs"], summary["done"], summary["already_there"]) == (6, 6, 0) and 1 <= summary["threads"] <= 2
        assert_complete(tmp_path / "s.db", local)
        assert sweep(tmp_path / "s.db", pool)["already_there"] == 6


def test_threads_and_a_part_of_a_study(tmp_path, local):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert sweep(tmp_path / "s.db", pool, shard="0/2")["done"] == 3
        assert sweep(tmp_path / "s.db", pool)["done"] == 3
    assert_complete(tmp_path / "s.db", local)


def test_joblib(tmp_path, local):
    loky = pytest.importorskip("joblib.externals.loky")
    pool = loky.get_reusable_executor(max_workers=2)
    try:
        assert sweep(tmp_path / "s.db", pool)["done"] == 6
    finally:
        pool.shutdown(wait=True, kill_workers=True)
    assert_complete(tmp_path / "s.db", local)


def test_futures_that_can_only_be_asked_or_awaited(tmp_path, local):
    class Asked:
        def __init__(self, fn, args):
            self.fn, self.args, self.looks = fn, args, 0

        def done(self):
            self.looks += 1
            return self.looks > 1

        def result(self):
            return self.fn(*self.args)

    class Awaited:
        def __init__(self, fn, args):
            self.result = lambda: fn(*args)

    for kind in (Asked, Awaited):
        class Its:
            def submit(self, fn, *args):
                return kind(fn, args)

        path = tmp_path / f"{kind.__name__}.db"
        assert sweep(path, Its())["done"] == 6
        assert_complete(path, local)


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed", reason="dask and distributed are not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            yield client


def test_a_cluster_of_dask_that_loses_a_worker(tmp_path, local, cluster):
    assert sweep(tmp_path / "s.db", cluster)["done"] == 6
    assert_complete(tmp_path / "s.db", local)
    # A worker dies in the middle: the scheduler gives its run to another one.
    slow = {**STUDY, "training": {**STUDY["training"], "steps": 20_000}, "seed": 9}
    pids = list(cluster.run(os.getpid).values())
    begun = threading.Event()
    killer = threading.Thread(target=lambda: begun.wait(60) and (time.sleep(0.5), os.kill(pids[0], signal.SIGKILL)))
    killer.start()

    class Watched:
        def submit(self, fn, *args):
            begun.set()
            return cluster.submit(fn, *args)

    assert sweep(tmp_path / "slow.db", Watched(), slow)["done"] == 6
    killer.join()
    phaselaw.sweep(slow, tmp_path / "here.db")
    assert_complete(tmp_path / "slow.db", phaselaw.load_study(tmp_path / "here.db").csv())


class Doomed:
    """A pool that kills the worker of its run number `which`."""

    def __init__(self, pool, which):
        self.pool, self.which, self.submitted = pool, which, 0

    def submit(self, fn, *args):
        self.submitted += 1
        return self.pool.submit(die) if self.submitted == self.which else self.pool.submit(fn, *args)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("library", ["concurrent.futures", "joblib"])
def test_a_worker_that_is_killed_costs_runs_but_no_result(tmp_path, local, library):
    path = tmp_path / "s.db"
    if library == "joblib":
        loky = pytest.importorskip("joblib.externals.loky")
        pool = loky.get_reusable_executor(max_workers=1)
    else:
        pool = concurrent.futures.ProcessPoolExecutor(1)
    with pytest.raises(phaselaw.RunError, match=r"s\.db: \d of 6 runs are left: run \d \(\w+: .*the same call with a working") as error:
        sweep(path, Doomed(pool, 4))
    assert error.value.__cause__ is not None
    pool.shutdown(wait=True)
    stored = {row["run"] for row in phaselaw.load_study(path).rows()}
    assert f"{6 - len(stored)} of 6" in str(error.value)
    assert sweep(path, Executor())["already_there"] == len(stored)
    assert_complete(path, local)


def test_one_run_that_is_lost_costs_nothing_else(tmp_path, local):
    path, calls = tmp_path / "s.db", []

    def work(fn, task):
        calls.append(task)
        if len(calls) == 2:
            raise OSError("worker node17 is gone\nand more")
        return fn(task)

    with pytest.raises(phaselaw.RunError, match=r"1 of 6 runs are left: run \d \(OSError: worker node17 is gone\); finished"):
        sweep(path, Executor(work))
    assert len({row["run"] for row in phaselaw.load_study(path).rows()}) == 5
    assert sweep(path, Executor())["done"] == 1
    assert_complete(path, local)


def test_answers_that_are_damaged_or_of_another_run_are_not_stored(tmp_path, local):
    path, first = tmp_path / "s.db", []

    def work(fn, task):
        answer = fn(task)
        first.append(answer)
        middle = len(answer) // 2
        return {1: answer[:-3], 2: answer[:middle] + bytes([answer[middle] ^ 1]) + answer[middle + 1:],
                3: first[0], 4: b"", 5: b"phaselaw answer 1\n" + bytes(40)}.get(len(first), answer)

    with pytest.raises(phaselaw.RunError, match="5 of 6 runs are left: run .*its answer was damaged on the way or belongs to another run"):
        sweep(path, Executor(work))
    assert len({row["run"] for row in phaselaw.load_study(path).rows()}) == 1
    assert sweep(path, Executor())["done"] == 5
    assert_complete(path, local)


def test_an_executor_that_takes_no_more_runs(tmp_path, local):
    path = tmp_path / "s.db"

    class Full(Executor):
        def submit(self, fn, *args):
            if self.submitted == 2:
                raise RuntimeError("cannot schedule new futures after shutdown")
            return super().submit(fn, *args)

    with pytest.raises(phaselaw.RunError, match=r"4 of 6 runs are left: run .*; the executor takes no more runs \(RuntimeError: cannot"):
        sweep(path, Full())
    assert sweep(path, Executor())["done"] == 4
    assert_complete(path, local)


def test_what_is_no_executor(tmp_path):
    async def nothing():
        return b""

    cases = [
        (3, "executor: expected an object with submit(fn, *args), such as concurrent.futures.ProcessPoolExecutor(), found an int"),
        (concurrent.futures.ProcessPoolExecutor, "found the class ProcessPoolExecutor; create one: ProcessPoolExecutor()"),
        (type("Odd", (), {"submit": lambda self, fn, *args: 3})(), "expected submit() to return a future with result(), found an int"),
        (Executor(lambda fn, *args: 3), "expected a future with the bytes of a finished run, found an int"),
        (Executor(lambda fn, *args: nothing()), "found a coroutine; if it is an asynchronous executor, use its synchronous form"),
    ]
    for executor, words in cases:
        with pytest.raises(phaselaw.InputError) as error:
            sweep(tmp_path / "s.db", executor)
        assert words in str(error.value)
    for name, value in (("threads", 2), ("checkpoint_every", 5.0), ("transport", "mpi")):
        with pytest.raises(phaselaw.InputError, match=f"{name}: has no effect with an executor"):
            sweep(tmp_path / "s.db", Executor(), **{name: value})
    with pytest.raises(phaselaw.InputError, match="expected the bytes that a sweep submitted"):
        _executor.carry_out(b"phaselaw task 1\nsomething else")


def test_an_error_of_a_run_ends_the_sweep_and_frees_the_others(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("the same words again and again. " * 200)
    study = {"model": {"n_layers": 1, "seq_len": 4, "d_model": 4, "d_hidden": 8, "n_heads": 1, "d_head": 4, "readout": "tokens",
                       "vocab": 256},
             "data": {"source": "text", "path": str(text), "n_data": 8, "n_test": 8}, "training": {"steps": 5},
             "grid": {"seeds": 3}}

    def changed(fn, task):
        text.write_text("other words. " * 500)  # as a worker with another copy of the file sees it
        return fn(task)

    with pytest.raises(phaselaw.InputError, match=r"run \d \(.*\): the data files of the worker .* are not those"):
        sweep(tmp_path / "s.db", Executor(changed), study)
    assert phaselaw.load_study(tmp_path / "s.db").rows() == []
    text.write_text("the same words again and again. " * 200)
    assert sweep(tmp_path / "s.db", Executor(), study)["done"] == 3
    phaselaw.sweep(study, tmp_path / "here.db")
    assert_complete(tmp_path / "s.db", phaselaw.load_study(tmp_path / "here.db").csv())


def test_a_silent_executor_is_named_once(tmp_path, monkeypatch):
    monkeypatch.setattr(_executor, "_PATIENCE_S", 0.0)
    silent = Silent()

    def give_up():
        while not silent.futures:
            time.sleep(0.01)
        time.sleep(3.5)
        for future in silent.futures:
            future.set_exception(OSError("no workers"))

    thread = threading.Thread(target=give_up)
    thread.start()
    with pytest.warns(phaselaw.PhaselawWarning, match=r"has returned no run for [\d.]+ s; it may have no workers") as warned:
        with pytest.raises(phaselaw.RunError, match="6 of 6 runs are left"):
            sweep(tmp_path / "s.db", silent)
    thread.join()
    assert len([w for w in warned if "no workers" in str(w.message)]) == 1 and warned[0].filename == __file__


INTERRUPTED = """
import concurrent.futures, os, signal, sys, threading, time
import phaselaw
from test_executors import STUDY, Executor
class Half(Executor):  # three answers, then silence
    def __init__(self):
        super().__init__()
        self.futures = []
    def submit(self, fn, *args):
        if self.submitted < 3:
            return super().submit(fn, *args)
        self.futures.append(concurrent.futures.Future())
        return self.futures[-1]
half = Half()
threading.Timer(2.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    phaselaw.sweep(STUDY, sys.argv[1], executor=half)
except KeyboardInterrupt:
    print("interrupted", all(f.cancelled() for f in half.futures), len(half.futures))
    print(phaselaw.sweep(STUDY, sys.argv[1], executor=Executor())["done"])  # the claims are free
"""


def test_ctrl_c_keeps_what_is_done_and_cancels_the_rest(tmp_path, local):
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, tmp_path / "s.db"], capture_output=True, text=True, timeout=120,
                          cwd=os.path.dirname(__file__))
    assert done.stdout.splitlines() == ["interrupted True 3", "3"], done.stdout + done.stderr
    assert_complete(tmp_path / "s.db", local)


KILLED = """
import multiprocessing, os, signal, sys, time
from concurrent.futures import ProcessPoolExecutor
import phaselaw
from test_executors import STUDY
def slow(fn, args):
    print(os.getpid(), flush=True)
    time.sleep(30)
class Slow:
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
    def submit(self, fn, *args):
        return self.pool.submit(slow, fn, args)
phaselaw.sweep(STUDY, sys.argv[1], executor=Slow())
"""


def test_workers_that_outlive_a_killed_sweep_hold_no_run(tmp_path, local):
    work = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path / "s.db"], stdout=subprocess.PIPE, text=True,
                            cwd=os.path.dirname(__file__))
    worker = int(work.stdout.readline())
    try:
        work.kill()
        work.wait()
        os.kill(worker, 0)  # it is still there
        summary = sweep(tmp_path / "s.db", Executor())
        assert summary["elsewhere"] == 0 and summary["done"] == 6
    finally:
        os.kill(worker, signal.SIGKILL)
        work.stdout.close()
    assert_complete(tmp_path / "s.db", local)


def test_a_run_in_the_store_that_a_disk_has_changed_is_refused(tmp_path):
    path = tmp_path / "s.db"
    sweep(path, Executor())
    with sqlite3.connect(path) as database:
        database.execute("update measurements set test_loss = test_loss + 1 where run = 0 and step = 0")
    with pytest.raises(phaselaw.InputError, match="checksum"):
        sweep(path, Executor())


def test_two_sweeps_on_one_store_share_its_runs(tmp_path, local):
    path, inner = tmp_path / "s.db", []

    def work(fn, task):
        if not inner:
            inner.append(None)
            inner[0] = sweep(path, Executor())
        return fn(task)

    # Every run is claimed as it is submitted; the second sweep finds the others, and the first then leaves them to it.
    outer = sweep(path, Executor(work))
    assert outer["done"] + inner[0]["done"] == 6 and inner[0]["done"] == 5 and inner[0]["elsewhere"] == 1
    assert_complete(path, local)


def test_what_is_submitted_is_bytes_and_a_function_of_the_package(tmp_path):
    import pickle

    sizes = []

    def work(fn, *args):
        assert fn is _executor.carry_out and len(args) == 1 and type(args[0]) is bytes
        sizes.append(len(pickle.dumps((fn, args))))
        return fn(*args)

    sweep(tmp_path / "s.db", Executor(work))
    assert max(sizes) < 8000 and pathlib.Path(_executor.__file__).parent == pathlib.Path(phaselaw.__file__).parent
    assert asyncio.iscoroutinefunction(_executor.carry_out) is False
