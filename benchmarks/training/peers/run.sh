#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains the models of bench_training_step in PyTorch and llm.c beside it, in environments outside the repository.
#   benchmarks/training/peers/run.sh VENV_DIR BENCH_TRAINING_STEP [--llm.c CHECKOUT] [options of compare.py]
# VENV_DIR is made when it is not there (network needed once; 5.4 GB, since the current PyTorch for Linux comes with its
# CUDA libraries; no GPU is used). Debian's python3-torch is measured too where it is installed. CHECKOUT: a clone of
# karpathy/llm.c, of which train_gpt2.c is compiled; without it llm.c is left out.
set -eu
folder=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: run.sh VENV_DIR BENCH_TRAINING_STEP [--llm.c CHECKOUT] [options of compare.py]" >&2; exit 2; }
venv=$1
bench=$2
shift 2
case $(realpath -m "$venv") in
  "$(realpath "$folder/../../..")"/*) echo "run.sh: $venv lies in the repository; choose a path outside" >&2; exit 2 ;;
esac
[ -x "$bench" ] || { echo "run.sh: no program $bench; build it: setup/build.sh bench_training_step" >&2; exit 2; }
if [ ! -x "$venv/torch/bin/python" ]; then
  free_gb=$(df -Pk "$(dirname "$(realpath -m "$venv")")" | awk 'NR == 2 {print int($4 / 1e6)}')
  [ "$free_gb" -ge 12 ] || { echo "run.sh: $free_gb GB free for $venv; PyTorch needs 12 while it is unpacked" >&2; exit 2; }
  python3 -m venv "$venv/torch"
  "$venv/torch/bin/pip" install --quiet -r "$folder/requirements.txt"
fi
peers="--torch $venv/torch/bin/python"
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then peers="$peers --torch /usr/bin/python3"; fi
if [ "${1-}" = --llm.c ]; then
  [ -f "$2/train_gpt2.c" ] || { echo "run.sh: $2 has no train_gpt2.c; clone karpathy/llm.c there" >&2; exit 2; }
  # As its Makefile does, but infinities stay infinities.
  gcc -Ofast -fno-finite-math-only -march=native -fopenmp -DOMP -Wno-unused-result -I"$2" "$folder/llmc_driver.c" \
    -o "$venv/llmc_driver" -lm
  peers="$peers --llmc $venv/llmc_driver"
  shift 2
fi
# What torch.compile built is kept, so that only the first run waits for it.
export CUDA_VISIBLE_DEVICES= TORCHINDUCTOR_CACHE_DIR="$venv/inductor"
# shellcheck disable=SC2086
exec "$venv/torch/bin/python" "$folder/compare.py" "$bench" $peers "$@"
