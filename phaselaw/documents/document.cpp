// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/document.h"

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"

namespace phaselaw::documents {

namespace {

using Reader = std::optional<Reading> (*)(const Document&, const DocumentOptions&);
constexpr Reader kReaders[] = {nullptr};

Reading read_document(const Document& document, const DocumentOptions& options) {
  for (const Reader reader : kReaders)
    if (reader != nullptr)
      if (auto reading = reader(document, options)) return *std::move(reading);
  throw base::InputError({document.source}, "no table was found");
}

}  // namespace

Reading read_text(std::string_view text, const std::string& source, const DocumentOptions& options) {
  auto own = std::make_shared<std::string>(text);
  own->reserve(own->size() + Document::kPadding);
  return read_document({.source = source, .text = std::move(own), .compression = ""}, options);
}

Reading read(const std::string& path, const DocumentOptions& options) {
  return read_text(base::read_text(path), path, options);
}

Reading read(const std::vector<std::string>& paths, const DocumentOptions& options) {
  PHASELAW_CHECK_EQ(paths.size(), 1U);
  return read(paths.front(), options);
}

}  // namespace phaselaw::documents
