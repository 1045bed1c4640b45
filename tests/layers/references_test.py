#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A document that a source names is in the repository, with the heading if one is named.

Comments and messages cite documents as 'docs/kernel.md', with a heading as 'docs/kernel.md#matrix-free' or as
'docs/kernel.md, Matrix-free': a capital letter after the comma begins a heading, which ends at a punctuation mark. The
test reads sources of C++, Python, CMake and shell, and finds references that are broken over two comment lines.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = (".h", ".cpp", ".inc", ".py", ".pyi", ".cmake", ".sh", ".toml", "CMakeLists.txt")
SKIP = ("tests/layers/references_test.py", "tests/layers/check_layers_test.py")  # they have made-up documents
REFERENCE = re.compile(r"\bdocs/[\w/.-]*?\.md\b(?:#(?P<anchor>[a-z0-9-]+)|, (?P<heading>[A-Z][A-Za-z -]*[a-z]))?")
OTHER_NOTES = re.compile(r"(?<![\w/.-])(?:theory|kernels|design|statistics|training)\.md\b")  # documents of another place
LINE_BREAK = re.compile(r"\n[ \t]*(?://|#)?[ \t]*")


def anchor_of(heading: str) -> str:
    """The name that a link uses: lower case, spaces as hyphens, without other punctuation."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors_of(document: str) -> set[str]:
    return {anchor_of(title.strip()) for title in re.findall(r"^#+ (.+)$", document, re.MULTILINE)}


def problems(text: str, read) -> list[str]:
    """What is wrong with the references in `text`; read(path) is the text of a document, or None."""
    found = []
    joined = LINE_BREAK.sub(" ", text)
    for match in REFERENCE.finditer(joined):
        path = match.group().split("#")[0].split(",")[0]
        document = read(path)
        if document is None:
            found.append(f"{path} does not exist")
            continue
        anchor = match["anchor"] or (anchor_of(match["heading"]) if match["heading"] else None)
        if anchor and not any(known == anchor or anchor.startswith(known + "-") for known in anchors_of(document)):
            found.append(f"{path} has no heading '{match['anchor'] or match['heading']}'")
    return found + [f"{match.group()} names no document of the repository" for match in OTHER_NOTES.finditer(joined)]


def document(path: str):
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.is_file() else None


def sources() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.split()
    else:  # an unpacked archive has no list
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    return [name for name in names if name.endswith(SUFFIXES) and not name.startswith("build/") and name not in SKIP]


def test_finds_what_is_wrong() -> None:
    documents = {"docs/a.md": "# A\n## Two words\n"}
    assert problems("see docs/b.md", documents.get) == ["docs/b.md does not exist"]
    assert problems("see docs/a.md, Three", documents.get) == ["docs/a.md has no heading 'Three'"]
    assert problems("see docs/a.md#three", documents.get) == ["docs/a.md has no heading 'three'"]
    assert problems("// theory.md section 4", documents.get) == ["theory.md names no document of the repository"]


def test_accepts_what_is_right() -> None:
    documents = {"docs/a.md": "# A\n## Two words\n", "docs/training.md": "# T\n"}
    for text in ("docs/a.md", "// docs/a.md, Two\n  // words [T].", "docs/a.md#two-words", "docs/a.md, in lower case",
                 "docs/training.md", "docs/a.md, docs/training.md"):
        assert problems(text, documents.get) == [], text


def test_references_of_the_sources_exist() -> None:
    bad = []
    for name in sources():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        bad += [f"{name}: {problem}" for problem in problems(text, document)]
    assert not bad, "\n" + "\n".join(bad)


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"{name}: passed")
    sys.exit(0)
