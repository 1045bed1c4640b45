#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small inputs from which the fuzzers start: make_seeds.py DIR [FIT.json ...] makes DIR/<name> for each fuzz_<name>.

Documents are the forms of tests/documents/forms. Real FIT.json files given besides make better seeds than the one here.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "documents" / "forms"))
from make_forms import make  # noqa: E402

TABLES = [
    "compute,loss\n1e17,3.2\n2e17,3.0\n",
    "run\tcompute\tloss\r\na\t1e17\t3.2\r\n\"b\t1\"\t2e17\t3.0\r\n",
    "\ufeffparams,tokens,loss\n1e8,2e9,3.1\n\n\"2e8\",4e9,2.9",
    "name,N,D,val_loss\n\"a \"\"quoted\"\" name\",1,2,+3\n\"two\nlines\",4,5,6\n",
    '{"n_params": 1e8, "tokens": 2e9, "loss": 3.1}\n{"n_params": 2e8, "tokens": 4e9, "loss": null}\n',
    '{"_step": 10, "train/loss": 4.0, "config.lr": 3e-4, "nested": {"a": [1, 2]}}\n{"_step": 20, "train/loss": NaN}\n',
    "params (B),tokens (B),loss\n1.4,28,2.5\n7,140,2.1\nnan,inf,-1\n",
]
LAWS = [
    "E + A*N^-alpha + B*D^-beta",
    "L = E + (A/N^alpha + B/D**beta)^gamma",
    "G = (A/B)^0.5; E + A*(G*N)^-alpha + B*(D/G)^-alpha",
    "power@tokens",
    "broken-power-3",
    "E + A*exp(-q*lambert_w(C/C0))",
    "epsilon - k*exp(-gamma*loss) + min(1, max(0, log(S1)*sqrt(batch)))",
    "-+-A*N^-2^1e-3 + pow(D, -b) + 0*my_col",
    "chinchila",
]
FIT = {
    "law": "chinchilla",
    "formula": "E + A*N^-alpha + B*D^-beta",
    "objective": "huber",
    "delta": 1e-3,
    "n_points": 2,
    "objective_value": 0.0066,
    "parameters": {name: {"value": value, "lo": value / 2, "hi": None, "identified": True}
                   for name, value in {"E": 1.7, "A": 406.0, "alpha": 0.34, "B": 411.0, "beta": 0.28}.items()},
    "derived": {},
    "interval": {"method": "bootstrap", "level": 0.95, "resamples": 400},
    "convergence": {"grid_points": 1024, "starts": 10, "agreed": 10, "gradient_norm": 1e-14, "status": "converged",
                    "certified": True, "condition": 1e3, "iterations": 30},
    "selection": {"aicc": -3, "bic": -2},
    "warnings": [],
}


TENSORS = {
    "a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]},
    "b": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [16, 28]},
    "c": {"dtype": "I64", "shape": [], "data_offsets": [28, 36]},
    "d": {"dtype": "F32", "shape": [0, 7], "data_offsets": [36, 36]},
}


def safetensors(header, data):
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


WEIGHTS = [
    safetensors(TENSORS, bytes(range(36))),
    safetensors({"__metadata__": {"model": "{}"}, **TENSORS}, bytes(range(36))),
    safetensors({}, b""),
    safetensors('{"a":{"dtype":"F16","shape":[4294967296,4294967296],"data_offsets":[0,0]}}', b""),
    b"\x80\x02}q" + bytes(40),
]


def write(folder, seeds):
    folder.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds):
        (folder / f"seed_{i}").write_bytes(seed if isinstance(seed, bytes) else seed.encode())


# The corpus of a form of documents, by its kind in the list of forms; NumPy files go by their ending.
CORPUS = {"delimited text": "delimited", "wide matrix": "delimited", "side-by-side export": "delimited",
          "runs table": "delimited", "tables inside prose": "prose_tables", "JSON": "json", "text log": "log",
          "TensorBoard": "tfevents", "compressed": "compressed"}
HOSTILE = ["[" * 2000, '{"a":' * 2000, '{"a": [1, 2], "a": {"b": "\\ud800"}}', ",".join("c" * i for i in range(1, 90)),
           "step 1 loss " * 200, "|-" * 500, "+-" * 500 + "+\n", "\\begin{tabular}" * 50, "\r" * 500, '"' * 501]
LONGEST = 20000  # bytes of a seed


def write_documents(root):
    """The first file of each form, for the reader of its shape and for the door of all."""
    with tempfile.TemporaryDirectory() as scratch:
        for form in make(Path(scratch)):
            path = next(p for p in sorted((Path(scratch) / form.name).rglob("*")) if p.is_file())
            content = path.read_bytes()
            corpora = {"documents", CORPUS.get(form.row), path.suffix[1:] if path.suffix in (".npy", ".npz") else None}
            corpora |= {"encoding"} if form.name.startswith(("utf-16", "latin", "bom", "comma")) else set()
            for corpus in corpora - {None}:
                if len(content) <= LONGEST:
                    (root / corpus).mkdir(parents=True, exist_ok=True)
                    (root / corpus / form.name).write_bytes(content)
    for corpus in ("documents", "delimited", "prose_tables", "json", "log"):
        write(root / corpus, HOSTILE)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: make_seeds.py DIR [FIT.json ...]")
    root = Path(sys.argv[1])
    write_documents(root)
    write(root / "measured", TABLES)
    write(root / "law", LAWS)
    write(root / "fit_json", [json.dumps(FIT), json.dumps(FIT, indent=2)] + [Path(p).read_text() for p in sys.argv[2:]])
    write(root / "safetensors", WEIGHTS)


if __name__ == "__main__":
    main()
