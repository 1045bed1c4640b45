#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/python/run.sh [--wheel WHEEL] VENV_DIR [options of pytest]: an empty virtual environment, the package installed into it
# by pip, from the sources or from a wheel of setup/wheels.sh, its tests, and mypy --strict on a user's script and on the
# package. The tests compare with the program of the package. Needs the package index. Build options: PHASELAW_PIP_OPTIONS.
set -euo pipefail
wheel=
if [[ ${1-} == --wheel ]]; then
  wheel=$(realpath "${2:?--wheel: expected a file}")
  shift 2
fi
venv=$(realpath -m "${1:?expected a folder for the virtual environment}")
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
if [[ -n $wheel ]]; then
  "$venv/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheel"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$wheel[test]"
else
  "$venv/bin/pip" install --quiet --disable-pip-version-check ${PHASELAW_PIP_OPTIONS-} "$root[test]"
fi
cd "$root"
PHASELAW_PROGRAM=$(cd / && "$venv/bin/python" -c 'from phaselaw import _program; print(_program.PATH)')
export PHASELAW_PROGRAM
"$venv/bin/python" -m pytest -q -p no:cacheprovider "$@"
"$venv/bin/python" -m mypy --cache-dir "$venv/mypy" tests/python/sample_user.py
"$venv/bin/python" -m mypy --strict --cache-dir "$venv/mypy" --package phaselaw
