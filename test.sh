#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds phaselaw and runs every test: ./test.sh [options of ctest, such as -R base]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
setup/install-packages.sh --tests || echo "test.sh: tests that need these packages will be skipped" >&2
setup/build.sh all
ctest --preset release "$@"
