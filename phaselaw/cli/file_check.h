// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

// A mistake that no single flag shows, found before any work begins.
namespace phaselaw::cli {

// InputError if an output of the verb is a file that the verb reads, also one in the directory of --out that has the name
// of a result, or if two outputs are the same file. Paths are
// compared behind links. Devices such as /dev/null may be named several times.
void require_distinct_files(const CLI::App& verb);

}  // namespace phaselaw::cli
