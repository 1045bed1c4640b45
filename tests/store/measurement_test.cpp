// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/measurement.h"

#include <sstream>

#include <gtest/gtest.h>

#include "phaselaw/base/value.h"
#include "phaselaw/store/export.h"
#include "phaselaw/store/rows.h"
#include "phaselaw/store/schema.h"
#include "store/scratch.h"

namespace phaselaw::store {
namespace {

std::string joined_names() { return fmt::format("{}", fmt::join(base::field_names<Measurement>(), ",")); }

// A file of this version has these columns. Where a field is added, raise kSchemaVersion, describe the version in
// schema.h and docs/store.md, and write it here.
TEST(Measurement, ANewFieldIsANewVersionOfTheStore) {
  EXPECT_EQ(kSchemaVersion, 2);
  EXPECT_EQ(joined_names(), "step,time,tokens,compute_flop,train_loss,test_loss,excess_risk");
}

TEST(Measurement, FieldsArePositionThenWhatWasMeasuredEachDescribed) {
  Measurement m;
  std::vector<std::string_view> parts;
  const auto note = [&](std::string_view name, const auto&, const base::Domain&, std::string_view help) {
    parts.push_back(name);
    EXPECT_FALSE(help.empty()) << name;
  };
  Measurement::position(m, note);
  Measurement::measured(m, note);
  EXPECT_EQ(parts, base::field_names<Measurement>());
}

TEST(Measurement, EveryFieldIsAColumnOfTheStoreAndComesBack) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  RunRecord run = sample_run(0, 0);
  run.measurements.resize(3);
  double next = 1;
  for (Measurement& m : run.measurements)
    Measurement::fields(
        m, [&](auto, auto& x, auto&&...) { x = static_cast<std::remove_reference_t<decltype(x)>>(next++); });
  Store store = Store::open_or_create(path, "{}", "key");
  store.add(run);
  Database database(path, SQLITE_OPEN_READONLY, path);
  EXPECT_EQ(fmt::format("{}", fmt::join(columns_of(database, "measurements"), ",")), "run," + joined_names());
  const RunRecord back = *store.run(0);
  ASSERT_EQ(back.measurements.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(numbers_of(back.measurements[i]), numbers_of(run.measurements[i]));
}

TEST(Measurement, EveryFieldIsAColumnOfTheExport) {
  RunRecord run = sample_run(0, 0);
  run.measurements.resize(1);
  double next = 1;
  Measurement::fields(run.measurements[0],
                      [&](auto, auto& x, auto&&...) { x = static_cast<std::remove_reference_t<decltype(x)>>(next++); });
  std::ostringstream csv, jsonl;
  export_csv({run}, csv);
  export_jsonl({run}, jsonl);
  const std::string heading = csv.str().substr(0, csv.str().find('\n'));
  EXPECT_TRUE(heading.ends_with("," + joined_names())) << heading;
  const std::string row = csv.str().substr(heading.size() + 1);
  EXPECT_TRUE(row.ends_with(fmt::format(",{}\n", fmt::join(numbers_of(run.measurements[0]), ",")))) << row;
  const base::Value line = base::parse_json(jsonl.str(), "line");
  Measurement::fields(run.measurements[0], [&](std::string_view name, const auto& x, auto&&...) {
    EXPECT_EQ(line.at(name).number(), static_cast<double>(x)) << name;
  });
}

}  // namespace
}  // namespace phaselaw::store
