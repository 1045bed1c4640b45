# SPDX-License-Identifier: Apache-2.0
"""Seconds and peak memory of reading the same files with phaselaw, pandas and polars, in turns.

    compare.py BENCH_DOCUMENTS_READ [--rounds 3] [--kinds csv] [--quick] [--json FILE]

Each reading is a process of its own. All must find the same rows and the same sum of numbers before a time counts. Memory
is the peak of the process above what it held before reading, because an interpreter with its packages holds 100 MB and
more. Every peer may use all cores; phaselaw uses one.
"""

import argparse
import importlib.metadata
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ["step", "loss", "val_loss", "lr", "grad_norm", "tokens", "time_s", "mfu", "memory_gb", "epoch"]
CSV_PEERS = ["pandas_c", "pandas_pyarrow", "polars_csv"]
PEERS = {"csv": CSV_PEERS, "jsonl": ["pandas_json_lines", "polars_json_lines"], "log": ["python_log"]}


def cells(row, draw):
    return [str(row * 10), f"{2 + 5 / (1 + row) + draw.random() / 100:.5f}", f"{2.1 + 5 / (1 + row):.5f}",
            f"{3e-4 * draw.random():.3e}", f"{draw.random():.4f}", str(row * 524288), f"{row * 0.31:.2f}",
            f"{40 + draw.random():.2f}", f"{60 + draw.random():.1f}", f"{row / 1000:.3f}"]


def write(path, rows):
    draw = random.Random(1)
    with open(path, "w") as file:
        if path.suffix == ".csv":
            file.write(",".join(NAMES) + "\n")
        for row in range(rows):
            values = cells(row, draw)
            if path.suffix == ".csv":
                file.write(",".join(values) + "\n")
            elif path.suffix == ".jsonl":
                file.write("{" + ", ".join(f'"{k}": {v}' for k, v in zip(NAMES, values)) + "}\n")
            else:
                file.write(" ".join(f"{k} {v}" for k, v in zip(NAMES, values)) + "\n")


def write_wide(path, columns, rows=10):
    draw = random.Random(2)
    with open(path, "w") as file:
        file.write(",".join(f"metric_{i}" for i in range(columns)) + "\n")
        for _ in range(rows):
            file.write(",".join(f"{draw.random():.6f}" for _ in range(columns)) + "\n")


def once(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout)


def same(a, b):
    return a["rows"] == b["rows"] and a["columns"] == b["columns"] and abs(a["sum"] - b["sum"]) <= 1e-9 * abs(b["sum"])


def measured(path, program, rounds):
    """name -> list of results, in turns."""
    peers = {name: [sys.executable, str(Path(__file__).with_name("read_peer.py")), name, str(path)]
             for name in PEERS[path.suffix[1:]]}
    commands = {"phaselaw": [program, str(path)], **peers}
    results = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            results[name].append(once(command))
    return results


def cell(results, reference):
    failed = next((r["failed"] for r in results if "failed" in r), None)
    if failed:
        return f"failed: {failed[:60]}", None
    if not all(same(r, reference) for r in results):
        r = results[0]
        return f"another answer: {r['rows']} x {r['columns']}, sum {r['sum']:.6g}", None
    seconds = statistics.median(r["read_s"] + r["convert_s"] for r in results)
    memory = statistics.median(r["peak_bytes"] - r["before_bytes"] for r in results)
    processor = statistics.median(r["processor_s"] for r in results)
    return (f"{seconds:.3g} s, {processor:.3g} s of processor time, {memory / 1e6:.3g} MB",
            {"seconds": seconds, "processor_seconds": processor, "bytes": memory})


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--quick", action="store_true", help="leave the largest sizes out")
    arguments.add_argument("--kinds", nargs="+", default=list(PEERS), choices=list(PEERS), help="only files of these kinds")
    arguments.add_argument("--json", help="file for all figures")
    options = arguments.parse_args()
    print(", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("pandas", "pyarrow", "polars")),
          f"Python {sys.version.split()[0]}\n")
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        work = [(f"{kind}, {10**k:,} rows x 10", f"rows{k}.{kind}", lambda p, k=k: write(p, 10**k))
                for kind in options.kinds for k in ((4, 5) if options.quick else (4, 5, 6))]
        work += [(f"csv, 10 rows x {10**k:,} columns", f"wide{k}.csv", lambda p, k=k: write_wide(p, 10**k))
                 for k in ((2, 3, 4) if options.quick else (2, 3, 4, 5)) if "csv" in options.kinds]
        for title, name, make in work:
            path = Path(scratch) / name
            make(path)
            results = measured(path, options.program, options.rounds)
            peers = [r for n in results if n != "phaselaw" for r in results[n] if "failed" not in r]
            reference = peers[0] if peers else results["phaselaw"][0]
            line = figures[title] = {"file_bytes": path.stat().st_size}
            print(f"{title} ({path.stat().st_size / 1e6:.3g} MB)")
            for peer, values in results.items():
                text, line[peer] = cell(values, reference)
                print(f"  {peer:18} {text}", flush=True)
            path.unlink()
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
