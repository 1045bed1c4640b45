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

// Each path is a file, "-" for standard input, or a folder, which stands for the files below it that hold a table. The
// event files of one folder are one document, because TensorBoard writes a new one after each restart.
[[nodiscard]] std::vector<Reading> read_each(const std::vector<std::string>& paths,
                                             const DocumentOptions& options = {});
// All as one table, with the columns of all files. Table::source tells the file of each row.
[[nodiscard]] Reading read(const std::vector<std::string>& paths, const DocumentOptions& options = {});
[[nodiscard]] Reading read(const std::string& path, const DocumentOptions& options = {});
[[nodiscard]] Reading read_text(std::string_view text, const std::string& source, const DocumentOptions& options = {});

}  // namespace phaselaw::documents
