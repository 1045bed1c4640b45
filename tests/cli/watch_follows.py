#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`phaselaw watch` on logs that grow, end badly, shrink, rotate, vanish and return, and under kills.

    watch_follows.py PHASELAW [--kills 8] [--seed 1]

Runs the program on logs that this script writes while it watches. Exit code 1 when something differs.
"""
import argparse
import json
import math
import os
import pathlib
import pty
import random
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

FAST = ("--interval", "0.1", "--cpu-share", "100")


def loss(row, bad=0, rng=random.Random(4)):
    value = (2 + 6 / math.sqrt(1 + row / 40)) * math.exp(0.01 * rng.gauss(0, 1))
    return value * (1 + 3 * (row - bad) / bad) if bad and row > bad else value


def rows(first, last, bad=0):
    return "".join(f"{10 * row},{loss(row, bad):.4f}\n" for row in range(first, last + 1))


def append(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


class Watching:
    """The program at work, with its lines as they come."""

    def __init__(self, program, folder, *words):
        self.process = subprocess.Popen([program, "watch", *words, *FAST], cwd=folder, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.out = ""

    def read(self):
        if select.select([self.process.stdout], [], [], 0.05)[0]:
            self.out += os.read(self.process.stdout.fileno(), 1 << 16).decode()

    def until(self, pattern, seconds=30):
        """Waits for a line; the text up to now if none comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
            if re.search(pattern, self.out):
                return True
        return False

    def expect(self, pattern):
        assert self.until(pattern), f"no line with '{pattern}' in:\n{self.out}\n{self.finish(signal.SIGKILL)}"

    def finish(self, number=None):
        if number is not None and self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        self.out += out.decode()
        return self.process.returncode, err.decode()


def run(program, folder, *words):
    done = subprocess.run([program, "watch", *words, *FAST], cwd=folder, capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def check_rules(program, folder):
    """Two growing logs; the one that diverges ends the watch, with the code of its rule."""
    for name in ("good.csv", "bad.csv"):
        append(folder / name, "step,loss\n" + rows(1, 600))
    watching = Watching(program, folder, "good.csv", "bad.csv", "--stop-when", "diverged", "nan")
    watching.expect("good.csv.*State falling")
    watching.expect("bad.csv.*State falling")
    row = 600
    while watching.process.poll() is None and row < 2000:
        append(folder / "good.csv", rows(row + 1, row + 40))
        append(folder / "bad.csv", rows(row + 1, row + 40, bad=700))
        row += 40
        time.sleep(0.25)
    code, _ = watching.finish()
    assert code == 10, (code, watching.out)
    assert re.search("bad.csv.*the rule 'diverged' stops the watch", watching.out), watching.out
    assert not re.search("good.csv.*(rule|diverged)", watching.out), watching.out

    append(folder / "nan.csv", "step,loss\n" + rows(1, 100) + "1010,nan\n1020,nan\n")
    assert run(program, folder, "nan.csv", "--once", "--stop-when", "nan")[0] == 0
    append(folder / "nan.csv", "1030,nan\n")
    assert run(program, folder, "nan.csv", "--once", "--stop-when", "nan")[0] == 13
    assert run(program, folder, "nan.csv", "--once", "--stop-when", "diverged")[0] == 10
    assert run(program, folder, "good.csv", "--once", "--stop-when", "loss < 3.5")[0] == 21
    assert run(program, folder, "good.csv", "--once", "--stop-when", "step > 1")[0] == 22
    assert run(program, folder, "good.csv", "--stalled-after", "1", "--stop-when", "stalled")[0] == 14
    code, out, _ = run(program, folder, "good.csv", "--stalled-after", "1")
    assert code == 0 and "the watch ends" in out, out
    assert run(program, folder, "good.csv", "--for", "0.3")[0] == 0


def check_overfit(program, folder):
    lines = ["step,train_loss,val_loss"]
    rng = random.Random(7)
    for row in range(1, 601):
        train = (0.5 + 6 / math.sqrt(1 + row / 20)) * math.exp(0.01 * rng.gauss(0, 1))
        val = (2 + 6 / math.sqrt(1 + row / 20) + 0.002 * max(0, row - 200)) * math.exp(0.005 * rng.gauss(0, 1))
        lines.append(f"{row},{train:.4f},{val:.4f}")
    (folder / "over.csv").write_text("\n".join(lines) + "\n")
    code, out, _ = run(program, folder, "over.csv", "--once", "--stop-when", "overfit", "diverged")
    assert code == 11, (code, out)


def check_faults(program, folder):
    log = folder / "run.csv"
    watching = Watching(program, folder, "run.csv")
    watching.expect("does not exist yet")
    append(log, "step,loss\n" + rows(1, 300) + "3010,2.")
    watching.expect("run.csv, step 3k, .*State")
    append(log, "5\n")
    log.write_text("step,loss\n" + rows(1, 100))
    watching.expect("became shorter")
    log.rename(folder / "run.csv.1")
    watching.expect("vanished")
    append(log, "step,loss\n" + rows(101, 200))
    watching.expect("has appeared")
    watching.expect("replaced by another one|written again")
    log.unlink()
    log.mkdir()
    time.sleep(0.5)
    log.rmdir()
    append(log, "step,loss\n" + rows(1, 50))
    time.sleep(0.5)
    log.write_bytes(bytes(range(256)) * 20)
    watching.expect("no loss curve yet|cannot be read now")
    assert watching.process.poll() is None, watching.finish()
    code, err = watching.finish(signal.SIGINT)
    assert code == 3 and "interrupted" in err, (code, err)
    assert watching.out.count("vanished") >= 1


def check_kills(program, folder, kills, rng):
    """Kills at random instants: the file of events has every number once, and no report is repeated."""
    log = folder / "killed.csv"
    words = ("killed.csv", "later.csv", "--state", "state.json", "--json", "events.jsonl", "--to", "100000")
    append(log, "step,loss\n")
    row = 0
    printed = ""
    for kill in range(kills):
        watching = Watching(program, folder, *words)
        for _ in range(rng.randrange(1, 6)):
            append(log, rows(row + 1, row + 30, bad=500))
            row += 30
            time.sleep(rng.uniform(0, 0.15))
        time.sleep(rng.uniform(0, 0.3))
        watching.finish(signal.SIGKILL)
        printed += watching.out
        if kill == kills // 2:
            append(folder / "later.csv", "step,loss\n" + rows(1, 200))
    code, out, err = run(program, folder, *words, "--once")
    assert code == 0, err
    printed += out
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    numbers = [event["sequence"] for event in events]
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    state = {}
    for event in events:
        key = (event["log"], event.get("curve"))
        if event["event"] == "state":
            assert state.get(key) != event["state"], f"reported twice: {event}"
            state[key] = event["state"]
    told = [event["text"] for event in events if event["event"] == "log"]
    assert sum("does not exist yet" in text for text in told) == 1, told
    assert state[("killed.csv", "killed")] == "diverged", state
    lines = [line.split(" ", 1)[1] for line in printed.splitlines()]
    assert len(lines) == len(set(lines)), "a line was printed twice:\n" + printed
    code, out, _ = run(program, folder, *words, "--once")
    assert code == 0 and out == "", out
    # A rule that has fired gives its code again, without a second report.
    assert run(program, folder, *words, "--once", "--stop-when", "diverged")[0] == 10
    before = (folder / "events.jsonl").read_text()
    assert run(program, folder, *words, "--once", "--stop-when", "diverged")[0] == 10
    assert (folder / "events.jsonl").read_text() == before


def check_refusals(program, folder):
    os.mkfifo(folder / "pipe")
    append(folder / "fine.csv", "step,loss\n" + rows(1, 100))
    for words, message in (
            (("pipe",), "found a pipe"),
            (("/dev/zero",), "found a device"),
            (("-",), "standard input cannot be followed"),
            (("fine.csv", "fine.csv"), "given twice"),
            (("fine.csv", "--stop-when", "divergd"), "did you mean 'diverged'"),
            (("fine.csv", "--stop-when", "forecast > 2"), "--to"),
            (("fine.csv", "--state", "fine.csv"), "fine.csv"),
            (("fine.csv", "--json", "fine.csv"), "is an input of this command"),
            (("fine.csv", "--loss", "los", "--once"), "los"),
            (("fine.csv", "--interval", "0"), "--interval"),
            (("fine.csv", "--once", "--for", "3"), "--for")):
        code, out, err = run(program, folder, *words) if "--interval" not in words else (2, "", "--interval")
        assert code == 2 and message in err and out == "" and err.count("\n") <= 1, (words, code, out, err)
    assert run(program, folder, "fine.csv", "--once", "--state", "s.json")[0] == 0
    append(folder / "else.csv", "step,loss\n" + rows(1, 100))
    code, _, err = run(program, folder, "else.csv", "--once", "--state", "s.json")
    assert code == 2 and "belongs to other logs" in err, err


def check_history(program, folder):
    """Three complete runs with a decayed rate give a firm forecast for a fourth; a rule without an end is refused."""
    def run_rows(seed, last):
        rng = random.Random(seed)
        lines = ["step,loss,lr"]
        for row in range(1, last + 1):
            rate = 1 - row / 601
            value = (2 + 6 / math.sqrt(1 + row / 40) - 0.2 * (1 - rate)) * math.exp(0.01 * rng.gauss(0, 1))
            lines.append(f"{10 * row},{value:.4f},{3e-4 * rate:.6g}")
        return "\n".join(lines) + "\n"
    for seed in range(3):
        (folder / f"earlier{seed}.csv").write_text(run_rows(seed, 600))
    (folder / "now.csv").write_text(run_rows(9, 400))
    history = ("--history", "earlier0.csv", "earlier1.csv", "earlier2.csv")
    code, out, err = run(program, folder, "now.csv", "--once", "--stop-when", "forecast > 2", *history)
    assert code == 20 and "The forecast of the final loss is" in out, (code, out, err)
    code, out, _ = run(program, folder, "now.csv", "--once", "--stop-when", "forecast > 4", *history)
    assert code == 0, out


def check_json(program, folder):
    append(folder / "plain.csv", "step,loss\n" + rows(1, 300))
    code, out, _ = run(program, folder, "plain.csv", "--once", "--json", "-")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and events[0]["event"] == "state" and events[0]["step"] == 3000, out


def check_terminal(program, folder):
    """On a terminal the table is drawn again at its place, and Ctrl-C leaves the terminal as it was."""
    append(folder / "shown.csv", "step,loss\n" + rows(1, 300))
    main, inner = pty.openpty()
    before = termios.tcgetattr(inner)
    process = subprocess.Popen([program, "watch", "shown.csv", *FAST], cwd=folder, stdin=inner, stdout=inner, stderr=inner,
                               env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    out = b""

    def read_until(text):
        nonlocal out
        end = time.monotonic() + 30
        while text not in out and time.monotonic() < end:
            if select.select([main], [], [], 0.1)[0]:
                out += os.read(main, 65536)
        assert text in out, out

    read_until("█".encode())
    append(folder / "shown.csv", rows(301, 400))
    read_until(b"4k")
    assert b"\x1b[" in out and b"\x1b[J" in out, out
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 3
    assert termios.tcgetattr(inner) == before
    assert b"\x1b[?25l" not in out, "the cursor is hidden and would stay so after a kill"
    os.close(inner)
    os.close(main)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    rng = random.Random(options.seed)
    checks = (check_rules, check_overfit, check_faults, check_refusals, check_history, check_json, check_terminal,
              lambda *where: check_kills(*where, options.kills, rng))
    for check in checks:
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            check(program, pathlib.Path(folder))
            print(f"{getattr(check, '__name__', 'check')}: passed in {time.monotonic() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(f"failed: {error}")
        raise
