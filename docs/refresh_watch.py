#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records the outputs that docs/watch.md shows.

    docs/refresh_watch.py PROGRAM

Writes two logs, one healthy and one that diverges, while `phaselaw watch` follows them on a terminal of 110 columns, and
puts the last screens, the lines of a pipe and the exit codes between the marks <!-- recorded: NAME --> and
<!-- end --> of the page.
"""

import math
import os
import pathlib
import pty
import random
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl

PAGE = pathlib.Path(__file__).resolve().parent / "watch.md"
COMMAND = ("watch", "runs", "--stop-when", "diverged", "--to", "40000", "--warmup", "100")
FAST = ("--interval", "0.2", "--cpu-share", "100")


def row(step, diverges, noise):
    loss = (2.1 + 7 / math.sqrt(1 + step / 400)) * math.exp(0.01 * noise)
    if diverges and step > 12000:
        loss *= 1 + (step - 12000) / 4000
    return f"{step},{loss:.4f},0.0003\n"


class Logs:
    def __init__(self, folder):
        self.folder = folder
        self.rng = random.Random(3)
        self.step = 0
        (folder / "runs").mkdir()
        for name in ("healthy.csv", "hot.csv"):
            (folder / "runs" / name).write_text("step,loss,lr\n")

    def grow(self, to):
        while self.step < to:
            self.step += 20
            for name in ("healthy.csv", "hot.csv"):
                with open(self.folder / "runs" / name, "a", encoding="utf-8") as file:
                    file.write(row(self.step, name == "hot.csv", self.rng.gauss(0, 1)))


def screens(program):
    """The table at a few moments, and the exit code."""
    with tempfile.TemporaryDirectory() as name:
        logs = Logs(pathlib.Path(name))
        logs.grow(4000)
        main, inner = pty.openpty()
        ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 111, 0, 0))
        process = subprocess.Popen([program, *COMMAND, *FAST], cwd=name, stdout=inner, stderr=inner,
                                   env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"})
        os.close(inner)
        raw, shown = b"", []

        def shows(step):
            """Whether the table shows this step and a state for both logs."""
            rows = [line for line in last_screen(raw).splitlines() if re.match(r"runs/\w+\.csv +[0-9]", line)]
            wanted = rf" {step / 1000:.3g}k .* (falling|diverged|decaying|unknown|rising)"
            return len(rows) == 2 and all(re.search(wanted, row) for row in rows)

        def watch(step):
            nonlocal raw
            end = time.monotonic() + 60
            while time.monotonic() < end and not shows(step):
                if select.select([main], [], [], 0.05)[0]:
                    try:
                        raw += os.read(main, 65536)
                    except OSError:  # the program has ended
                        return

        for step in (4000, 12000):
            logs.grow(step)
            watch(step)
            shown.append(last_screen(raw))
        while process.poll() is None and logs.step < 30000:
            logs.grow(logs.step + 400)
            watch(logs.step)
        watch(-1)
        shown.append(last_screen(raw))
        return shown, process.wait(timeout=30)


def last_screen(raw):
    text = re.sub(r"\x1b\[[0-9;]*m", "", raw.decode().replace("\r", ""))
    return re.split(r"\x1b\[J", text)[-1].rstrip() + "\n"


def lines(program):
    """The lines of a pipe."""
    with tempfile.TemporaryDirectory() as name:
        logs = Logs(pathlib.Path(name))
        logs.grow(4000)
        process = subprocess.Popen([program, *COMMAND, *FAST, "--quiet"], cwd=name, stdout=subprocess.PIPE)
        out = b""
        while process.poll() is None and logs.step < 30000:
            end = time.monotonic() + 1
            while time.monotonic() < end or out.count(b"State") < 2:
                if select.select([process.stdout], [], [], 0.05)[0]:
                    piece = os.read(process.stdout.fileno(), 65536)
                    if not piece:
                        break
                    out += piece
            logs.grow(logs.step + 400)
        return (out + process.communicate(timeout=60)[0]).decode(), process.returncode


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    (first, second, third), code = screens(program)
    text, code_of_lines = lines(program)
    assert code == code_of_lines == 10, (code, code_of_lines)
    recorded = {"start": first, "later": second, "end": third + f"$ echo $?\n{code}\n", "lines": text}
    page = PAGE.read_text(encoding="utf-8")
    for name, output in recorded.items():
        mark = re.compile(rf"(<!-- recorded: {name} -->\n```text\n).*?(```\n<!-- end -->)", re.S)
        assert mark.search(page), f"{PAGE} has no mark for {name}"
        page = mark.sub(lambda match, output=output: match.group(1) + output + match.group(2), page)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
