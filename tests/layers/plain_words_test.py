#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents, the messages and the comments avoid a list of expressions that made them hard to read.

Each entry of WORDS has a pattern and the words to use instead. All tracked text files are searched, except notebooks and
licences. The lines of a file are joined without their comment signs, so an expression that is broken over two lines is
found too. The findings of some paths only are printed by
'plain_words_test.py PATH...'.
"""

import bisect
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = (".md", ".h", ".cpp", ".py", ".toml", ".txt", ".sh", ".cmake", ".sbatch", ".js", ".css", "/run")
SKIP = ("LICENSE", "tests/layers/plain_words_test.py")

COUNTED = (
    "one|models?|workers?|runs?|nats|bytes|GB|MB|numbers?|values?|seconds|milliseconds|ms|minutes|products?|passes|pass"
    "|GEMM|flush(?:es)?|FLOP|flop|screen|folder|files?|tokens?|sequences?|samples?|rows?|steps|tasks|threads?|lines?"
    "|entry|entries|packages?|workspaces?|copy|copies|times|epochs|updates|iterations|draws|messages?"
)
UNITS = (
    "core|thread|token|sequence|step|run|row|pair|file|layer|question|decision|verb|caller|rank|process|batch|worker"
    "|line|head|group|point|page|parameter|coordinate|node|column|side|block|shape|curve|model|seed|machine|sample"
)

WORDS = (
    (r"\bwhose\b", "'of which', 'with', or a sentence of its own"),
    (r"\b(?:is|are|was|were) said\b(?! to be)", "'is reported', 'is flagged', 'is printed'"),
    (r"\bfor want of\b", "'because ... is missing'"),
    (r"\b(?:stays?|stayed|staying) put\b", "'does not change', 'stays constant'"),
    (r"\bdearest\b", "'the most expensive'"),
    (r"\b(?:hangs?|hung) (?:on|upon)\b", "'depends on'"),
    (r"\balone (?:will|would|can|may) do\b|\bdoes alone\b|\bwill do alone\b", "'is enough', 'only'"),
    (r"\bas (?:those|they|he|one) sees? it\b", "name the reader: 'interface for ...'"),
    (r"\bwhatever the interval says\b", "'the interval does not include ...'"),
    (r"\bas open as\b", "'poorly constrained'"),
    (r"\bin (?:place|want) of a better\b", "'because there is no better ...'"),
    (r"\bdoes as well\b(?! as)|\bwould do as well\b", "'works too'"),
    (r"\bnot to be had\b|\bis to be had\b", "'not available', 'available'"),
    (r"\bas ever\b", "'as usual', 'unchanged'"),
    (r"\bbuys? (?:nothing|no )", "'does not help', 'brings no gain'"),
    (r"\b(?:who|whoever) (?:asks|wants)\b", "'for readers who ...', or say what the page answers"),
    (r"\bare passed over\b|\bis passed over\b", "'is skipped'"),
    (r"\b(?:tokens|products|FLOPs?|FLOP/s|flops?|steps|GB|MB|rows|runs|sequences|samples|frames|\d+) a second\b"
     r"(?! (?:time|thread|run|pass|product))", "'per second'"),
    (rf"\b(?:{COUNTED}) an? (?:{UNITS})\b(?![-/])", "'per' or 'for each'"),
)
PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in WORDS)
COMMENT = re.compile(r"^\s*(?://+|#+|\*|>|\|)?\s*")


def findings(text: str) -> list[tuple[int, str, str]]:
    """(line, expression found, what to write) of a text; an expression over a line break counts for its first line."""
    pieces, starts, length = [], [], 0
    for line in text.split("\n"):
        piece = COMMENT.sub("", line).rstrip() + " "
        pieces.append(piece)
        starts.append(length)
        length += len(piece)
    joined = "".join(pieces)
    found = [
        (bisect.bisect_right(starts, match.start()), match.group(), instead)
        for pattern, instead in PATTERNS
        for match in pattern.finditer(joined)
    ]
    return sorted(found)


def files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:  # an unpacked archive has no list
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    else:
        names = listed.stdout.split()
    skipped = ("build/", ".git/")
    return [name for name in names if name.endswith(SUFFIXES) and not name.startswith(skipped) and name not in SKIP]


def test_finds_the_expressions() -> None:
    assert [line for line, _, _ in findings("a law\nwhose terms")] == [2]
    assert findings("what is wrong\n// is said here") == findings("x\nis said")[:0] + [
        (2, "is said", "'is reported', 'is flagged', 'is printed'")]
    assert findings("// the model that stays\n//   put")[0][:2] == (1, "stays put")
    for bad in ("2,000 tokens a second", "one a core", "one thread a rank", "about 5 a second.", "the dearest run"):
        assert findings(bad), bad


def test_leaves_usual_english_alone() -> None:
    for good in ("half a second", "a second time", "2 runs a second time", "a second backend", "it hangs", "at a core",
                 "what is said to be", "who trains", "puts a thread"):
        assert not findings(good), good


def test_the_repository_uses_plain_words() -> None:
    bad = []
    for name in files():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        bad += [f"{name}:{line}: '{words}': write {instead}" for line, words, instead in findings(text)]
    assert not bad, "\n" + "\n".join(bad)


def print_findings(paths: list[str]) -> int:
    found = 0
    for name in files():
        if any(name.startswith(path) for path in paths):
            for line, words, instead in findings((ROOT / name).read_text(encoding="utf-8", errors="replace")):
                print(f"{name}:{line}: '{words}': write {instead}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(print_findings(sys.argv[1:]))
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"{name}: passed")
    sys.exit(0)
