// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/json_builder.h"

#include <limits>

namespace phaselaw::base {

bool JsonBuilder::number_unsigned(number_unsigned_t value) {
  if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
    return add(static_cast<double>(value));
  return add(static_cast<std::int64_t>(value));
}

bool JsonBuilder::add(Value value) {
  value.set_where({source_, 0, 0});
  if (levels_.empty()) {
    root_ = std::move(value);
  } else if (levels_.back().is_table) {
    levels_.back().table.back().second = std::move(value);
  } else {
    levels_.back().list.push_back(std::move(value));
  }
  return true;
}

bool JsonBuilder::open(bool is_table) {
  if (levels_.size() >= kDeepestNesting)
    throw InputError({source_},
                     fmt::format("expected at most {} levels of nesting in JSON, found more", kDeepestNesting));
  levels_.emplace_back().is_table = is_table;
  return true;
}

bool JsonBuilder::close() {
  Level level = std::move(levels_.back());
  levels_.pop_back();
  return add(level.is_table ? Value(std::move(level.table)) : Value(std::move(level.list)));
}

bool JsonBuilder::key(string_t& value) {
  Level& level = levels_.back();
  if (!level.keys.insert(value).second) {
    constexpr std::size_t kShown = 60;
    throw InputError({source_}, fmt::format("the key '{}' occurs twice in one JSON object; remove one of them",
                                            value.size() > kShown ? value.substr(0, kShown) + "..." : value));
  }
  level.table.emplace_back(std::move(value), Value());
  return true;
}

bool JsonBuilder::parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) {
  byte_ = byte;
  // "[...] parse error at line 1, column 2: syntax error while parsing value - invalid literal; last read: 'x'"
  constexpr std::size_t kShown = 120;
  const std::string_view words = error.what();
  const auto dash = words.find(" - ");
  problem_ = words.substr(dash == std::string_view::npos ? 0 : dash + 3, kShown);
  if (dynamic_cast<const nlohmann::detail::out_of_range*>(&error) != nullptr) out_of_range_ = error.what();
  return false;
}

}  // namespace phaselaw::base
