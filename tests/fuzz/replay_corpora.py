#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the corpora of the fuzzers and some damaged copies of each input, and has fuzz_replay read them all.

    replay_corpora.py FUZZ_REPLAY

The copies are always the same: cut, doubled, with changed bytes, with pieces of another input of the corpus.
"""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST = 20000  # bytes of an input that gets damaged copies


def damaged(seed, other, draw):
    yield seed[:draw.randrange(len(seed) + 1)]
    yield seed[draw.randrange(len(seed) + 1):]
    yield seed + seed
    changed = bytearray(seed)
    for _ in range(min(8, len(seed))):
        changed[draw.randrange(len(seed))] = draw.choice([0, 9, 10, 34, 44, 92, 123, 255, draw.randrange(256)])
    yield bytes(changed)
    at, begin = draw.randrange(len(seed) + 1), draw.randrange(len(other) + 1)
    yield seed[:at] + other[begin:begin + 200] + seed[at:]


def main():
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        subprocess.run([sys.executable, HERE / "make_seeds.py", root], check=True)
        for corpus in sorted(root.iterdir()):
            draw = random.Random(corpus.name)
            seeds = [path for path in sorted(corpus.iterdir()) if path.stat().st_size <= LONGEST]
            texts = [path.read_bytes() for path in seeds]
            for path, text in zip(seeds, texts):
                for i, copy in enumerate(damaged(text, draw.choice(texts), draw)):
                    (corpus / f"{path.name}.damaged_{i}").write_bytes(copy)
        return subprocess.run([sys.argv[1], root], timeout=280).returncode


if __name__ == "__main__":
    sys.exit(main())
