# SPDX-License-Identifier: Apache-2.0
"""The package as pip leaves it: the program in it, and installations that do not fit."""

import os
import signal
import subprocess
import sys
import sysconfig
import types
from pathlib import Path

import pytest

import phaselaw
from conftest import EXAMPLES
from phaselaw import _processor, _program

SCRIPT = Path(sysconfig.get_path("scripts")) / "phaselaw"
WAYS = {"script": [str(SCRIPT)], "module": [sys.executable, "-m", "phaselaw"]}


@pytest.fixture(params=WAYS)
def command(request):
    if not Path(_program.PATH).is_file() or not SCRIPT.is_file():
        pytest.skip("this installation has no program; pip install . or a wheel brings it")
    return WAYS[request.param]


def run(command, *words, **options):
    return subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, **options)


def test_the_command_is_the_program_of_this_version(command):
    done = run(command, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert phaselaw.__version__ in done.stdout


def test_words_results_and_exit_codes_are_those_of_the_program(command, tmp_path):
    words = ["fit", str(EXAMPLES / "ladder.csv"), "--interval", "none"]
    done = run(command, *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, run([_program.PATH], *words, cwd=tmp_path).stdout)
    missing = run(command, "fit", "no such file.csv", cwd=tmp_path)
    assert missing.returncode == 2
    assert "no such file.csv" in missing.stderr


def test_a_signal_reaches_the_program(command, tmp_path):
    """The process becomes the program: no interpreter waits above it, and its end is that of the program."""
    log = tmp_path / "log.jsonl"
    log.write_text("".join(f'{{"step": {i}, "loss": {3 + 5 / i}}}\n' for i in range(1, 200)))
    started = subprocess.Popen([*command, "watch", str(log)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    started.stdout.readline()  # it is running
    assert os.readlink(f"/proc/{started.pid}/exe") == os.path.realpath(_program.PATH)
    started.send_signal(signal.SIGTERM)
    started.communicate(timeout=30)
    plain = subprocess.Popen([_program.PATH, "watch", str(log)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    plain.stdout.readline()
    plain.send_signal(signal.SIGTERM)
    plain.communicate(timeout=30)
    assert started.returncode == plain.returncode


def test_an_installation_without_program_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(_program, "PATH", str(tmp_path / "phaselaw"))
    with pytest.raises(SystemExit, match="cannot be started .No such file or directory.; install the package again"):
        _program.start(["--version"])
    (tmp_path / "phaselaw").write_text("no program")
    with pytest.raises(SystemExit, match="cannot be started .Permission denied.; install the package again"):
        _program.start(["--version"])


def test_a_module_for_another_python_is_told_so(monkeypatch, tmp_path):
    _processor.require_module()  # or this test would not run
    package = types.ModuleType("other")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "other", package)
    with pytest.raises(ImportError, match="it contains no compiled module; install it with the pip of this interpreter"):
        _processor.require_module("other._core")
    (tmp_path / "_core.cpython-39-x86_64-linux-gnu.so").write_bytes(b"")
    with pytest.raises(ImportError, match=r"is not for cpython 3\.\d+: it contains _core.cpython-39-x86_64-linux-gnu.so;"):
        _processor.require_module("other._core")
