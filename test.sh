#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds phaselaw and runs every test: ./test.sh [options of ctest, such as -R base]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
setup/build.sh all
ctest --preset release "$@"
