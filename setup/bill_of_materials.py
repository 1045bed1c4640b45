#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bill_of_materials.py BUILD_TREE BILL LICENCES MAP...: which libraries are inside what the linker made, and under which licences.

MAP... are the linker's maps (-Wl,-Map): they name each archive of which an object was taken. Ninja's dependencies in
BUILD_TREE name each header. dpkg knows the package of each file. Writes

    BILL        CycloneDX 1.5, JSON: name, version, origin and licence of each library, hashes of archives
    LICENCES/   their licences as the packages state them

and fails, without writing, if a library is not listed in setup/bundled_licences.txt.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOC = Path("/usr/share/doc")
COMMON = Path("/usr/share/common-licenses")


class Refusal(Exception):
    """One sentence for the user."""


@dataclass
class Part:
    source: str
    version: str
    licence: str
    homepage: str = ""
    packages: dict[str, str] = field(default_factory=dict)  # binary package: version
    archives: dict[str, str] = field(default_factory=dict)  # file: SHA-256
    copyrights: dict[str, Path] = field(default_factory=dict)


def licences(text: str) -> dict[str, str]:
    """The table of setup/bundled_licences.txt."""
    found = {}
    for line in text.splitlines():
        words = line.split("#")[0].split(maxsplit=1)
        if words:
            found[words[0]] = words[1].strip()
    return found


def linked_files(link_map: str) -> set[str]:
    """The archives of which the linker took an object, and single objects such as crt1.o."""
    archives = set(re.findall(r"^(/\S+\.a)\(", link_map, re.MULTILINE))
    return archives | set(re.findall(r"^LOAD (/\S+\.o)$", link_map, re.MULTILINE))


def header_files(listing: str, tree: Path) -> set[str]:
    """The files in the output of ninja -t deps; relative names are relative to the build tree."""
    return {str(tree / name) for name in re.findall(r"^ +(\S+)$", listing, re.MULTILINE)}


def command(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout


def spellings(path: Path) -> list[str]:
    """dpkg knows files by the name in the package, where /lib may stand for /usr/lib."""
    text = str(path)
    return [text, text.removeprefix("/usr")] if text.startswith("/usr/lib") else [text]


def owners(files: set[Path]) -> dict[Path, str]:
    """The binary package of each file that has one."""
    names = {name: path for path in files for name in spellings(path)}
    found: dict[Path, str] = {}
    listed = sorted(names)
    for start in range(0, len(listed), 500):
        for line in command("dpkg-query", "--search", *listed[start:start + 500]).splitlines():
            package, _, name = line.rpartition(": ")
            if name in names:
                found[names[name]] = package.split(",")[0]
    return found


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def debian_packages(names: set[str]) -> dict[str, list[str]]:
    """Of each binary package: its source, the version of that, the home page, and its own version."""
    form = "${binary:Package}\t${source:Package}\t${source:Version}\t${Homepage}\t${Version}\n"
    rows = [line.split("\t") for line in command("dpkg-query", "--show", "--showformat", form, *sorted(names)).splitlines()]
    return {row[0].split(":")[0]: row[1:] for row in rows}


def licence_of(source: str, known: dict[str, str], of: str) -> str:
    if source not in known:
        raise Refusal(
            f"{of} (source {source}) would become part of the program, but setup/bundled_licences.txt does not list it; "
            "read its licence and add a line, or build without it"
        )
    return known[source]


def unpacked_part(path: Path, known: dict[str, str]) -> Part | None:
    """A file of a package that was unpacked below a folder of its own, not installed (setup/install-packages.sh)."""
    for folder in path.parents:
        if folder.name == "usr" and (folder / "share/doc").is_dir() and folder != Path("/usr"):
            logs = sorted(folder.glob("share/doc/*/changelog.Debian.gz"))
            if len(logs) != 1:
                raise Refusal(f"{folder}: expected one unpacked package with its changelog, found {len(logs)}; unpack it again")
            with gzip.open(logs[0], "rt", encoding="utf-8") as log:
                source, version = log.readline().replace("(", "").replace(")", "").split()[:2]
            package = logs[0].parent.name
            return Part(source, version, licence_of(source, known, package), packages={package: version},
                        copyrights={source: logs[0].parent / "copyright"})
    return None


def index_part(path: Path, known: dict[str, str]) -> Part | None:
    """A header of a package from the Python package index, which lies in site-packages."""
    for folder in path.parents:
        if folder.parent.name == "site-packages":
            info = next(iter(folder.parent.glob(f"{folder.name}-*.dist-info")), None)
            if info is None:
                return None
            version = info.name.removesuffix(".dist-info").split("-")[1]
            part = Part(folder.name, version, licence_of(folder.name, known, str(path)))
            for text in [*info.glob("LICEN*"), *info.glob("licenses/*"), *folder.glob("LICENSE*")]:
                part.copyrights[folder.name] = text
            return part
    return None


def parts(files: set[str], known: dict[str, str]) -> list[Part]:
    found: dict[str, Part] = {}
    paths = {Path(name).resolve() for name in files if Path(name).exists()}
    owner = owners(paths)
    described = debian_packages(set(owner.values()))
    for path in sorted(paths):
        package = owner.get(path, "").split(":")[0]
        if package:
            source, version, homepage, _ = described[package]
            part = Part(source, version, licence_of(source, known, package), homepage)
        elif (made := unpacked_part(path, known) or index_part(path, known)) is not None:
            part = made
        elif path.suffix == ".a":
            raise Refusal(f"{path} belongs to no package of Debian, so its licence is unknown; link the library of a package")
        else:
            continue  # headers of this project, and of an interpreter beside Debian's
        part = found.setdefault(part.source, part)
        if package:
            part.packages[package] = described[package][3]
            part.copyrights.setdefault(part.source, DOC / package / "copyright")
        if path.suffix in (".a", ".o"):
            part.archives[str(path)] = hash_of(path)
    return [found[name] for name in sorted(found)]


def purl(part: Part) -> str:
    if not part.packages:
        return f"pkg:pypi/{part.source}@{part.version}"
    return f"pkg:deb/debian/{part.source}@{part.version.replace('+', '%2B')}?arch=source&distro=debian-12"


def component(part: Part) -> dict[str, object]:
    properties = [{"name": "phaselaw:package", "value": f"{name} {version}"} for name, version in sorted(part.packages.items())]
    properties += [{"name": f"phaselaw:sha256:{Path(name).name}", "value": digest} for name, digest in sorted(part.archives.items())]
    properties.append({"name": "phaselaw:part", "value": "linked" if part.archives else "headers"})
    made: dict[str, object] = {
        "type": "library",
        "bom-ref": purl(part),
        "name": part.source,
        "version": part.version,
        "purl": purl(part),
        "licenses": [{"expression": part.licence}],
        "properties": properties,
    }
    if part.homepage:
        made["externalReferences"] = [{"type": "website", "url": part.homepage}]
    return made


def document(found: list[Part], version: str) -> dict[str, object]:
    components = [component(part) for part in found]
    name = hashlib.sha256(json.dumps(components, sort_keys=True).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",  # the same parts, the same number
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "phaselaw", "name": "phaselaw", "version": version,
                                   "licenses": [{"expression": "Apache-2.0"}]}},
        "components": components,
        "dependencies": [{"ref": "phaselaw", "dependsOn": [made["bom-ref"] for made in components]}],
    }


def write_licences(found: list[Part], folder: Path) -> None:
    """One file for each library, and the common licences to which Debian's files refer."""
    folder.mkdir(parents=True, exist_ok=True)
    common = set()
    for part in found:
        for name, source in part.copyrights.items():
            if not source.is_file():
                raise Refusal(f"{source}, the licence of {part.source}, is missing; install the package again")
            text = source.read_text(encoding="utf-8", errors="replace")
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
            common |= set(re.findall(r"/usr/share/common-licenses/([A-Za-z]+-?[0-9.]*[0-9]|[A-Za-z]+)", text))
    for name in sorted(common):
        if (COMMON / name).is_file():
            shutil.copy(COMMON / name, folder / f"common-{name}.txt")


def main(words: list[str]) -> int:
    if len(words) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    tree, bill, texts, maps = Path(words[0]), Path(words[1]), Path(words[2]), [Path(word) for word in words[3:]]
    try:
        known = licences((HERE / "bundled_licences.txt").read_text(encoding="utf-8"))
        files = header_files(command("ninja", "-C", str(tree), "-t", "deps"), tree)
        for path in maps:
            files |= linked_files(path.read_text(encoding="utf-8", errors="replace"))
        found = parts(files, known)
        if not any(part.archives for part in found):
            raise Refusal(f"{', '.join(map(str, maps))}: no library was linked; expected maps of a build with PHASELAW_BUNDLE")
        version = re.search(r"^CMAKE_PROJECT_VERSION:STATIC=(.+)$", (tree / "CMakeCache.txt").read_text(), re.MULTILINE)
        made = document(found, version.group(1) if version else "unknown")
        write_licences(found, texts)
        bill.parent.mkdir(parents=True, exist_ok=True)
        bill.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    except (Refusal, OSError) as error:
        print(f"bill_of_materials: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
