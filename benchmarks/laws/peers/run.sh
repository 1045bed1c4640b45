#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs SciPy on the table of bench_laws_fit and times both, in a virtual environment outside the repository.
#   benchmarks/laws/peers/run.sh VENV_DIR BENCH_LAWS_FIT [options of compare.py]
# VENV_DIR is made when it is not there (network needed once, 200 MB).
set -eu
folder=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: run.sh VENV_DIR BENCH_LAWS_FIT [options of compare.py]" >&2; exit 2; }
venv=$1
shift
case $(realpath -m "$venv") in
  "$(realpath "$folder/../../..")"/*) echo "run.sh: $venv lies in the repository; choose a path outside" >&2; exit 2 ;;
esac
if [ ! -x "$venv/scipy/bin/python" ]; then
  python3 -m venv "$venv/scipy"
  "$venv/scipy/bin/pip" install --quiet -r "$folder/requirements.txt"
fi
# One core each: small matrices gain nothing from more.
OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 exec "$venv/scipy/bin/python" "$folder/compare.py" "$@"
