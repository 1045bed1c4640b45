# SPDX-License-Identifier: Apache-2.0
"""Reads one file with another program and prints one line of JSON: read_peer.py PEER FILE

PEER is one of PEERS below. The line has the fields of bench_documents_read: rows, columns, sum of all numbers, seconds,
processor time, peak memory of the process and what it held before reading.
"""

import json
import re
import resource
import sys
import time


def pandas_c(path):
    import pandas
    return lambda: pandas.read_csv(path, engine="c")


def pandas_pyarrow(path):
    import pandas
    import pyarrow.csv  # noqa: F401  (so that the import is not timed)
    return lambda: pandas.read_csv(path, engine="pyarrow")


def polars_csv(path):
    import polars
    return lambda: polars.read_csv(path, infer_schema_length=10000)


def pandas_json_lines(path):
    import pandas
    return lambda: pandas.read_json(path, lines=True)


def polars_json_lines(path):
    import polars
    return lambda: polars.read_ndjson(path)


def python_log(path):
    """What people write for a log: a regular expression for each line, and a frame."""
    import pandas
    pair = re.compile(r"(\w+)[:=]? ([-+.\deE]+)")

    def read():
        with open(path) as file:
            return pandas.DataFrame([{k: float(v) for k, v in pair.findall(line)} for line in file])
    return read


PEERS = {f.__name__: f for f in (pandas_c, pandas_pyarrow, polars_csv, pandas_json_lines, polars_json_lines, python_log)}


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def total(frame):
    if hasattr(frame, "select_dtypes"):
        return float(frame.select_dtypes("number").to_numpy().sum())
    return float(sum(c.sum() for c in frame.iter_columns() if c.dtype.is_numeric()))


def main():
    read = PEERS[sys.argv[1]](sys.argv[2])
    before, start, spent = peak(), time.perf_counter(), time.process_time()
    frame = read()
    seconds, processor = time.perf_counter() - start, time.process_time() - spent
    after = peak()
    print(json.dumps({"rows": frame.shape[0], "columns": frame.shape[1], "sum": total(frame), "read_s": seconds,
                      "convert_s": 0, "processor_s": processor, "peak_bytes": after, "before_bytes": before}))


if __name__ == "__main__":
    main()
