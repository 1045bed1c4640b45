#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_portable.sh ARCHIVE: unpacks an archive of setup/portable.sh into a folder with nothing else, makes it the root of the
# file system, and fits and plans there: no shell, no library, no file of the system. Needs root or user namespaces.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
archive=$(realpath "${1:?which archive? setup/portable.sh makes it}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

start=$(date +%s.%N)
mkdir -p "$work/root/proc" "$work/root/tmp"
tar -xzf "$archive" --strip-components=1 -C "$work/root"
(cd "$work/root" && sha256sum --check --quiet SHA256SUMS)
cp "$here/runs.csv" "$work/root/"
program=$work/root/bin/phaselaw
ldd "$program" 2>&1 | grep -qE 'statically linked|not a dynamic executable' || { ldd "$program" && exit 1; }
echo "${archive##*/}: $(($(stat -c %s "$archive") / 1000)) kB; program: $(($(stat -c %s "$program") / 1000)) kB, $(ldd "$program" 2>&1 | xargs)"

inside() {
  unshare --map-root-user --mount --pid --fork bash -c \
    'mount -t proc proc "$0/proc" && cd "$0" && exec "$(command -v chroot)" "$0" /bin/phaselaw "$@"' "$work/root" "$@"
}
inside --version
inside fit /runs.csv --law chinchilla --json /fit.json --quiet
inside plan --fit /fit.json --compute 1e22
awk -v start="$start" -v end="$(date +%s.%N)" 'BEGIN { printf "unpack, check, fit and plan: %.1f s\n", end - start }'
inside man fit >"$work/fit.1"
cmp "$work/fit.1" "$work/root/share/man/man1/phaselaw-fit.1"
source "$work/root/share/bash-completion/completions/phaselaw"

about=$work/root/share/doc/phaselaw
python3 - "$about" <<'PYTHON'
import json, pathlib, sys

about = pathlib.Path(sys.argv[1])
bill = json.loads((about / "bill-of-materials.cdx.json").read_text())
assert bill["bomFormat"] == "CycloneDX" and bill["components"], bill
for part in bill["components"]:
    assert part["licenses"][0]["expression"], part
    assert (about / "licences" / f"{part['name']}.txt").is_file(), part["name"]
linked = [part for part in bill["components"] if any(p["value"] == "linked" for p in part["properties"])]
print("inside:", ", ".join(f"{part['name']} {part['version']}" for part in linked))
assert {"openblas", "glibc", "sqlite3"} <= {part["name"] for part in linked}, linked
PYTHON

# Several ranks need MPI, which this program does not have: one sentence, nothing written.
cp "$here/../../examples/study.toml" "$work/root/"
set +e
said=$(OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 inside sweep /study.toml --out /s.db 2>&1)
code=$?
set -e
[[ $code == 2 && $said == *"without MPI"* && ! -e $work/root/s.db ]] || { echo "check_portable: exit code $code: $said" >&2 && exit 1; }
echo "said: ${said##*$'\n'}"
