// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/documents/reading.h"

// The door: any document as one table. The shape is recognised from the content; the name of a file only breaks ties.
//
// Readers in the order in which they are tried; the first that recognises its shape reads:
//   NumPy, TensorBoard events      by their first bytes
//   JSON                           objects, arrays, lines of objects; the histories of trainers
//   tables in prose                Markdown, reStructuredText, LaTeX, org
//   training log                   lines of `name value` pairs with a counter
//   delimited text                 any separator, and columns of fixed width
// Then wide matrices, exports with one column a run, and numbers in the style of a country become the long form.
//
// Errors: InputError. A document without a table says what was looked for.
namespace phaselaw::documents {

// `path`: a file, "-" for standard input, or a folder, in which each file is one run.
[[nodiscard]] Reading read(const std::string& path, const DocumentOptions& options = {});
// Several paths as one table; the column run names the file of each row unless the files name their runs.
[[nodiscard]] Reading read(const std::vector<std::string>& paths, const DocumentOptions& options = {});
[[nodiscard]] Reading read_text(std::string_view text, const std::string& source, const DocumentOptions& options = {});

}  // namespace phaselaw::documents
