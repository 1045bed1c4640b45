#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup/portable.sh [FOLDER]: one static program for every Linux of this architecture, with its manual pages, completions,
# licences and bill of materials, as phaselaw-VERSION-linux-ARCHITECTURE.tar.gz in FOLDER (build/dist), and SHA256SUMS.
# The same sources, tools and libraries give the same bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$(realpath -m "${1:-build/dist}")

setup/build.sh --preset portable phaselaw described
tree=build/portable
program=$tree/bin/phaselaw
if readelf -d "$program" | grep -q NEEDED; then
  echo "portable: $program needs libraries of the system:" >&2
  readelf -d "$program" | grep NEEDED >&2
  exit 1
fi

version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$tree/CMakeCache.txt")
name=phaselaw-$version-linux-$(uname -m)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cmake --install "$tree" --prefix "$stage/$name" --component program --strip >/dev/null
cp setup/portable_readme.txt "$stage/$name/README.txt"
(cd "$stage/$name" && find . -type f ! -name SHA256SUMS -printf '%P\0' | sort -z | xargs -0 sha256sum >SHA256SUMS)

mkdir -p "$out"
epoch=$(git log -1 --format=%ct 2>/dev/null || echo 0)
tar --create --directory "$stage" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner "$name" | gzip -n -9 >"$stage/$name.tar.gz"
mv "$stage/$name.tar.gz" "$out/"
(cd "$out" && sha256sum phaselaw-*.tar.gz phaselaw-*.whl 2>/dev/null >SHA256SUMS || true)
echo "$out/$name.tar.gz: $(($(stat -c %s "$out/$name.tar.gz") / 1000)) kB, the program $(($(stat -c %s "$stage/$name/bin/phaselaw") / 1000)) kB" >&2
