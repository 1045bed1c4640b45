#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/python/integrations.sh VENV_DIR [options of pytest]: a virtual environment with the module, torch, transformers,
# Lightning, TensorBoard, Weights & Biases and MLflow; trainings with the callbacks in it, and mypy --strict on the
# package. Needs the package index and about 7 GB, because torch from there brings the libraries of CUDA. Options of pip
# for the build of the module: PHASELAW_PIP_OPTIONS. All trainings run on the CPU, and no logger uses the network.
set -euo pipefail
venv=${1:?expected a folder for the virtual environment}
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
pip=("$venv/bin/pip" install --quiet --disable-pip-version-check)
"${pip[@]}" --requirement "$root/tests/python/requirements_integrations.txt"
"$venv/bin/python" -c "import phaselaw.integrations" 2>/dev/null || "${pip[@]}" ${PHASELAW_PIP_OPTIONS-} "$root"
cd "$root"
export CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=1 WANDB_MODE=offline HF_HUB_OFFLINE=1
"$venv/bin/python" -m pytest -q -p no:cacheprovider tests/python/test_integrations*.py "$@"
"$venv/bin/python" -m mypy --strict --cache-dir "$venv/mypy" --package phaselaw.integrations
