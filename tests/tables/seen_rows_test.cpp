// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/seen_rows.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace phaselaw::tables {
namespace {

// Few different fields, so that many rows agree, and texts that agree when they are joined, but not as fields.
Table table_of_copies(std::size_t n) {
  const std::vector<std::string> texts = {"", "a", "b", "ab", "ba", "1", "11", "1.0"};
  Table table;
  for (const char* name : {"x", "y", "z"}) table.add_column(name);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = table.add_row(1);
    std::size_t column = 0;
    for (const std::size_t step : {1U, 3U, 5U}) table.set(row, column++, texts[(i * i + step * i) / 7 % texts.size()]);
  }
  return table;
}

TEST(SeenRows, GivesTheFirstRowThatAgrees) {
  const Table table = table_of_copies(500);
  for (const std::vector<std::size_t>& columns :
       {std::vector<std::size_t>{0, 1, 2}, std::vector<std::size_t>{2}, std::vector<std::size_t>{1, 0}}) {
    SeenRows seen(table, columns);
    std::map<std::vector<std::string>, std::size_t> first;
    std::size_t copies = 0;
    for (std::size_t row = 0; row < table.n_rows(); ++row) {
      std::vector<std::string> key;
      for (const std::size_t column : columns) key.push_back(table.text(row, column));
      const std::size_t expected = first.try_emplace(key, row).first->second;
      EXPECT_EQ(seen.first_like(row), expected);
      copies += expected != row ? 1 : 0;
    }
    EXPECT_GT(copies, 100U);
    EXPECT_LT(copies, 500U);
  }
}

TEST(SeenRows, WithoutColumnsAllRowsAgree) {
  const Table table = table_of_copies(5);
  SeenRows seen(table, {});
  for (std::size_t row = 0; row < 5; ++row) EXPECT_EQ(seen.first_like(row), 0U);
}

}  // namespace
}  // namespace phaselaw::tables
