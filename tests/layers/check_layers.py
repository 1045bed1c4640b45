#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the repository that a compiler does not see: check_layers.py [ROOT]

Arrows   An include of another layer is declared in USES of that layer's CMakeLists.txt; a declared arrow is used; the
         arrows have no cycle; folder, layer and namespace have one name; the table of docs/layers.md says the same.
Files    At most 500 lines; an SPDX line at the top; no absolute path of somebody's machine.
Functions  In phaselaw/ at most 60 lines from brace to brace, not counting the lines of raw strings.

Prints one line a fault, `file:line: what; what to do`, and exits 1 when there is any.
"""

import re
import subprocess
import sys
from pathlib import Path

MAX_LINES = 500
MAX_FUNCTION_LINES = 60
LICENCE = "SPDX-License-Identifier: Apache-2.0"
LAYER_TABLE = "docs/layers.md"
SOURCE_SUFFIXES = {".h", ".cpp", ".py", ".sh", ".cmake", ".inc"}
BINARY_SUFFIXES = {".png", ".npy", ".db", ".safetensors", ".pdf"}

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^">]+)[">]')
QUOTED_INCLUDE = re.compile(r'\s*#\s*include\s*"')
NAMESPACE = re.compile(r"\s*namespace\s+phaselaw::(\w+)")
LAYER_CALL = re.compile(r"phaselaw_layer\s*\(([^)]*)\)")
TABLE_ROW = re.compile(r"\|\s*`(\w+)`\s*\|[^|]*\|([^|]*)\|")
# Comments and literals, longest first: R"x(...)x", "...", '...' but no digit separator, // and /* */.
NO_CODE = re.compile(r'''R"(\w*)\((?:.*?)\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/''', re.S)
MACRO = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
NO_FUNCTION = re.compile(r"(?:^|[\s>])(?:namespace|class|struct|union|enum)\b[^()]*$|=\s*$")
MACHINE_PATH = re.compile(r"(?<![\w.$}/])/(?:home|Users|root|work)/\w")


class Layer:
    """A folder phaselaw/<name> and the arrows its CMakeLists.txt declares: {layer: line}."""

    def __init__(self, name, cmake, line, uses):
        self.name, self.cmake, self.line, self.uses = name, cmake, line, uses


def tracked_files(root):
    """Files that are in git or would be added to it; every visible file where there is no git."""
    try:
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        paths = [name for name in listing.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
        paths = [p for p in paths if not p.startswith(("build/", ".git/")) and "__pycache__" not in p]
    return sorted(p for p in set(paths) if (root / p).is_file())


def read_lines(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def read_layers(root, faults):
    layers = {}
    for cmake in sorted(root.glob("phaselaw/*/CMakeLists.txt")):
        where, folder = cmake.relative_to(root).as_posix(), cmake.parent.name
        text = re.sub(r"#.*", "", cmake.read_text(encoding="utf-8"))
        call = LAYER_CALL.search(text)
        if not call:
            faults.append(f"{where}:1: no phaselaw_layer(...); add phaselaw_layer({folder} USES ...)")
            continue
        words, uses, reading = [], {}, False
        for match in re.finditer(r"\S+", call.group(1)):
            word, line = match.group(), 1 + text.count("\n", 0, call.start(1) + match.start())
            words.append(word)
            if word in ("USES", "HEADERS", "LIBRARIES"):
                reading = word != "LIBRARIES"
            elif reading:
                uses[word] = line
        line = 1 + text.count("\n", 0, call.start())
        if not words or words[0] != folder:
            faults.append(f"{where}:{line}: the layer is called {words[:1]}, its folder {folder}; give both one name")
        layers[folder] = Layer(folder, where, line, uses)
    for layer in layers.values():
        for used, line in layer.uses.items():
            if used not in layers:
                faults.append(f"{layer.cmake}:{line}: USES {used}, which is no folder of phaselaw/; correct the name")
    return layers


def reachable(layers, start):
    """The layer itself and all that its arrows lead to."""
    found, stack = set(), [start]
    while stack:
        name = stack.pop()
        if name not in found and name in layers:
            found.add(name)
            stack.extend(layers[name].uses)
    return found


def check_cycles(layers, faults):
    done, path, reported = set(), [], set()

    def visit(name):
        if name in path:
            cycle = path[path.index(name):]
            if frozenset(cycle) not in reported:
                reported.add(frozenset(cycle))
                layer, target = layers[path[-1]], name
                faults.append(f"{layer.cmake}:{layer.uses[target]}: cycle {' -> '.join([*cycle, name])}; "
                              "move what both need into a lower layer")
            return
        if name in done or name not in layers:
            return
        path.append(name)
        for used in layers[name].uses:
            visit(used)
        path.pop()
        done.add(name)

    for name in layers:
        visit(name)


def check_first_include(root, files, faults):
    """A source includes the header of its name before anything else: that proves that the header stands alone."""
    for name in files:
        header = str(Path(name).with_suffix(".h"))
        if not name.startswith("phaselaw/") or not name.endswith(".cpp") or header not in files:
            continue
        for number, text in enumerate(read_lines(root / name), 1):
            if include := INCLUDE.match(text):
                if include.group(1) != header:
                    faults.append(f'{name}:{number}: the first include is {include.group(1)}; put "{header}" above it')
                break


def check_includes(root, files, layers, faults):
    used = {name: set() for name in layers}
    for name in files:
        parts = name.split("/")
        if Path(name).suffix not in (".h", ".cpp", ".inc") or len(parts) < 3 or parts[0] not in ("phaselaw", "tests"):
            continue
        own = parts[1]
        if own not in layers:
            if parts[0] == "phaselaw":
                faults.append(f"{name}:1: phaselaw/{own}/ has no CMakeLists.txt; make it a layer")
            continue
        is_layer = parts[0] == "phaselaw"
        for number, text in enumerate(read_lines(root / name), 1):
            if is_layer and (opened := NAMESPACE.match(text)) and opened.group(1) != own:
                faults.append(f"{name}:{number}: namespace phaselaw::{opened.group(1)} in the folder of {own}; "
                              f"use phaselaw::{own} or move the file")
            if not (include := INCLUDE.match(text)):
                continue
            path = include.group(1)
            if ".." in path.split("/") or (is_layer and QUOTED_INCLUDE.match(text) and not path.startswith("phaselaw/")):
                faults.append(f'{name}:{number}: include "{path}" is relative; write "phaselaw/<layer>/<file>"')
                continue
            if not path.startswith("phaselaw/"):
                continue
            target = path.split("/")[1]
            if target not in layers:
                faults.append(f"{name}:{number}: {path} is in no layer; correct the path")
            elif is_layer:
                used[own].add(target)
                if target != own and target not in layers[own].uses:
                    faults.append(f"{name}:{number}: {own} does not use {target}; remove the include, or declare the "
                                  f"arrow in {layers[own].cmake} and {LAYER_TABLE}")
            elif target not in reachable(layers, own):
                faults.append(f"{name}:{number}: tests of {own} cannot see {target}; move the test to a layer above both")
    for layer in layers.values():
        for target, line in layer.uses.items():
            if target in layers and target not in used[layer.name]:
                faults.append(f"{layer.cmake}:{line}: unused arrow {layer.name} -> {target}; remove it from USES and "
                              f"{LAYER_TABLE}")


def check_table(root, layers, faults):
    if not (root / LAYER_TABLE).is_file():
        faults.append(f"{LAYER_TABLE}:1: missing; write the table | layer | is | uses |")
        return
    rows = {}
    for number, text in enumerate(read_lines(root / LAYER_TABLE), 1):
        if row := TABLE_ROW.match(text):
            rows[row.group(1)] = (number, set(re.findall(r"\w+", row.group(2))))
    for name, layer in layers.items():
        if name not in rows:
            faults.append(f"{layer.cmake}:{layer.line}: layer {name} is not in {LAYER_TABLE}; add its row")
        elif rows[name][1] != set(layer.uses):
            faults.append(f"{LAYER_TABLE}:{rows[name][0]}: {name} uses {', '.join(layer.uses) or 'nothing'} in "
                          f"{layer.cmake}; make the row say so")
    for name, (number, _) in rows.items():
        if name not in layers:
            faults.append(f"{LAYER_TABLE}:{number}: no layer {name} in phaselaw/; remove the row")


def check_files(root, files, faults):
    for name in files:
        path = root / name
        if path.suffix in BINARY_SUFFIXES:
            continue
        lines = read_lines(path)
        is_script = bool(lines) and lines[0].startswith("#!")
        if path.suffix in SOURCE_SUFFIXES or path.name == "CMakeLists.txt" or is_script:
            if not any(LICENCE in text for text in lines[:3]):
                faults.append(f"{name}:1: no licence line; begin with: {LICENCE}")
            if path.suffix != ".inc" and len(lines) > MAX_LINES:
                faults.append(f"{name}:{MAX_LINES + 1}: {len(lines)} lines; split it by idea, {MAX_LINES} is the limit")
        for number, text in enumerate(lines, 1):
            if found := MACHINE_PATH.search(text):
                faults.append(f"{name}:{number}: {found.group()}... is a path of one machine; make it relative")


def code_alone(text):
    """The text without comments and literals, its lines in their places; "\\v" ends the lines of a raw string."""

    def blank(match):
        end_of_line = "\v" if match.group()[0] == "R" else "\n"
        return end_of_line * match.group().count("\n")

    return MACRO.sub(blank, NO_CODE.sub(blank, text))


def functions(text):
    """(first line, lines) of every function that is not inside another: from brace to brace, without raw strings."""
    header, scopes, line, count = "", [], 1, 1  # scopes: (line, count) at a function's brace, None at another brace
    after_function = False  # a member initialiser `b{x}` looks like one, and the body follows it
    for character in code_alone(text):
        if character == "{":
            inside = any(scope is not None for scope in scopes)
            head = header.strip()
            is_function = (")" in head and not NO_FUNCTION.search(head)) or (after_function and not head)
            scopes.append((line, count) if is_function and not inside else None)
            header = ""
        elif character == "}":
            begin = scopes.pop() if scopes else None
            after_function = begin is not None
            if begin:
                yield begin[0], count - begin[1] + 1
            header = ""
        else:
            header = "" if character == ";" else header + character
        line += character in "\n\v"
        count += character == "\n"


def check_functions(root, files, faults):
    for name in files:
        if not name.startswith("phaselaw/") or Path(name).suffix not in (".h", ".cpp"):
            continue
        for line, length in functions((root / name).read_text(encoding="utf-8", errors="replace")):
            if length > MAX_FUNCTION_LINES:
                faults.append(f"{name}:{line}: a function of {length} lines; split it into named steps, "
                              f"{MAX_FUNCTION_LINES} is the limit")


def check(root):
    faults = []
    files = tracked_files(root)
    layers = read_layers(root, faults)
    if not layers:
        faults.append("phaselaw/:1: no layers found; call with the root of the repository")
    check_first_include(root, files, faults)
    check_includes(root, files, layers, faults)
    check_cycles(layers, faults)
    check_table(root, layers, faults)
    check_files(root, files, faults)
    check_functions(root, files, faults)
    return faults


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    faults = check(root.resolve())
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "layers and files are as declared")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
