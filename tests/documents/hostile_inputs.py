# SPDX-License-Identifier: Apache-2.0
"""Gives inputs to the program that were made to hurt it, or that are no tables at all.

    hostile_inputs.py PROGRAM [GROUP ...]        groups: tables, stores, weights, experiments, fits; default: all

Every table goes through `table`, `fit` and `diagnose`. Stores, fit files, weights and experiments go through the verbs
that read them. Each must end by itself within 2 s of processor time and 300 MB, with exit code 2 (a store: 1 or 2) and
one error: one line that begins with `phaselaw: error: `, without control characters and not longer than a screen. Inputs
that are unusual but sound (READABLE) may also be read. A run that waits for something is killed and fails. One line is
printed for each run, with its time and its peak memory.
"""

import gzip
import json
import lzma
import os
import pickle
import random
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import zlib
from pathlib import Path

MOST_SECONDS, MOST_BYTES, MOST_WAIT_S, LONGEST_MESSAGE = 2.0, 300e6, 120.0, 4000
VERBS = ["table", "fit", "diagnose"]
GROUPS = ["tables", "stores", "weights", "experiments", "fits"]
READABLE = {"columns_100000", "levels_50000", "own_keys_100000", "folder_loop", "tensors_100000", "fit_more_keys",
            "foreign_version", "json_huge_numbers", "json_one_key_twice"}


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
    yield "line_of_100_MB", written(scratch / "line100.csv", "step,loss\n1," + "2" * 100_000_000 + "\n")
    yield "zero_bytes", written(scratch / "nul.csv", "step,loss\n" + "1,2\0\n" * 100000)
    yield "json_of_zeros", written(scratch / "nul.json", '{"step": [1, 2\0, 3], "loss": [3, 2, 1]}')
    yield "json_huge_numbers", written(scratch / "huge.json", '[{"step": 1, "loss": ' + "9" * 100000 + "}]")
    yield "json_one_key_twice", written(scratch / "twice.json", '[{"loss": 1, "step": 1, ' + '"loss": 2, ' * 100000 + '"a": 1}]')
    yield "json_cut", written(scratch / "cut.json", '[{"step": 1, "loss": 2}, {"step": ')


STUDY = """
[model]
n_layers = 1
d_model = 8
d_hidden = 8
n_heads = 1
d_head = 4
seq_len = 2
[data]
source = "teacher"
n_data = 4
n_test = 4
[training]
optimizer = "sgd"
learning_rate = 0.01
batch = 4
steps = 20
[grid]
"model.d_hidden" = [4, 8]
"data.n_data" = [4, 8]
"""
# Statements that somebody may have carried out in a store before sending it.
STATEMENTS = {
    "trigger": "create trigger t after insert on runs begin delete from measurements; end",
    "trigger_that_never_ends": "create trigger t after update on runs begin insert into measurements select * from measurements; end",
    "view": "create view v as select * from runs",
    "view_instead_of_a_table": "alter table measurements rename to m; create view measurements as select * from m",
    "view_without_end": "alter table measurements rename to m; create view measurements as with recursive r(i) as "
                        "(select 1 union all select i + 1 from r) select m.* from r, m",
    "index_expression": "create index i on runs(length(hex(zeroblob(100000)) || run))",
    "other_tables": "drop table measurements; create table other (a)",
    "text_as_number": "update measurements set test_loss = 'abc'",
    "number_as_text": "update runs set configuration = 7",
    "bytes_as_text": "update runs set configuration = x'ff00ff'",
    "infinite_number": "update measurements set test_loss = 9e999",
    "large_text": "update runs set configuration = hex(zeroblob(10000000)) where run = 1",
    "nested_text": "update runs set summary = '" + "[" * 100000 + "'",
    "many_rows": "",
    "foreign_version": "pragma user_version = 2147483647",
    "foreign_application": "pragma application_id = 1",
}


def stores(program, scratch):
    """name -> a store in which somebody has changed something."""
    study = written(scratch / "study.toml", STUDY)
    sound = scratch / "sound.db"
    subprocess.run([program, "sweep", study, "--out", sound, "--quiet", "--threads", "1"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name, statements in STATEMENTS.items():
        path = written(scratch / f"{name}.db", sound.read_bytes())
        store = sqlite3.connect(path)
        try:
            store.executescript(statements)
            if name == "many_rows":
                columns = [column[1] for column in store.execute("pragma table_info(measurements)")]
                row = dict(zip(columns, store.execute("select * from measurements").fetchone()))
                store.executemany(f"insert into measurements values ({','.join('?' * len(columns))})",
                                  ([{**row, "step": 10000 + i}[c] for c in columns] for i in range(300000)))
                store.commit()
        finally:
            store.close()
        yield name, path
    yield "cut", written(scratch / "half.db", sound.read_bytes()[:5000])
    yield "header_only", written(scratch / "head.db", sound.read_bytes()[:100] + bytes(100000))
    yield "no_store", written(scratch / "text.db", "step,loss\n1,2\n")


def weights(scratch):
    def file(name, header, data=b"", length=None):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return written(scratch / f"{name}.safetensors", struct.pack("<Q", len(text) if length is None else length) + text + data)

    def tensor(begin, end, dtype="F32", shape=None):
        return {"dtype": dtype, "shape": shape or [(end - begin) // 4], "data_offsets": [begin, end]}
    yield "header_of_2_63", file("w1", b"{}", length=1 << 63)
    yield "header_of_1_TB", file("w2", b"{}", length=1 << 40)
    yield "header_longer_than_file", file("w3", b"{}", length=1000)
    yield "overlap", file("w4", {"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12))
    yield "hole", file("w5", {"a": tensor(0, 4), "b": tensor(8, 12)}, bytes(12))
    yield "bytes_behind", file("w6", {"a": tensor(0, 4)}, bytes(8))
    yield "huge_shape", file("w7", {"a": tensor(0, 4, shape=[1 << 62, 1 << 62])}, bytes(4))
    yield "negative_shape", file("w8", {"a": tensor(0, 4, shape=[-1])}, bytes(4))
    yield "offsets_beyond", file("w9", {"a": tensor(0, 1 << 62)}, bytes(4))
    yield "name_twice", file("w10", b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4))
    yield "nested_header", file("w11", b'{"a":' * 100000 + b"1" + b"}" * 100000)
    yield "tensors_100000", file("w12", {f"t{i}": tensor(4 * i, 4 * i + 4) for i in range(100000)}, bytes(400000))
    yield "tensors_1000000", file("w13", {f"t{i}": tensor(4 * i, 4 * i + 4) for i in range(1000000)}, bytes(4000000))


def experiments(scratch):
    def file(name, text):
        return written(scratch / f"{name}.toml", text)
    yield "nesting", file("x1", "a = " + "[" * 50000 + "]" * 50000)
    yield "inline_tables", file("x2", "a = " + "{a = " * 50000 + "1" + "}" * 50000)
    yield "keys_1000000", file("x3", "".join(f"k{i} = 1\n" for i in range(1000000)))
    yield "keys_80000", file("x4", "".join(f"k{i} = 1\n" for i in range(80000)))
    yield "dotted_key", file("x5", ".".join("a" * 50000) + " = 1")
    yield "dotted_keys", file("x6", "".join(f"a{i}.b{i}.c{i} = 1\n" for i in range(30000)))
    yield "tables_80000", file("x7", "".join(f"[t{i}]\n" for i in range(80000)))
    yield "giant_integer", file("x8", "[model]\nd_model = " + "9" * 100000)
    yield "large_integer", file("x9", "[model]\nd_model = 9223372036854775807\nseq_len = 9223372036854775807")
    yield "large_data", file("x10", "[data]\nn_data = 4611686018427387904\nn_test = 4611686018427387904")
    yield "large_number", file("x11", "[training]\nlearning_rate = 1e999")
    yield "not_a_number", file("x12", "[training]\nlearning_rate = nan")
    yield "long_text", file("x13", '[training]\noptimizer = "' + "a" * 900000 + '"')
    yield "bytes", file("x14", random.Random(4).randbytes(100000))
    yield "zero_bytes", file("x15", "[model]\n" + "\0" * 1000)
    yield "no_end", "/dev/zero"


def fit_files(program, scratch):
    table = scratch / "ladder.csv"
    lines = ["n_params,tokens,loss"]
    for i in range(40):
        n, d = 1e7 * 2 ** (i % 8), 1e9 * 2 ** (i // 8)
        lines.append(f"{n:.0f},{d:.0f},{1.7 + 400 / n ** .34 + 410 / d ** .28 + .001 * (i * 7 % 5):.6f}")
    written(table, "\n".join(lines) + "\n")
    sound = scratch / "fit.json"
    subprocess.run([program, "fit", table, "--law", "chinchilla", "--interval", "none", "--json", sound, "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    fit = json.loads(sound.read_text())

    def file(name, value):
        return written(scratch / f"{name}.json", value if isinstance(value, (str, bytes)) else json.dumps(value))
    yield "fit_nesting", file("f1", "[" * 100000)
    yield "fit_many_parameters", file("f2", {**fit, "parameters": {f"p{i}": 1 for i in range(200000)}})
    yield "fit_numbers", file("f3", sound.read_text().replace('"lo"', '"lo": 1e999, "x"'))
    yield "fit_texts", file("f4", {key: "a" for key in fit})
    yield "fit_empty", file("f5", {})
    yield "fit_list", file("f6", [1] * 1000000)
    yield "fit_without_law", file("f7", {key: value for key, value in fit.items() if key != "law"})
    yield "fit_law_nested", file("f8", {**fit, "form": "(" * 100000})
    yield "fit_law_long", file("f9", {**fit, "form": "E" + "+E" * 500000})
    yield "fit_twice", file("f10", '{"law": 1, ' * 1 + '"law": 2}')
    yield "fit_more_keys", file("f11", {**fit, **{f"k{i}": i for i in range(100000)}})
    yield "fit_bytes", file("f12", random.Random(4).randbytes(100000))
    yield "fit_no_end", "/dev/zero"


def runs(program, scratch, groups):
    """name, verb, further arguments of the verb, source for the standard input, codes of the exit."""
    for name, given in inputs(scratch) if "tables" in groups else []:
        source, path = (given, "-") if isinstance(given, tuple) else (None, str(given))
        for verb in VERBS:
            yield name, [verb, path, "--quiet"], source, {2}
    for name, path in stores(program, scratch) if "stores" in groups else []:
        for verb, *more in (["check"], ["export"], ["fit", "--law", "E + A*tokens^-a"], ["report", "--out", scratch / "r.html"],
                            ["merge", path, "--quiet"]):
            arguments = [verb, scratch / f"merged_{name}.db", *more] if verb == "merge" else [verb, path, *more]
            yield name, arguments, None, {1, 2}
    for name, path in weights(scratch) if "weights" in groups else []:
        yield name, ["weights", path], None, {2}
    for name, path in experiments(scratch) if "experiments" in groups else []:
        for verb in ("train", "sweep", "kernel", "predict"):
            yield name, [verb, path, "--out", scratch / "never", "--quiet"], None, {2}
    for name, path in fit_files(program, scratch) if "fits" in groups else []:
        yield name, ["plan", "--fit", path, "--compute", "1e21", "--quiet"], None, {2}


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


def faults_of(name, codes, code, seconds, memory, text):
    faults = []
    if code < 0:
        return [f"ended by signal {-code}"]
    if code not in codes and not (code == 0 and name in READABLE):
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


def made(group, program, scratch):
    """The runs of a group. Another process makes the files: what this one needs would count as memory of the program."""
    return json.loads(subprocess.run([sys.executable, __file__, program, "--make", group, str(scratch)], check=True,
                                     stdout=subprocess.PIPE).stdout)


def main():
    program, words = os.path.realpath(sys.argv[1]), sys.argv[2:]
    if words[:1] == ["--make"]:
        print(json.dumps([[name, list(map(str, arguments)), source, sorted(codes)]
                          for name, arguments, source, codes in runs(program, Path(words[2]), [words[1]])]))
        return 0
    failed = count = 0
    for group in words or GROUPS:
        with tempfile.TemporaryDirectory() as scratch:
            for name, arguments, source, codes in made(group, program, scratch):
                code, seconds, memory, text = run([program, *arguments], source)
                faults = faults_of(name, codes, code, seconds, memory, text)
                count += 1
                failed += len(faults) > 0
                state = "FAILED: " + ", ".join(faults) if faults else "ok"
                first = (text.strip().splitlines() or [""])[0]
                print(f"{name:24} {arguments[0]:9} {seconds:5.2f} s {memory / 1e6:5.0f} MB  {state}\n    {first[:300]}",
                      flush=True)
    print(f"{count} runs, {failed} failed")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
