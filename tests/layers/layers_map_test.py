#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/layers.md names every file of every layer, and no file that does not exist.

The map has a heading '### layer' or '### layer/folder' for each folder, and below it lines '- `name`, `name`: what they
contain'. A name stands for name.h and name.cpp.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def named(page: str) -> dict[str, list[str]]:
    """The names in the map, by folder."""
    folders: dict[str, list[str]] = {}
    for part in re.split(r"^### ", page.split("## Inside the layers", 1)[1], flags=re.MULTILINE)[1:]:
        folder, _, text = part.partition("\n")
        names = folders.setdefault(folder.strip(), [])
        for line in re.findall(r"^- (.*?)(?=^- |\Z)", text, flags=re.MULTILINE | re.DOTALL):
            names += re.findall(r"`(\w+)`", line.split(":", 1)[0])
    return folders


def existing(root: pathlib.Path) -> dict[str, set[str]]:
    """The stems of the sources, by folder below phaselaw/."""
    folders: dict[str, set[str]] = {}
    for path in root.rglob("*"):
        if path.suffix in (".h", ".cpp"):
            folders.setdefault(str(path.parent.relative_to(root)), set()).add(path.stem)
    return folders


def differences(page: str, files: dict[str, set[str]]) -> list[str]:
    found = []
    map_ = named(page)
    for folder in sorted(set(map_) | set(files)):
        names = map_.get(folder, [])
        for name in sorted(files.get(folder, set()) - set(names)):
            found.append(f"docs/layers.md does not name phaselaw/{folder}/{name}: add it to a line under '### {folder}'")
        for name in sorted(set(names) - files.get(folder, set())):
            found.append(f"docs/layers.md names phaselaw/{folder}/{name}, which does not exist: remove it")
        for name in sorted({name for name in names if names.count(name) > 1}):
            found.append(f"docs/layers.md names phaselaw/{folder}/{name} twice")
    return found


def test_finds_what_is_missing_and_what_is_gone() -> None:
    page = "`x`\n## Inside the layers\nText.\n\n### a\n- `one`, `two`,\n  `three`: what `four` is\n- `five`: more\n\n### a/b\n- `six`: it\n"
    assert named(page) == {"a": ["one", "two", "three", "five"], "a/b": ["six"]}
    files = {"a": {"one", "two", "three", "five"}, "a/b": {"six"}}
    assert differences(page, files) == []
    assert len(differences(page, {**files, "a": {"one", "two", "three", "seven"}})) == 2
    assert len(differences(page, {**files, "c": {"eight"}})) == 1
    assert len(differences(page + "- `six`: again\n", files)) == 1


def test_the_map_is_complete() -> None:
    files = existing(ROOT / "phaselaw")
    assert len(files) >= 20, "the sources were not found"
    found = differences((ROOT / "docs/layers.md").read_text(encoding="utf-8"), files)
    assert not found, "\n" + "\n".join(found)


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"{name}: passed")
    sys.exit(0)
