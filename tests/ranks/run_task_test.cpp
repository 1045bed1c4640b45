// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/run_task.h"

#include <cmath>
#include <fstream>
#include <string>

#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/store/checksum.h"
#include "phaselaw/sweep/data_files.h"
#include "phaselaw/sweep/run.h"
#include "sweep/small_study.h"

namespace phaselaw::ranks {
namespace {

class RunTask : public testing::StudyFixture {
 protected:
  const sweep::Point& point_ = study_.points[5];

  // Bytes with another content under a hash that fits them.
  static std::string sealed_again(std::string bytes) {
    bytes.resize(bytes.size() - sizeof(std::uint64_t));
    base::ByteWriter out;
    out.raw(bytes);
    out.value(base::hash_bytes(bytes));
    return out.bytes();
  }
};

TEST_F(RunTask, GivesTheRecordOfARunInThisProcessBitForBit) {
  for (const sweep::Point& point : study_.points) {
    const auto answer = answer_from(carry_out_task(task_of(point, "")), point);
    ASSERT_TRUE(answer && answer->delivery) << point.index;
    const store::RunRecord here = to_record(point, sweep::carry_out(point.experiment));
    EXPECT_EQ(store::checksum(answer->delivery->record), store::checksum(here));
    EXPECT_EQ(answer->delivery->record.program, here.program);
    EXPECT_FALSE(answer->delivery->resumed);
    EXPECT_NE(answer->worker.find(fmt::format("process {}", ::getpid())), std::string::npos);
  }
}

TEST_F(RunTask, ATaskThatWasTruncatedOrChangedAnywhereIsRefused) {
  const std::string task = task_of(point_, "");
  for (std::size_t i = 0; i < task.size(); ++i) {
    EXPECT_THROW((void)carry_out_task(task.substr(0, i)), base::InputError) << i;
    std::string changed = task;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    EXPECT_THROW((void)carry_out_task(changed), base::InputError) << i;
  }
  EXPECT_THROW((void)carry_out_task(task + "x"), base::InputError);
}

TEST_F(RunTask, AnAnswerThatWasTruncatedOrChangedAnywhereIsNone) {
  const std::string answer = carry_out_task(task_of(point_, ""));
  ASSERT_TRUE(answer_from(answer, point_));
  for (std::size_t i = 0; i < answer.size(); ++i) {
    EXPECT_FALSE(answer_from(std::string_view(answer).substr(0, i), point_)) << i;
    std::string changed = answer;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    EXPECT_FALSE(answer_from(changed, point_)) << i;
    if (i + sizeof(std::uint64_t) < answer.size()) (void)answer_from(sealed_again(changed), point_);  // must end
  }
  EXPECT_FALSE(answer_from(answer, study_.points[6]));  // the answer to another run
  EXPECT_FALSE(answer_from(task_of(point_, ""), point_));
}

TEST_F(RunTask, ATaskOfAnotherVersionNamesBoth) {
  std::string task = task_of(point_, "");
  const std::size_t at = task.find("0.");
  ASSERT_NE(at, std::string::npos);
  task[at] = '9';
  try {
    (void)carry_out_task(sealed_again(task));
    FAIL() << "the task was carried out";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("the sweep was started with 9."), std::string::npos) << error.what();
  }
}

TEST_F(RunTask, ARunThatFailsAnswersWithItsError) {
  sweep::Point point = point_;
  point.experiment.data.source = data::Source::text;
  point.experiment.data.path = path("absent.txt");
  point.key = sweep::configuration_of(point.experiment).key;
  const auto answer = answer_from(carry_out_task(task_of(point, "0123456789abcdef")), point);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->delivery);
  EXPECT_TRUE(answer->input);
  EXPECT_NE(answer->error.find("absent.txt"), std::string::npos) << answer->error;
}

TEST_F(RunTask, AnotherFileUnderTheSamePathIsRefused) {
  data::DataOptions options;
  EXPECT_EQ(sweep::data_files_hash(options), "");  // a teacher reads none
  options.source = data::Source::text;
  options.path = path("text.txt");
  std::ofstream(options.path) << "the same words again and again";
  const std::string hash = sweep::data_files_hash(options);
  EXPECT_EQ(hash.size(), 16U);
  EXPECT_EQ(sweep::data_files_hash(options), hash);
  std::ofstream(options.path) << "the same words again and agaiN";  // of the same size
  EXPECT_NE(sweep::data_files_hash(options), hash);
  std::ofstream(options.path) << "the same words again and again";
  EXPECT_EQ(sweep::data_files_hash(options), hash);
  options.path = folder_;  // a directory with this file
  const std::string of_directory = sweep::data_files_hash(options);
  std::ofstream(path("other.txt")) << "more";
  EXPECT_NE(sweep::data_files_hash(options), of_directory);
  options.path = path("absent");
  EXPECT_THROW((void)sweep::data_files_hash(options), base::InputError);
}

}  // namespace
}  // namespace phaselaw::ranks
