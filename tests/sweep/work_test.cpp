// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/work.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/store/sqlite.h"
#include "phaselaw/sweep/cost.h"
#include "phaselaw/sweep/run.h"
#include "phaselaw/sweep/shared_data.h"
#include "phaselaw/training/objective.h"
#include "sweep/small_study.h"

namespace phaselaw::sweep {
namespace {

using WorkTest = testing::StudyFixture;

TEST_F(WorkTest, GivesEachRunOnceLongestFirstAndTakesBackWhatWasNotDone) {
  auto store = open("s.db");
  StudyWork work(study_, store);
  double before = std::numeric_limits<double>::infinity();
  std::vector<const Point*> given;
  while (const Point* point = work.next()) {
    EXPECT_LE(point->cost_flop, before);
    before = point->cost_flop;
    given.push_back(point);
  }
  EXPECT_EQ(std::set(given.begin(), given.end()).size(), 12U);
  StudyWork other(study_, store);
  EXPECT_EQ(other.next(), nullptr);  // all are claimed
  EXPECT_EQ(other.elsewhere(), 12);
  work.give_back(*given[4]);
  EXPECT_EQ(other.next(), given[4]);  // held by nobody now
  EXPECT_EQ(work.next(), nullptr);
  EXPECT_EQ(work.elsewhere(), 1);
  other.take(*given[4], to_record(*given[4], carry_out(given[4]->experiment)));
  EXPECT_EQ(work.next(), nullptr);  // done meanwhile, so it is not given again
  EXPECT_EQ(work.elsewhere(), 0);
}

TEST_F(WorkTest, AFinishedRunThatWasChangedIsNotTakenAsDone) {
  {
    auto store = open("s.db");
    StudyWork work(study_, store);
    const Point* point = work.next();
    work.take(*point, to_record(*point, carry_out(point->experiment)));
  }
  store::Database(path("s.db"), SQLITE_OPEN_READWRITE, "").execute("UPDATE measurements SET test_loss = 1");
  auto store = open("s.db");
  EXPECT_THROW(StudyWork(study_, store), base::InputError);
}

TEST_F(WorkTest, ShardsPartTheStudyEvenly) {
  for (const std::int64_t count : {1, 2, 3, 5, 12, 40}) {
    std::set<std::int64_t> seen;
    double most = 0, total = 0, longest = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      double load = 0;
      for (const Point* point : points_of(study_, {i, count})) {
        EXPECT_TRUE(seen.insert(point->index).second);
        load += point->cost_flop;
        longest = std::max(longest, point->cost_flop);
      }
      most = std::max(most, load);
      total += load;
    }
    EXPECT_EQ(seen.size(), 12U);
    EXPECT_LE(most, total / static_cast<double>(count) + longest);  // the bound of any greedy dealing
  }
}

TEST(ShardText, IsReadOrRefused) {
  EXPECT_EQ(shard_from("2/5").index, 2);
  EXPECT_EQ(shard_from("2/5").count, 5);
  for (const char* text :
       {"", "1", "/", "1/", "/2", "2/2", "-1/2", "0/0", "1/2x", "a/b", "1.5/2", "99999999999999999999/2"})
    EXPECT_THROW((void)shard_from(text), base::InputError) << text;
}

// Expects equal data wherever identities are equal; returns the number of identities.
std::size_t expect_equal_data(const Study& study) {
  std::map<std::string, std::string> hashes;
  for (const auto& point : study.points) {
    const auto split = data::make_split(point.experiment.data, point.experiment.model,
                                        static_cast<std::uint64_t>(point.experiment.seed));
    const auto [there, fresh] = hashes.emplace(data_identity(point.experiment), split.hash);
    EXPECT_EQ(there->second, split.hash);
  }
  return hashes.size();
}

// Equal identities must mean equal data, and the export of the hash proves it for every pair of a grid over all that
// could matter.
TEST(SharedDataTest, EqualIdentitiesAreEqualData) {
  const auto study = study_from(base::parse_toml(R"(
[model]
d_model = 4
seq_len = 3
n_heads = 1
[data]
n_test = 3
teacher_d_hidden = 5
[grid]
"data.n_data" = [3, 4]
"data.noise" = [0.0, 0.1]
"data.teacher_n_layers" = [0, 1]
"model.d_hidden" = [4, 8]
"model.n_layers" = [1, 2]
"model.branch_scale" = [0.5, 0.7]
"model.output_scale" = [1.0, 2.0]
"training.steps" = [1, 2]
seeds = 2
)",
                                                 "s.toml"));
  EXPECT_LT(expect_equal_data(study), study.points.size() / 4);  // d_hidden, output_scale and steps share
}

TEST(SharedDataTest, EqualIdentitiesAreEqualTokens) {
  const auto study = study_from(base::parse_toml(R"(
[model]
readout = "tokens"
vocab = 6
d_model = 4
seq_len = 3
n_heads = 1
[data]
n_test = 3
associations_contexts = 20
[grid]
"data.source" = ["markov", "token_teacher", "associations"]
"data.n_data" = [3, 4]
"data.token_noise" = [0.0, 0.5]
"data.teacher_temperature" = [0.5, 1.0]
"model.d_hidden" = [4, 8]
"model.branch_scale" = [0.5, 0.7]
"model.output_scale" = [1.0, 2.0]
"training.steps" = [1, 2]
)",
                                                 "s.toml"));
  EXPECT_LE(expect_equal_data(study), study.points.size() / 4);  // output_scale and steps share
}

TEST(SharedDataTest, IsHeldOnceWhileInUseAndGoneAfterwards) {
  const auto study = study_from(base::parse_toml(testing::kSmallStudy, "s.toml"));
  SharedData data;
  const Experiment& e = study.points[0].experiment;
  std::vector<std::shared_ptr<const data::Split>> held(8);
  std::vector<std::thread> threads;
  for (auto& slot : held) threads.emplace_back([&] { slot = data.get(e); });
  for (auto& thread : threads) thread.join();
  for (const auto& slot : held) EXPECT_EQ(slot.get(), held[0].get());
  EXPECT_EQ(held[0].use_count(), 8);
  std::weak_ptr<const data::Split> watched = held[0];
  held.clear();
  EXPECT_TRUE(watched.expired());
  EXPECT_NE(data.get(e), nullptr);
  Experiment bad = e;
  bad.data.source = data::Source::text;
  bad.data.path = "/nonexistent";
  for (int i = 0; i < 2; ++i) EXPECT_THROW((void)data.get(bad), base::InputError);  // and nobody waits for ever
}

TEST(Cost, MakespanIsThatOfAQueue) {
  const std::vector<Job> jobs{{4}, {3}, {2}, {1}};
  EXPECT_DOUBLE_EQ(makespan({}, 2), 0);
  EXPECT_DOUBLE_EQ(makespan(jobs, 1), 10);
  EXPECT_DOUBLE_EQ(makespan(jobs, 2), 5);
  EXPECT_DOUBLE_EQ(makespan(jobs, 9), 4);
  // A job of two threads waits for both.
  EXPECT_DOUBLE_EQ(makespan({{4, 2}, {3, 1}, {2, 1}}, 2), 7);
  EXPECT_DOUBLE_EQ(makespan({{4, 1}, {3, 2}, {2, 1}}, 2), 9);
  EXPECT_DOUBLE_EQ(makespan({{4, 1}, {3, 2}, {2, 2}}, 3), 5);
  EXPECT_DOUBLE_EQ(makespan({{4, 8}}, 3), 4);  // no more than there are
}

TEST(Cost, FewAndBigRunsGetSeveralThreads) {
  Experiment big;  // a batch of four shards or more
  big.model.d_model = 128;
  big.model.d_hidden = 512;
  big.model.seq_len = 128;
  big.model.n_heads = 4;
  big.model.d_head = 32;
  big.data.n_data = 64;
  ASSERT_EQ(training::gradient_shards(big.model, batch_of(big)) % 4, 0);
  Experiment small;
  ASSERT_EQ(training::gradient_shards(small.model, batch_of(small)), 1);
  const CostModel model({{1e6, 1e-10, 1e-10}}, 0.95);
  const auto plan = [&](const std::vector<const Experiment*>& experiments, int threads) {
    std::vector<Point> points(experiments.size());
    std::vector<const Point*> runs;
    for (std::size_t i = 0; i < points.size(); ++i) {
      points[i].experiment = *experiments[i];
      runs.push_back(&points[i]);
    }
    return plan_threads(runs, model, threads);
  };
  const double one = model.seconds(big);
  EXPECT_DOUBLE_EQ(model.seconds(big, 4), one / 4 / 0.95);
  EXPECT_DOUBLE_EQ(model.seconds(small, 4), model.seconds(small));
  const auto alone = plan({&big}, 2);
  EXPECT_EQ(alone.shared, 1U);
  EXPECT_EQ(alone.threads_each, 2);
  EXPECT_DOUBLE_EQ(alone.seconds, one / 2 / 0.95);
  EXPECT_EQ(alone.in_words(), "longest first, the first run with 2 threads, then one model each on one thread");
  // Three on two threads: one together, then one each.
  const auto odd = plan({&big, &big, &big}, 2);
  EXPECT_EQ(odd.shared, 1U);
  EXPECT_DOUBLE_EQ(odd.seconds, one / 2 / 0.95 + one);
  // Nothing to gain: as many as threads, small ones, one thread.
  for (const auto& none : {plan({&big, &big}, 2), plan({&small}, 2), plan({&big}, 1), plan({}, 2)}) {
    EXPECT_EQ(none.shared, 0U);
    EXPECT_EQ(none.threads_of(0), 1);
    EXPECT_EQ(none.in_words(), "one model each on one thread, longest first");
  }
}

TEST(Cost, TheModelIsExactAtItsSamplesAndBetweenThem) {
  Experiment small, large;
  large.model.d_hidden = 1024;
  const auto flop = [](const Experiment& e) { return model::sequence_cost(e.model).training_flop(); };
  const CostModel model({{flop(large), 1e-10, 2e-10}, {flop(small), 4e-10, 2e-10}});
  const auto training_s = [&](Experiment e, double rate) {
    const double all = cost_of(e), steps = static_cast<double>(e.training.steps * batch_of(e)) * flop(e);
    return steps * rate + (all - steps) * 2e-10;
  };
  EXPECT_NEAR(model.seconds(small), training_s(small, 4e-10), 1e-12);
  EXPECT_NEAR(model.seconds(large), training_s(large, 1e-10), 1e-9);
  Experiment middle = small;
  middle.model.d_hidden = 256;
  EXPECT_GT(model.seconds(middle), training_s(middle, 1e-10));
  EXPECT_LT(model.seconds(middle), training_s(middle, 4e-10));
}

}  // namespace
}  // namespace phaselaw::sweep
