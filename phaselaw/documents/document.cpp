// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/document.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/memory.h"
#include "phaselaw/documents/binary_kinds.h"
#include "phaselaw/documents/delimited.h"
#include "phaselaw/documents/dialect.h"
#include "phaselaw/documents/encoding.h"
#include "phaselaw/documents/input.h"
#include "phaselaw/documents/json.h"
#include "phaselaw/documents/long_form.h"
#include "phaselaw/documents/number_columns.h"
#include "phaselaw/documents/prose_tables.h"
#include "phaselaw/documents/tfevents.h"
#include "phaselaw/documents/training_log.h"

namespace phaselaw::documents {

namespace {

using TextReader = std::optional<Reading> (*)(const Document&, const DocumentOptions&);

// What reading a document takes: its text, and a place for each cell and row, counted in a sample of the text.
double bytes_to_read(const Document& document) {
  const std::string_view text = *document.text, sample = sample_of(text);
  constexpr double kCellBytes = 8, kLineBytes = 8, kWideCopies = 3;
  if (sample.find('\0') != std::string_view::npos) return kWideCopies * static_cast<double>(text.size());
  std::size_t lines = 0, cells = 0;
  for (const char c : sample) {
    lines += c == '\n';
    cells += c == '\n' || c == ',' || c == ';' || c == '\t' || c == '|';
  }
  const double share = static_cast<double>(text.size()) / static_cast<double>(std::max<std::size_t>(sample.size(), 1));
  return static_cast<double>(text.size()) +
         share * (static_cast<double>(cells) * kCellBytes + static_cast<double>(lines) * kLineBytes);
}

void require_memory_for_documents(const std::vector<Document>& documents, const DocumentOptions& options) {
  double bytes = base::kProgramBytes;
  for (const Document& document : documents) bytes += bytes_to_read(document);
  base::require_memory(bytes, static_cast<double>(options.memory_limit),
                       documents.size() == 1 ? fmt::format("{}: reading the document", documents.front().source)
                                             : fmt::format("{}: reading it and {} other documents",
                                                           documents.front().source, documents.size() - 1),
                       "split the input");
}

Reading read_recognised(const Document& document, const DocumentOptions& options) {
  if (auto reading = read_json(document, options)) return *std::move(reading);
  require_short_lines(document);
  if (auto reading = read_prose_tables(document, options)) return *std::move(reading);
  // What follows reads the document as one table.
  if (!options.table.empty() && options.table != "1")
    throw base::InputError({"--table"}, fmt::format("{} holds one table, found the choice '{}'; omit --table",
                                                    document.source, options.table));
  for (const TextReader reader : {&read_log, &read_delimited})
    if (auto reading = reader(document, options)) return *std::move(reading);
  throw base::InputError({document.source, 1},
                         "no table was found; looked for JSON, tables in prose, a training log, and columns with a "
                         "separator; docs/documents.md says what is read");
}

// Names are repeated in sentences, where a line feed or an escape sequence of a terminal could look like a message of
// its own. White space becomes a blank, and other hidden characters become escapes, so that a user can write the name.
void make_headings_visible(Table& table) {
  std::unordered_set<std::string> used(table.header.begin(), table.header.end());
  for (std::string& name : table.header) {
    std::string visible = name;
    std::replace_if(
        visible.begin(), visible.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    visible = base::one_line(visible);
    if (visible == name) continue;
    while (!used.insert(visible).second) visible += '_';
    name = std::move(visible);
  }
}

Reading read_document(Document raw, const DocumentOptions& options) {
  if (auto reading = read_binary(raw, options)) {
    reading->compression = raw.compression;
    make_headings_visible(reading->table);
    return *std::move(reading);
  }
  Decoded decoded = decode(std::move(raw));
  if (decoded.document.text->find_first_not_of(" \t\r\n") == std::string::npos)
    throw base::InputError({decoded.document.source, 1, 1}, "expected a table, found an empty file");
  Reading reading = read_recognised(decoded.document, options);
  reading.compression = decoded.document.compression;
  reading.encoding = decoded.document.encoding;
  reading.notes.insert(reading.notes.begin(), decoded.notes.begin(), decoded.notes.end());
  to_long_form(reading);
  make_headings_visible(reading.table);
  decide_styles(reading.table, options, reading.notes, reading.separator);
  return reading;
}

}  // namespace

Reading read_text(std::string_view text, const std::string& source, const DocumentOptions& options) {
  auto own = std::make_shared<std::string>();
  own->reserve(text.size() + Document::kPadding);
  *own += text;
  return read_document({.source = source, .text = std::move(own), .compression = ""}, options);
}

std::vector<Reading> read_each(const std::vector<std::string>& paths, const DocumentOptions& options) {
  Opened opened = open_documents(paths, options);
  if (!opened.documents.empty()) require_memory_for_documents(opened.documents, options);
  const std::unordered_set<std::string> named(paths.begin(), paths.end());
  Skipped without_table{.reason = "files without a table"};
  std::vector<Reading> all;
  std::unordered_map<std::string, std::size_t> of_folder;  // of event files
  for (Document& document : opened.documents) {
    const bool only = named.contains(document.source) || opened.documents.size() == 1;
    const std::optional<std::string> folder = folder_of_events(document.source);
    try {
      Reading one = read_document(std::move(document), options);
      const auto at = folder ? of_folder.emplace(*folder, all.size()).first->second : all.size();
      if (at < all.size())
        append(all[at], std::move(one));
      else
        all.push_back(std::move(one));
    } catch (const base::InputError& error) {
      if (only) throw;  // of a folder, only the files that hold a table are meant
      without_table.add(0, error.what());
    }
  }
  if (all.empty()) throw base::InputError({paths.front()}, "no file holds a table: " + sentence(without_table));
  if (without_table.count > 0) all.front().skipped.push_back(std::move(without_table));
  for (Skipped& skipped : opened.skipped) all.front().skipped.push_back(std::move(skipped));
  return all;
}

Reading read(const std::vector<std::string>& paths, const DocumentOptions& options) {
  return joined(read_each(paths, options));
}

Reading read(const std::string& path, const DocumentOptions& options) {
  return read(std::vector<std::string>{path}, options);
}

}  // namespace phaselaw::documents
