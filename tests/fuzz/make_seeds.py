#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small texts from which the fuzzers start: make_seeds.py DIR makes DIR/table, DIR/measured, DIR/law, DIR/fit_json,
DIR/safetensors. Real FIT.json files given besides make better seeds than the one here."""

import json
import sys
from pathlib import Path

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


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: make_seeds.py DIR [FIT.json ...]")
    root = Path(sys.argv[1])
    write(root / "table", TABLES)
    write(root / "measured", TABLES)
    write(root / "law", LAWS)
    write(root / "fit_json", [json.dumps(FIT), json.dumps(FIT, indent=2)] + [Path(p).read_text() for p in sys.argv[2:]])
    write(root / "safetensors", WEIGHTS)


if __name__ == "__main__":
    main()
