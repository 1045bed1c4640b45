#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup/install-packages.sh [--tests | PACKAGE...]
# Installs the packages of setup/debian-packages.txt that this Debian system does not have yet. On another system it prints what
# CMake will look for.
# --tests: installs the packages of setup/debian-packages-tests.txt instead, for developers. The tests that need a missing one
# are skipped; the script reports those that it cannot install.
# PACKAGE...: installs these instead.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/debian-packages.txt
[[ ${1-} != --tests ]] || list=$here/debian-packages-tests.txt
mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$list")
[[ ${1---tests} == --tests ]] || wanted=("$@")
if [[ ${1-} == --tests ]] && { ! command -v dpkg-query >/dev/null || { (($(id -u) != 0)) && ! command -v sudo >/dev/null; }; }; then
  echo "setup: tests are skipped that need a missing one of: ${wanted[*]}" >&2
  exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup: not a Debian system; CMake (>= 3.24, with Ninja, a C++20 compiler and pkg-config) will look for the packages" >&2
  echo "  fmt tomlplusplus nlohmann_json zlib liblzma libzstd Eigen3 Boost Spectra SUNDIALS (CVODE) SQLite3 CLI11 openblas (threaded);" >&2
  echo "  oneDNN makes float32 faster where it is found; the tests need GTest, the benchmarks benchmark." >&2
  exit 0
fi

installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
  grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
done

as_root=()
(($(id -u) == 0)) || as_root=(sudo)
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" </dev/null; }
if ((${#missing[@]} > 0)); then
  if (($(id -u) != 0)) && ! command -v sudo >/dev/null; then
    echo "setup: ${#missing[@]} packages are missing, and neither root nor sudo is here to install them. Ask for:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  # The package lists are fetched only when they are absent or too old to install from.
  install_missing() { apt install --yes --no-install-recommends "${missing[@]}" >/dev/null; }
  echo "setup: installing ${#missing[@]} packages: ${missing[*]}" >&2
  if ! apt install --simulate --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || ! install_missing; then
    apt update
    install_missing
  fi
fi
[[ $# == 0 ]] || exit 0

# CVODE: its package libsundials-dev requires MPI, PETSc and hypre, which are 180 packages with 500 MB and parts under the GPL.
# It is unpacked instead, and CMake finds the headers and the static library there.
unpacked=$here/../build/packages
if [[ ! -e ${PHASELAW_CVODE_INCLUDE:-/usr/include}/cvode/cvode.h && ! -e $unpacked/usr/include/cvode/cvode.h ]]; then
  echo "setup: unpacking libsundials-dev into build/packages" >&2
  archive=$(mktemp -d)
  download() { (cd "$archive" && apt-get -qq -o APT::Sandbox::User=root download libsundials-dev </dev/null); }
  download || { apt update && download; }
  mkdir -p "$unpacked"
  dpkg-deb --extract "$archive"/libsundials-dev_*.deb "$unpacked"
  rm -r "$archive"
fi

# The alternatives system may point at the serial OpenBLAS, which gives wrong numbers when several workers call it.
library=/usr/lib/$(gcc -print-multiarch)/libopenblas.so.0
if [[ $(readlink -f "$library") == */openblas-serial/* ]]; then
  echo "setup: $library is the serial OpenBLAS, which is not thread-safe. Choose the pthread build:" >&2
  echo "  update-alternatives --auto libopenblas.so.0-$(gcc -print-multiarch)" >&2
  exit 1
fi
