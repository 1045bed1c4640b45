#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/python/run.sh VENV_DIR [options of pytest]: an empty virtual environment, the module installed into it by pip, its
# tests, and mypy --strict on a user's script and on the package. Needs the package index. Build options: PHASELAW_PIP_OPTIONS.
set -euo pipefail
venv=${1:?expected a folder for the virtual environment}
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check ${PHASELAW_PIP_OPTIONS-} "$root[test]"
cd "$root"
"$venv/bin/python" -m pytest -q -p no:cacheprovider "$@"
"$venv/bin/python" -m mypy --cache-dir "$venv/mypy" tests/python/sample_user.py
"$venv/bin/python" -m mypy --strict --cache-dir "$venv/mypy" --package phaselaw
