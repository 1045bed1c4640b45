# SPDX-License-Identifier: Apache-2.0
"""NumPy files, compressed files, standard input, several files, and binary files that the program refuses with a way on."""

import gzip
import io
import lzma
import pickle
import shutil
import struct
import subprocess
import zipfile

from registry import delimited, form, put
from study import HEADER, final_rows, text


def csv(runs):
    return delimited([HEADER, *final_rows(runs)])


def npy(descr, shape, payload):
    """A .npy file, version 1.0: magic, length of the header, header, padding to 64 bytes, data."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + payload


def arrays(runs):
    n = len(runs)
    yield "n_params", npy("'<i8'", f"({n},)", struct.pack(f"<{n}q", *(r.n_params for r in runs)))
    yield "tokens", npy("'>f8'", f"({n},)", struct.pack(f">{n}d", *(float(r.tokens) for r in runs)))
    yield "loss", npy("'<f8'", f"({n},)", struct.pack(f"<{n}d", *(r.loss for r in runs)))


@form("npy-structured", "final", ["runs.npy"], row="Python")
def _npy(folder, runs):
    kinds = "[('run', '|S3'), ('n_params', '<i8'), ('tokens', '<f8'), ('loss', '<f8')]"
    payload = b"".join(struct.pack("<3sqdd", r.name.encode(), r.n_params, r.tokens, r.loss) for r in runs)
    put(folder, "runs.npy", npy(kinds, f"({len(runs)},)", payload))


for kind, method in (("npz", zipfile.ZIP_STORED), ("npz-deflated", zipfile.ZIP_DEFLATED)):
    @form(kind, "final", ["runs.npz"], row="Python")
    def _npz(folder, runs, method=method):
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", method) as archive:
            for name, content in arrays(runs):
                archive.writestr(name + ".npy", content)
        put(folder, "runs.npz", whole.getvalue())


@form("gzip", "final", ["runs.csv.gz"], row="compressed")
def _gzip(folder, runs):
    put(folder, "runs.csv.gz", gzip.compress(csv(runs).encode(), mtime=0))


@form("gzip-two-members", "final", ["runs"], row="compressed")
def _members(folder, runs):
    content = csv(runs).encode()
    put(folder, "runs", gzip.compress(content[:150], mtime=0) + gzip.compress(content[150:], mtime=0))


@form("xz", "final", ["runs.csv.xz"], row="compressed")
def _xz(folder, runs):
    put(folder, "runs.csv.xz", lzma.compress(csv(runs).encode()))


@form("zstd", "final", ["runs.csv.zst"], row="compressed", needs="zstd")
def _zstd(folder, runs):
    packed = subprocess.run([shutil.which("zstd"), "-q", "-c"], input=csv(runs).encode(), capture_output=True, check=True)
    put(folder, "runs.csv.zst", packed.stdout)


@form("standard-input", "final", ["-"], row="standard input", stdin="runs.csv")
def _stdin(folder, runs):
    put(folder, "runs.csv", csv(runs))


@form("standard-input-gzip", "final", ["-"], row="standard input", stdin="runs.csv.gz")
def _stdin_gzip(folder, runs):
    put(folder, "runs.csv.gz", gzip.compress(csv(runs).encode(), mtime=0))


@form("several-files", "final", ["small.csv", "large.tsv"], row="several files")
def _several(folder, runs):
    rows = final_rows(runs)
    put(folder, "small.csv", delimited([HEADER, *rows[:11]]))
    put(folder, "large.tsv", delimited([HEADER, *rows[11:]], "\t"))


@form("folder", "final", ["runs"], row="folder")
def _folder(folder, runs):
    for r in runs:
        put(folder, f"runs/{r.name}.csv", f"n_params,tokens,loss\n{r.n_params},{r.tokens},{text(r.loss)}\n")
    put(folder, "runs/.hidden", "not a table")


# Files that are not read, each with its way on.
def refused(name, file, content, *words):
    @form(name, "final", [file], row="refused", words=list(words))
    def _(folder, runs):
        put(folder, file, content(runs))


def zipped(*members):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return whole.getvalue()


def records(runs):
    return [(r.n_params, r.tokens, r.loss) for r in runs]


refused("parquet", "runs.parquet", lambda r: b"PAR1" + bytes(300) + b"PAR1", "Parquet", "phaselaw.read_table")
refused("feather", "runs.feather", lambda r: b"ARROW1\0\0" + bytes(300) + b"ARROW1", "Arrow", "phaselaw.read_table")
refused("excel", "runs.xlsx", lambda r: zipped(("[Content_Types].xml", "<Types/>"), ("xl/workbook.xml", "<workbook/>")),
        "Excel")
refused("pickle", "runs.pkl", lambda r: pickle.dumps(records(r)), "pickle")
refused("torch-checkpoint", "model.pt", lambda r: zipped(("model/data.pkl", pickle.dumps(records(r)))), "pickle")
refused("object-array", "runs.npy", lambda r: npy("'|O'", f"({len(r)},)", pickle.dumps(records(r))), "pickle")
refused("pdf", "paper.pdf", lambda r: b"%PDF-1.7\n" + bytes(range(256)) * 4, "PDF")
refused("zip", "runs.zip", lambda r: zipped(("runs.csv", csv(r))), "zip")
refused("truncated-gzip", "runs.csv.gz", lambda r: gzip.compress(csv(r).encode(), mtime=0)[:-40], "gzip")
refused("no-table", "letter.txt", lambda r: "Dear reader,\nthere is no table here.\nYours\n", "table")
refused("empty", "runs.csv", lambda r: "", "empty")
