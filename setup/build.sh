#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup/build.sh [--preset NAME] [TARGET...]: packages, configure, build; each only as far as it is not done yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=release
if [[ ${1-} == --preset ]]; then
  preset=$2
  shift 2
fi
# A clone elsewhere finds what this one compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
setup/install-packages.sh

# Ninja runs CMake again by itself when a CMake file changed; only the presets are outside its view.
tree=build/$preset
if [[ ! -f $tree/build.ninja || CMakePresets.json -nt $tree/build.ninja ]]; then
  echo "configure: $tree" >&2
  cmake --preset "$preset" >/dev/null
  touch "$tree/build.ninja"
fi
echo "build: $tree" >&2
quiet=()
[[ -t 1 ]] || quiet=(-- --quiet)  # on a terminal Ninja keeps to one line
cmake --build --preset "$preset" ${1:+--target "$@"} "${quiet[@]}"
