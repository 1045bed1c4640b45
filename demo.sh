#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds phaselaw and reproduces the main result, quickly: ./demo.sh [options of `phaselaw reproduce`]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
setup/install-packages.sh fortunes  # the text that the models learn
setup/build.sh phaselaw
build/release/bin/phaselaw reproduce --preset quick --out phaselaw-demo "$@"
echo "The page: $PWD/phaselaw-demo/report.html"
