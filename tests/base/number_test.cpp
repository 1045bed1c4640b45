// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/number.h"

#include <gtest/gtest.h>

#include "phaselaw/base/fields_text.h"

namespace phaselaw::base {
namespace {

TEST(Numbers, IntegersAreDigitsAndNothingElse) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-17"), -17);
  EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807);
  for (const char* text : {"", "-", "1.5", "1e3", "7B", " 7", "7 ", "0x10", "9223372036854775808"})
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
}

TEST(Numbers, BytesAreReadAsTheyAreWritten) {
  EXPECT_EQ(bytes_text(static_cast<double>(std::int64_t{8} << 30)), "8G");
  EXPECT_EQ(bytes_text(0), "0");
  EXPECT_EQ(bytes_text(1023), "1023");
  EXPECT_EQ(bytes_text(1536), "1536");
  EXPECT_EQ(bytes_text(static_cast<double>(std::int64_t{2048} << 40)), "2048T");
  for (const double bytes : {0.0, 1.0, 1024.0, 1025.0, 3.0 * (1 << 20), 5e12})
    EXPECT_EQ(parse_bytes(bytes_text(bytes)), bytes) << bytes;
}

struct Options {
  std::int64_t memory_limit = 0;
  std::vector<std::int64_t> sizes;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("memory_limit", self.memory_limit, at_least(0).in("bytes"), "help");
    visit("sizes", self.sizes, at_least(2), "help");
  }
};

TEST(Numbers, AFieldIsSetByItsName) {
  Options options;
  set_field(options, "memory_limit", {"3M"});
  set_field(options, "sizes", {"2,4", "8"});
  EXPECT_EQ(options.memory_limit, 3 << 20);
  EXPECT_EQ(options.sizes, (std::vector<std::int64_t>{2, 4, 8}));
  EXPECT_THROW(set_field(options, "sizes", {"1"}), InputError);
  EXPECT_EQ(describe_flag(options.memory_limit, at_least(0).in("bytes")).default_text, "3M");
}

}  // namespace
}  // namespace phaselaw::base
