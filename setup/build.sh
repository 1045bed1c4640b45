#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup/build.sh [--preset NAME] [TARGET...]: packages, configure, build; each only as far as it is not done yet.
# The program alone (setup/build.sh phaselaw) needs the packages of users, everything else those of developers, too.
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
tree=build/$preset
missing=0
for target in "${@:-all}"; do
  [[ $preset != package && $target != phaselaw && $target != described ]] || continue
  setup/install-packages.sh --tests || echo "setup: tests that need these packages will be skipped" >&2
  # Packages that a first configuration did not find are looked for again.
  ! grep -qs -e '^GTest_DIR:.*-NOTFOUND$' -e '^benchmark_DIR:.*-NOTFOUND$' "$tree/CMakeCache.txt" || missing=1
  break
done

# Ninja runs CMake again by itself when a CMake file changed; only the presets are outside its view.
if [[ ! -f $tree/build.ninja || CMakePresets.json -nt $tree/build.ninja ]] || ((missing)); then
  echo "configure: $tree" >&2
  cmake --preset "$preset" >/dev/null
  touch "$tree/build.ninja"
fi
echo "build: $tree" >&2
build() { cmake --build --preset "$preset" ${1:+--target "$@"}; }
if [[ -t 1 ]]; then  # on a terminal Ninja keeps to one line
  build "$@"
  exit
fi
# Elsewhere one line in 10 s tells how far it is; what compilers say is passed on.
next=0
NINJA_STATUS='[%f/%t] ' build "$@" | while IFS= read -r line; do
  case $line in
    '['*/*'] '*)
      ((SECONDS < next)) && continue
      done_of=${line%%]*}
      printf 'build: %s steps after %d s\n' "${done_of#[}" "$SECONDS" >&2
      next=$((SECONDS + 10))
      ;;
    '-- '*) ;;
    *) printf '%s\n' "$line" ;;
  esac
done
