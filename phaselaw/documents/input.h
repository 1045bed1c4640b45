// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/documents/reading.h"

// From paths to documents. The way of a file to a table has three steps:
//   1. list_documents   paths and folders become a list of files                                      (folder.h)
//   2. open_document    a file becomes its decompressed bytes; known formats that cannot be read are refused here
//   3. read_binary      NumPy arrays and TensorBoard events are read from these bytes                 (binary_kinds.h)
//      decode           all other bytes are text, which becomes UTF-8; the readers of text follow     (encoding.h)
namespace phaselaw::documents {

// The bytes of one file, or of standard input for "-", decompressed if they begin like gzip, zstd or xz. `text` of the
// document holds these bytes as they are, `encoding` is not yet decided.
//
// Memory and time: a file is read once, straight into its final place. A regular file larger than
// DocumentOptions::most_bytes(), a quarter of the memory limit, is refused before it is read. Pipes and devices, which
// may have no end, are refused beyond a sixteenth of that; compressed data are refused when they exceed it, or 64 MiB and 200 times
// their compressed size. Binary data of no known format are refused after 64 KiB.
// Errors: InputError for a path that cannot be read, a folder, an empty file, damaged or truncated compressed data, a
// format that is not read (with the way to convert it), and data beyond a limit.
[[nodiscard]] Document open_document(const std::string& path, const DocumentOptions& options = {});

// All documents of these paths, in order; a folder stands for its files. Together they are at most most_bytes().
struct Opened {
  std::vector<Document> documents;
  std::vector<Skipped> skipped;  // files of folders that are not read
};
[[nodiscard]] Opened open_documents(const std::vector<std::string>& paths, const DocumentOptions& options = {});

// The longest line of a text document. A place of a cell has 24 bits for its length.
inline constexpr std::size_t kLongestLine = (std::size_t{1} << 24) - 1;
// InputError at the first line that is longer; not for JSON, where a document may be one line. A line ends with a line
// feed or a carriage return. Cost: independent of the size of the text if no line is long.
void require_short_lines(const Document& document);

}  // namespace phaselaw::documents
