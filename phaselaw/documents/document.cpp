// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/document.h"

#include <algorithm>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/binary_kinds.h"
#include "phaselaw/documents/delimited.h"
#include "phaselaw/documents/encoding.h"
#include "phaselaw/documents/input.h"
#include "phaselaw/documents/json.h"
#include "phaselaw/documents/long_form.h"
#include "phaselaw/documents/number_columns.h"
#include "phaselaw/documents/prose_tables.h"
#include "phaselaw/documents/training_log.h"

namespace phaselaw::documents {

namespace {

using TextReader = std::optional<Reading> (*)(const Document&, const DocumentOptions&);
constexpr TextReader kTextReaders[] = {&read_prose_tables, &read_log, &read_delimited};

Reading read_recognised(const Document& document, const DocumentOptions& options) {
  if (auto reading = read_json(document, options)) return *std::move(reading);
  require_short_lines(document);
  for (const TextReader reader : kTextReaders)
    if (auto reading = reader(document, options)) return *std::move(reading);
  throw base::InputError({document.source, 1},
                         "no table was found; looked for JSON, tables in prose, a training log, and columns with a "
                         "separator; docs/documents.md says what is read");
}

Reading read_document(Document raw, const DocumentOptions& options) {
  if (auto reading = read_binary(raw, options)) {
    reading->compression = raw.compression;
    return *std::move(reading);
  }
  Decoded decoded = decode(std::move(raw));
  Reading reading = read_recognised(decoded.document, options);
  reading.compression = decoded.document.compression;
  reading.encoding = decoded.document.encoding;
  reading.notes.insert(reading.notes.begin(), decoded.notes.begin(), decoded.notes.end());
  to_long_form(reading);
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

Reading read(const std::string& path, const DocumentOptions& options) {
  return read(std::vector<std::string>{path}, options);
}

Reading read(const std::vector<std::string>& paths, const DocumentOptions& options) {
  Opened opened = open_documents(paths, options);
  const bool several = opened.documents.size() > 1;
  Skipped without_table{.reason = "files without a table"};
  std::optional<Reading> all;
  for (Document& document : opened.documents) {
    const std::string source = document.source;
    // Of a folder, only the files that hold a table are meant.
    const bool named = std::find(paths.begin(), paths.end(), source) != paths.end();
    try {
      Reading one = read_document(std::move(document), options);
      if (all)
        append(*all, std::move(one));
      else
        all = std::move(one);
    } catch (const base::InputError& error) {
      if (named || !several) throw;
      without_table.add(0, error.what());
    }
  }
  if (!all) throw base::InputError({paths.front()}, fmt::format("no file holds a table; {}", without_table.example));
  if (without_table.count > 0) all->skipped.push_back(std::move(without_table));
  for (Skipped& skipped : opened.skipped) all->skipped.push_back(std::move(skipped));
  return *std::move(all);
}

}  // namespace phaselaw::documents
