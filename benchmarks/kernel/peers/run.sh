#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the peers of the kernel benchmarks in virtual environments outside the repository.
#   benchmarks/kernel/peers/run.sh VENV_DIR [--cap SECONDS] [--rows-of-table 0,1,5] [--threads K]
# VENV_DIR is made when it is not there (network needed once, about 9 GB with PyPI's PyTorch). One JSON line a case.
set -eu
folder=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] || { echo "usage: run.sh VENV_DIR [options of common.py]" >&2; exit 2; }
venv=$1
shift
case $(realpath -m "$venv") in
  "$(realpath "$folder/../../..")"/*) echo "run.sh: $venv lies in the repository; choose a path outside" >&2; exit 2 ;;
esac
for peer in torch neural-tangents; do
  if [ ! -x "$venv/$peer/bin/python" ]; then
    python3 -m venv "$venv/$peer"
    "$venv/$peer/bin/pip" install --quiet -r "$folder/requirements-$peer.txt"
  fi
done
"$venv/torch/bin/python" "$folder/torch_func_kernel.py" "$@"
"$venv/neural-tangents/bin/python" "$folder/neural_tangents_kernel.py" "$@"
