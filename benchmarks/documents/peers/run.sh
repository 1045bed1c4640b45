#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Reads the same files with phaselaw, pandas and polars and times all, in a virtual environment outside the repository.
#   benchmarks/documents/peers/run.sh VENV_DIR BENCH_DOCUMENTS_READ [options of compare.py]
# VENV_DIR is made when it is not there (network needed once, 500 MB).
set -eu
folder=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: run.sh VENV_DIR BENCH_DOCUMENTS_READ [options of compare.py]" >&2; exit 2; }
venv=$1
shift
case $(realpath -m "$venv") in
  "$(realpath "$folder/../../..")"/*) echo "run.sh: $venv lies in the repository; choose a path outside" >&2; exit 2 ;;
esac
if [ ! -x "$venv/frames/bin/python" ]; then
  python3 -m venv "$venv/frames"
  "$venv/frames/bin/pip" install --quiet -r "$folder/requirements.txt"
fi
exec "$venv/frames/bin/python" "$folder/compare.py" "$@"
