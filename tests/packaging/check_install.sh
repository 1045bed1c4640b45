#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_install.sh BUILD_TREE: installs it into a folder, and uses what is there as a stranger would: the program with its
# manual page, a CMake project, and the compiler with pkg-config. Nothing may name the source or build tree.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

cmake --install "$tree" --prefix "$prefix" >"$work/install.log"
"$prefix/bin/phaselaw" --version
[[ $("$prefix/bin/phaselaw" man fit) == "$(cat "$prefix/share/man/man1/phaselaw-fit.1")" ]]
source "$prefix/share/bash-completion/completions/phaselaw"
if grep -rlF -e "$tree" -e "$(cd "$here/../.." && pwd)/" "$prefix/lib/cmake" "$prefix/lib/pkgconfig" "$prefix/include"; then
  echo "these installed files name the source or the build tree" >&2
  exit 1
fi

cmake -S "$here" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >"$work/configure.log" 2>&1 ||
  { cat "$work/configure.log" >&2 && exit 1; }
cmake --build "$work/build" >"$work/build.log" || { cat "$work/build.log" >&2 && exit 1; }
"$work/build/consumer"

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# shellcheck disable=SC2046
g++ "$here/consumer.cpp" $(pkg-config --cflags --libs phaselaw) -o "$work/with_pkg_config"
"$work/with_pkg_config"
