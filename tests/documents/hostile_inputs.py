# SPDX-License-Identifier: Apache-2.0
"""Gives inputs to the program that were made to hurt it, or that are no tables at all.

    hostile_inputs.py PROGRAM [NAME ...]

Every input goes through `table`, `fit` and `diagnose`. Each must end by itself within 2 s of processor time and 300 MB,
with exit code 2 and one error: one line that begins with `phaselaw: error: `, without control characters and not longer than a
screen. Inputs that are unusual tables (READABLE) may also be read. A run that waits for something is killed and fails.
"""

import gzip
import lzma
import os
import pickle
import random
import struct
import subprocess
import sys
import tempfile
import threading
import zlib
from pathlib import Path

MOST_SECONDS, MOST_BYTES, MOST_WAIT_S, LONGEST_MESSAGE = 2.0, 300e6, 60.0, 4000
VERBS = ["table", "fit", "diagnose"]
READABLE = {"columns_100000", "levels_50000", "own_keys_100000", "folder_loop"}


def table_text(rows=2000):
    draw = random.Random(3)
    return "step,loss\n" + "".join(f"{i},{2 + draw.random():.6f}\n" for i in range(1, rows + 1))


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = zlib.compress(bytes([0, 255, 0, 0]) * 64)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 64, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows)
            + chunk(b"IEND", b""))


def wide(columns):
    draw = random.Random(5)
    names = ",".join(f"metric {i}" for i in range(columns))
    return names + "\n" + "\n".join(",".join(f"{draw.random():.4f}" for _ in range(columns)) for _ in range(3)) + "\n"


def bomb():
    """197 MB that gzip makes about 500 times smaller: the same row again and again, with a little noise."""
    draw = random.Random(7)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b"step,loss\n")]
    row = b"1,2.000\n" * 4096
    for _ in range(197_000_000 // len(row)):
        parts.append(packer.compress(row))
        parts.append(packer.compress(draw.randbytes(8).hex().encode() + b"\n"))
    return b"".join(parts) + packer.flush()


def folder_of(path, files):
    path.mkdir()
    for i in range(files):
        (path / f"run{i}.csv").write_text("step,loss\n1,2\n")
    return path


def loop_of(path):
    (path / "a").mkdir(parents=True)
    (path / "a" / "run.csv").write_text(table_text(20))
    (path / "a" / "up").symlink_to(path, target_is_directory=True)
    (path / "self").symlink_to(path / "self")
    return path


def fifo(path):
    os.mkfifo(path)
    return path


def written(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def truncated_zstd():
    """The header of a frame, and a block that is announced and does not come."""
    return b"\x28\xb5\x2f\xfd\x04\x58" + struct.pack("<I", (2000 << 3) | 1)[:3] + b"step,loss\n1,2\n"


def inputs(scratch):
    """name -> the path to give; a tuple for a command that writes to the standard input."""
    packed = table_text().encode()
    yield "zeros", "/dev/zero"
    yield "random", "/dev/urandom"
    yield "gzip_cut", written(scratch / "cut.csv.gz", gzip.compress(packed)[:-300])
    yield "xz_cut", written(scratch / "cut.csv.xz", lzma.compress(packed)[:-300])
    yield "zstd_cut", written(scratch / "cut.csv.zst", truncated_zstd())
    yield "pickle", written(scratch / "history.csv", pickle.dumps({"step": list(range(99)), "loss": [1.5] * 99}))
    yield "png", written(scratch / "curve.csv", png())
    yield "columns_100000", written(scratch / "wide.csv", wide(100000))
    yield "levels_50000", written(scratch / "deep.json", "[" * 50000 + "1" + "]" * 50000)
    yield "levels_of_objects", written(scratch / "deeper.json", '{"a":' * 50000 + "1" + "}" * 50000)
    yield "unclosed_levels", written(scratch / "open.json", '{"a":[' * 50000)
    yield "bomb", written(scratch / "bomb.csv.gz", bomb())
    yield "endless_pipe", ("yes", "step,1")
    yield "endless_zeros", ("cat", "/dev/zero")
    yield "long_line", written(scratch / "line.csv", "step,loss\n1," + "2" * (1 << 24) + "\n")
    yield "long_line_of_cells", written(scratch / "cells.csv", "1," * (1 << 23) + "2\n")
    yield "own_keys_100000", written(scratch / "keys.jsonl", "".join(f'{{"key{i}": {i}}}\n' for i in range(100000)))
    yield "own_names_100000", written(scratch / "names.log", "".join(f"step {i} name{i} {i}\n" for i in range(100000)))
    yield "folder_of_10001", folder_of(scratch / "many", 10001)
    yield "folder_loop", loop_of(scratch / "loop")
    yield "fifo", fifo(scratch / "fifo.csv")
    yield "empty", written(scratch / "empty.csv", "")
    yield "no_file", scratch / "absent.csv"
    yield "bytes", written(scratch / "bytes.csv", random.Random(9).randbytes(300000))
    yield "quotes", written(scratch / "quotes.csv", 'step,loss\n1,"2\n' * 100000)
    yield "commas", written(scratch / "commas.csv", "," * 2000000)
    yield "bars", written(scratch / "bars.md", "|" * 2000000)
    yield "new_lines", written(scratch / "lines.csv", "\n" * 5000000)


def run(command, source):
    """Exit code, seconds of processor time, peak memory and messages; the exit code is None if it had to be killed."""
    feeder = subprocess.Popen(source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) if source else None
    with tempfile.TemporaryFile() as messages:
        child = subprocess.Popen(command, stdin=feeder.stdout if feeder else subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=messages)
        if feeder:
            feeder.stdout.close()
        late = threading.Timer(MOST_WAIT_S, child.kill)
        late.start()
        _, status, usage = os.wait4(child.pid, 0)
        late.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if feeder:
            feeder.kill()
            feeder.wait()
        messages.seek(0)
        text = messages.read().decode("utf-8", "replace")
    return child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text


def faults_of(name, code, seconds, memory, text):
    faults = []
    if code < 0:
        return [f"ended by signal {-code}"]
    if code != 2 and not (code == 0 and name in READABLE):
        faults.append(f"exit code {code}")
    if seconds > MOST_SECONDS:
        faults.append(f"{seconds:.1f} s")
    if memory > MOST_BYTES:
        faults.append(f"{memory / 1e6:.0f} MB")
    errors = [line for line in text.splitlines() if line.startswith("phaselaw: error: ")]
    if code != 0 and len(errors) != 1:
        faults.append(f"{len(errors)} errors")
    if len(text) > LONGEST_MESSAGE:
        faults.append(f"a message of {len(text)} characters")
    if any(ord(c) < 32 and c != "\n" for c in text):
        faults.append("a message with control characters")
    return faults


def main():
    program, chosen = sys.argv[1], sys.argv[2:]
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, given in inputs(Path(scratch)):
            if chosen and name not in chosen:
                continue
            for verb in VERBS:
                source, path = (given, "-") if isinstance(given, tuple) else (None, str(given))
                code, seconds, memory, text = run([program, verb, path, "--quiet"], source)
                faults = faults_of(name, code, seconds, memory, text)
                failed += len(faults) > 0
                state = "FAILED: " + ", ".join(faults) if faults else "ok"
                first = (text.strip().splitlines() or [""])[0]
                print(f"{name:20} {verb:9} {seconds:5.2f} s {memory / 1e6:5.0f} MB  {state}\n    {first[:300]}", flush=True)
    if failed:
        print(f"{failed} runs failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
