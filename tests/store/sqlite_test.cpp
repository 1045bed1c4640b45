// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/sqlite.h"

#include <new>

#include <gtest/gtest.h>

namespace phaselaw::store {
namespace {

std::string unread_page(int code) {
  return fmt::format("*** in database main ***\nPage 4: unable to get the page. error code={}", code);
}

// A disk that does not give a page, and memory that runs out, say nothing about the file.
TEST(Sqlite, APageThatCannotBeReadIsNoDamage) {
  EXPECT_THROW(require_pages_read("study.db", unread_page(SQLITE_IOERR_READ)), NotAccessible);
  EXPECT_THROW(require_pages_read("study.db", unread_page(SQLITE_IOERR_CORRUPTFS)), NotAccessible);
  EXPECT_THROW(require_pages_read("study.db", unread_page(SQLITE_NOMEM)), std::bad_alloc);
  EXPECT_THROW(require_pages_read("study.db", unread_page(SQLITE_IOERR_NOMEM)), std::bad_alloc);
  EXPECT_THROW(require_pages_read("study.db", unread_page(SQLITE_IOERR_SHORT_READ)), Damaged);
  EXPECT_NO_THROW(require_pages_read("study.db", unread_page(SQLITE_CORRUPT)));
  EXPECT_NO_THROW(require_pages_read("study.db", "ok"));
  EXPECT_NO_THROW(require_pages_read("study.db", "row 3 missing from index sqlite_autoindex_runs_1"));
}

}  // namespace
}  // namespace phaselaw::store
