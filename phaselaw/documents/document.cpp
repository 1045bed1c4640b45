// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/document.h"

#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/documents/delimited.h"
#include "phaselaw/documents/json.h"
#include "phaselaw/documents/prose_tables.h"

namespace phaselaw::documents {

namespace {

using TextReader = std::optional<Reading> (*)(const Document&, const DocumentOptions&);
constexpr TextReader kTextReaders[] = {&read_json, &read_prose_tables, &read_delimited};

Reading read_recognised(const Document& document, const DocumentOptions& options) {
  for (const TextReader reader : kTextReaders)
    if (auto reading = reader(document, options)) return *std::move(reading);
  throw base::InputError(
      {document.source, 1},
      "no table was found; looked for JSON, a training log, tables in prose, and columns of numbers with a separator");
}

Reading read_document(const Document& document, const DocumentOptions& options) {
  Reading reading = read_recognised(document, options);
  reading.compression = document.compression;
  reading.encoding = document.encoding;
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
  return read_text(base::read_text(path), path, options);
}

Reading read(const std::vector<std::string>& paths, const DocumentOptions& options) {
  Reading all;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    Reading one = read(paths[i], options);
    if (i == 0)
      all = std::move(one);
    else
      append(all, std::move(one));
  }
  return all;
}

}  // namespace phaselaw::documents
