#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_wheel.sh WHEEL [ROOT]: what a wheel of setup/wheels.sh weighs and needs, and its use by a stranger: in an empty
# environment of this machine or, as root, in the empty Debian of tests/packaging/bare_debian.sh below the folder ROOT. The
# interpreter is $PYTHON (python3). NumPy comes from the package index beforehand: its download is not measured.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wheel=$(realpath "${1:?which wheel? setup/wheels.sh builds them}")
root=${2-}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

size=$(stat -c %s "$wheel")
echo "${wheel##*/}: $((size / 1000)) kB"
((size <= 25000000)) || { echo "check_wheel: at most 25 MB are allowed" >&2 && exit 1; }
"$python" -m zipfile --extract "$wheel" "$work/content"
# The C library with libgcc_s and nothing else; a wheel with a folder of libraries beside the package would have hidden needs.
# readelf fails at files of other kinds, which find reports.
dynamic() { find "$work/content" -type f -exec readelf "$@" {} + 2>/dev/null || true; }
needed=$(dynamic -d | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u | tr '\n' ' ')
echo "needs: $needed"
for library in $needed; do
  [[ $library =~ ^(libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|ld-linux-x86-64\.so\.2|libphaselaw_openblas\.so)$ ]] ||
    { echo "check_wheel: the wheel needs $library of the system" >&2 && exit 1; }
done
newest=$(dynamic --version-info --wide | sed -n 's/.*Name: GLIBC_2\.\([0-9]*\).*/\1/p' | sort -n | tail -1)
echo "needs glibc 2.$newest"
[[ $newest -le 34 && $wheel == *manylinux_2_34_* ]] || { echo "check_wheel: docs/install.md promises glibc 2.34" >&2 && exit 1; }
# Instructions that not every machine has stand only in the versions of loops that are called where it has them.
for program in "$work"/content/phaselaw/_core*.so "$work/content/phaselaw/bin/phaselaw"; do
  python3 "$here/check_instructions.py" "$program" || [[ $? == 77 ]]
done
grep -q '"CycloneDX"' "$work"/content/phaselaw-*.dist-info/sboms/*.cdx.json
[[ -n $(ls "$work"/content/phaselaw-*.dist-info/licenses/) ]]

"$python" -m pip download --quiet --disable-pip-version-check --dest "$work/index" --only-binary :all: numpy
cp "$wheel" "$here/use_package.py" "$here/runs.csv" "$here/../../examples/study.toml" "$work/index/"
cat >"$work/index/follow" <<'FOLLOW'
set -euo pipefail
cd "$1"
start=$(date +%s.%N)
"$2" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check --no-index --find-links . phaselaw-*.whl
[[ $(environment/bin/pip list --disable-pip-version-check 2>/dev/null | grep -c -E '^(phaselaw|numpy|pip|setuptools) ') -ge 3 ]]
awk -v start="$start" -v end="$(date +%s.%N)" 'BEGIN { printf "environment and pip install: %.1f s\n", end - start }'
environment/bin/python use_package.py runs.csv study.toml
FOLLOW
if [[ -z $root ]]; then
  bash "$work/index/follow" "$work/index" "$python"
else
  rm -rf "$root/srv/phaselaw"
  cp -r "$work/index" "$root/srv/phaselaw"
  "$here/bare_debian.sh" "$root" bash /srv/phaselaw/follow /srv/phaselaw python3
fi
