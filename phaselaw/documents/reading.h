// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/memory.h"
#include "phaselaw/documents/table.h"

// What all readers of documents share: the text that they read, the options of the user, and what they return.
//
// A reader of one shape is a function
//   std::optional<Reading> read_SHAPE(const Document&, const DocumentOptions&);
// It returns nothing if the document does not have its shape, which it decides from a bounded sample. It throws
// InputError at file:line:column if the document has the shape but a fault. It works in time linear in the text, does
// not recurse over nesting, and accepts any bytes.
namespace phaselaw::documents {

struct DocumentOptions {
  std::string table =
      {};  // number of the table, from 1, or its key, in a document that holds several; empty: the only one
  std::string names = {};    // "step,loss": headings by position, for a table without headings; empty: they are in it
  std::string decimal = {};  // "." or ",": the decimal sign; empty: decided from the cells
  std::size_t memory_limit = static_cast<std::size_t>(base::kMemoryLimit);  // bytes that the command may need in all

  // Of decompressed documents together: what is made of a text needs several times its size.
  [[nodiscard]] std::size_t most_bytes() const { return memory_limit / 4; }
};

// One file, decompressed and in UTF-8.
struct Document {
  std::string source;                       // path as the user wrote it; "standard input" for "-"
  std::shared_ptr<const std::string> text;  // followed by at least kPadding bytes of reserved memory
  std::string compression;                  // "gzip", "zstd", "xz" or empty
  std::string encoding = "UTF-8";           // "UTF-8", "UTF-8 with a byte order mark", "UTF-16", "Windows-1252"
  static constexpr std::size_t kPadding = 64;
};

// Rows or lines of a document that are not in the table.
struct Skipped {
  std::string reason;  // "lines that are no record": a noun phrase in the plural
  std::size_t count = 0;
  std::vector<long> lines = {};  // the first kShown
  std::string example = {};      // the first, shortened
  static constexpr std::size_t kShown = 5;
  void add(long line, std::string_view text);  // line 0: not known
};

struct Reading {
  Table table;
  std::string shape;                  // "delimited text", "JSON lines", "training log", ...
  std::string compression, encoding;  // of the document
  std::string separator;              // of delimited text, in words: "comma", "tab", "runs of spaces"; or empty
  std::vector<std::string> notes;     // whole sentences: what was recognised or assumed that a user may want to check
  std::vector<Skipped> skipped;
};

// A table found in a document that holds several, for the message that lists them.
struct FoundTable {
  std::string name;  // how --table chooses it: its number, or its key in JSON
  long line = 0;
  std::size_t rows = 0;
  std::vector<std::string> header;
};
// The table that the user chose with --table; the only one if there is one; otherwise InputError that lists all.
[[nodiscard]] std::size_t chosen_table(const std::vector<FoundTable>& found, const Document& document,
                                       const DocumentOptions& options);

// The texts of `more` that `all` does not have yet.
void add_once(std::vector<std::string>& all, const std::vector<std::string>& more);

// All rows, one reading below the other. `each` is not empty.
[[nodiscard]] Reading joined(std::vector<Reading> each);

// The rows of another reading below these, with its notes and what it skipped, each once.
void append(Reading& all, Reading more);

// "lines that are no record: 12 (lines 3, 7, 9 and 9 more), such as 'Traceback ...'"
[[nodiscard]] std::string sentence(const Skipped& skipped);

}  // namespace phaselaw::documents
