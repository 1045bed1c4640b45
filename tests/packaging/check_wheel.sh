#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_wheel.sh [FOLDER]: makes the wheel for every machine of this architecture in FOLDER, and uses it in an empty
# environment as a stranger would. Needs the package index; builds in build/python-portable.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$(realpath -m "${1:-$work/wheel}")
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

python3 -m venv "$work/venv"
"$work/venv/bin/pip" wheel --quiet --disable-pip-version-check "$root" --no-deps --wheel-dir "$out" \
  -C build-dir=build/python-portable
wheels=("$out"/phaselaw-*.whl)
[[ ${#wheels[@]} == 1 ]] || { echo "expected one wheel in $out, found ${wheels[*]}" >&2 && exit 1; }
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "${wheels[0]}"

cd "$work"  # away from the sources
module=$("$work/venv/bin/python" - <<'PYTHON'
import numpy, phaselaw
from phaselaw import _needed

assert _needed.INSTRUCTIONS == (), _needed.INSTRUCTIONS
n = numpy.array([1e6, 2e6, 4e6, 8e6, 16e6, 32e6])
fit = phaselaw.fit({"n_params": n, "loss": 2 + 300 * n**-0.4}, "E + A*N^-alpha", interval="none")
assert abs(fit.parameters["alpha"].value - 0.4) < 1e-6, fit
model = phaselaw.Transformer(n_layers=1, seq_len=2, d_model=4, d_hidden=8, n_heads=1, d_head=4)
x = numpy.random.default_rng(0).standard_normal((3, 2, 4))
assert phaselaw.tangent_kernel(model, model.init(1), x).spectrum().lambda_min > 0
print(phaselaw._core.__file__)
PYTHON
)
# Instructions that not every machine has stand only in the versions of loops that are called where it has them.
python3 "$root/tests/packaging/check_instructions.py" "$module" || [[ $? == 77 ]]
echo "${wheels[0]} works; it needs"
readelf -d "$module" | sed -n 's/.*NEEDED.*\[\(.*\)\]/  \1/p'
