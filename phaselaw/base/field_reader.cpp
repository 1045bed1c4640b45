// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/field_reader.h"

namespace phaselaw::base {

void FieldReader::wrong(const std::string& expected) const {
  throw InputError(value_.where(), fmt::format("field '{}': expected {}; {}", path_, expected, remedy_));
}

void FieldReader::wrong_kind(const std::string& expected) const {
  wrong(fmt::format("{}, found {}", expected, value_.kind()));
}

FieldReader FieldReader::at(std::string_view key) const {
  std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  if (!value_.is_table()) wrong_kind("a table");
  const Value* found = value_.find(key);
  if (found == nullptr) throw InputError(value_.where(), fmt::format("the field '{}' is missing; {}", path, remedy_));
  return {*found, std::move(path), remedy_};
}

std::vector<FieldReader> FieldReader::items() const {
  if (!value_.is_list()) wrong_kind("a list");
  std::vector<FieldReader> out;
  for (std::size_t i = 0; i < value_.list().size(); ++i)
    out.push_back(FieldReader(value_.list()[i], fmt::format("{}[{}]", path_, i), remedy_));
  return out;
}

std::vector<std::pair<std::string, FieldReader>> FieldReader::entries() const {
  if (!value_.is_table()) wrong_kind("a table");
  std::vector<std::pair<std::string, FieldReader>> out;
  for (const auto& [key, child] : value_.entries())
    out.emplace_back(key, FieldReader(child, fmt::format("{}.{}", path_, key), remedy_));
  return out;
}

const std::string& FieldReader::text() const {
  if (!value_.is_text()) wrong_kind("text in quotes");
  return value_.text();
}

}  // namespace phaselaw::base
