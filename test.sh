#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds phaselaw and runs every test: ./test.sh [options of ctest, such as -R base]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# The second target compiles every header alone.
setup/build.sh all all_verify_interface_header_sets
ctest --preset release "$@"
