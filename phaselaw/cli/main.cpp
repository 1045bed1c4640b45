// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/run.h"

int main(int argc, char** argv) { return phaselaw::cli::run(argc, argv); }
