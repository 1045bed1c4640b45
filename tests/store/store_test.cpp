// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/store.h"

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/store/check.h"
#include "phaselaw/store/schema.h"
#include "phaselaw/store/sqlite.h"
#include "store/scratch.h"

namespace phaselaw::store {
namespace {

using base::kInfinity;

// The same number, NaN equal to NaN. (SQLite keeps -0 as 0.)
void expect_same(double a, double b) { EXPECT_TRUE((std::isnan(a) && std::isnan(b)) || a == b) << a << " " << b; }

void expect_same(const RunRecord& a, const RunRecord& b) {
  EXPECT_EQ(a.index, b.index);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.configuration, b.configuration);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.summary, b.summary);
  expect_same(a.seconds, b.seconds);
  ASSERT_EQ(a.measurements.size(), b.measurements.size());
  for (std::size_t i = 0; i < a.measurements.size(); ++i) {
    const auto p = numbers_of(a.measurements[i]), q = numbers_of(b.measurements[i]);
    for (std::size_t k = 0; k < p.size(); ++k) expect_same(p[k], q[k]);
  }
}

template <class Action>
std::string input_error(Action&& action) {
  try {
    action();
  } catch (const base::InputError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no InputError";
  return "";
}

TEST(Store, GivesBackWhatWasStored) {
  const Scratch scratch;
  RunRecord run = sample_run(7, 3);
  run.status = Status::kDiverged;
  run.configuration = R"({"name":"Gauß – \"quoted\"","list":[1,2]})";
  run.seconds = 1.5;
  run.measurements[0].time = 0.1;
  run.measurements[0].tokens = -1e-300;
  run.measurements[0].train_loss = std::numeric_limits<double>::denorm_min();
  run.measurements[1].train_loss = std::numeric_limits<double>::max();
  run.measurements[2].train_loss = kInfinity;
  run.measurements[2].test_loss = -kInfinity;
  run.measurements[2].excess_risk = base::kNaN;
  {
    Store store = Store::open_or_create(scratch.path("study.db"), R"({"seed":1})", "key-1");
    store.add(run);
    ASSERT_EQ(store.runs().size(), 1u);
    expect_same(store.runs()[0], run);
  }
  const Store reopened = Store::open_read(scratch.path("study.db"));
  ASSERT_EQ(reopened.runs().size(), 1u);
  expect_same(reopened.runs()[0], run);
  EXPECT_EQ(reopened.study_json(), R"({"seed":1})");
  EXPECT_EQ(reopened.study_key(), "key-1");
}

TEST(Store, ResumesAfterFinishedAndDivergedRunsButRepeatsFailedOnes) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  {
    Store store = Store::open_or_create(path, "{}", "key");
    RunRecord failed = sample_run(4, 2), diverged = sample_run(9, 2);
    failed.status = Status::kFailed;
    diverged.status = Status::kDiverged;
    store.add(failed);
    store.add(diverged);
    store.add(sample_run(0, 2));
  }
  Store store = Store::open_or_create(path, "{}", "key");
  EXPECT_EQ(store.finished_runs(), (std::set<std::int64_t>{0, 9}));
  store.add(sample_run(4, 3));
  EXPECT_EQ(store.finished_runs(), (std::set<std::int64_t>{0, 4, 9}));
  ASSERT_EQ(store.runs().size(), 3u);
  expect_same(store.runs()[1], sample_run(4, 3));
}

TEST(Store, KeepsTheFirstRecordOfARunAndRefusesAnotherConfiguration) {
  const Scratch scratch;
  Store store = Store::open_or_create(scratch.path("study.db"), "{}", "key");
  store.add(sample_run(1, 3));
  store.add(sample_run(1, 8));
  EXPECT_EQ(store.runs().at(0).measurements.size(), 3u);
  RunRecord other = sample_run(1, 3);
  other.key = "another";
  EXPECT_NE(input_error([&] { store.add(other); }).find("key key-1 in the file, another here"), std::string::npos);
  store.add(sample_run(2, 3));  // the refused transaction is closed
  EXPECT_EQ(store.runs().size(), 2u);
}

TEST(Store, RefusesAnotherStudyAndNamesBothAndTheDifference) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  (void)Store::open_or_create(path, R"({"seed":7,"data":{"n_data":64}})", "aaaa");
  const std::string message =
      input_error([&] { (void)Store::open_or_create(path, R"({"seed":7,"data":{"n_data":128}})", "bbbb"); });
  for (const char* part : {"study.db", "aaaa", "bbbb", "data.n_data is 64 in the file and 128 here", "name another"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

// A file exactly as schema 1 wrote it.
void make_schema_1(const std::string& path, const std::vector<RunRecord>& runs) {
  Database database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, path);
  database.execute(R"sql(
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1885883511;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (run INTEGER PRIMARY KEY, key TEXT NOT NULL, configuration TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('finished', 'diverged', 'failed')), summary TEXT NOT NULL, seconds REAL);
CREATE TABLE measurements (run INTEGER NOT NULL REFERENCES runs (run) ON DELETE CASCADE, step INTEGER NOT NULL,
  time REAL, tokens REAL, compute_flop REAL, train_loss REAL, test_loss REAL, excess_risk REAL,
  PRIMARY KEY (run, step)) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema_version', '1'), ('study_key', 'key'), ('study_configuration', '{}');
)sql");
  Statement run(database, "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  Statement row(database, "INSERT INTO measurements VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  for (const RunRecord& r : runs) {
    run.bind(1, r.index);
    run.bind(2, r.key);
    run.bind(3, r.configuration);
    run.bind(4, base::enum_to_text(r.status));
    run.bind(5, r.summary);
    run.bind(6, r.seconds);
    run.run();
    for (const Measurement& m : r.measurements) {
      row.bind(1, r.index);
      row.bind(2, m.step);
      int column = 3;
      for (const double x : {m.time, m.tokens, m.compute_flop, m.train_loss, m.test_loss, m.excess_risk})
        row.bind(column++, x);
      row.run();
    }
  }
}

TEST(Store, ReadsSchema1AndMigratesItWhenItIsWritten) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  const std::vector<RunRecord> runs = {sample_run(0, 4), sample_run(3, 7)};
  make_schema_1(path, runs);
  const auto version = [&] {
    return Database(path, SQLITE_OPEN_READONLY, path).text("SELECT value FROM meta WHERE name = 'schema_version'");
  };
  {
    const Store old = Store::open_read(path);
    ASSERT_EQ(old.runs().size(), 2u);
    expect_same(*old.run(3), runs[1]);
    EXPECT_EQ(check_file(path).without_checksum, 2);
  }
  EXPECT_EQ(version(), "1");  // reading changes nothing
  EXPECT_NE(input_error([&] { (void)Store::open_or_create(path, "{}", "other"); }).find("another study"),
            std::string::npos);
  EXPECT_EQ(version(), "1");  // nor does a refusal
  {
    Store store = Store::open_or_create(path, "{}", "key");
    EXPECT_EQ(version(), std::to_string(kSchemaVersion));
    store.add(sample_run(5, 2));
    ASSERT_EQ(store.runs().size(), 3u);
    for (std::size_t i = 0; i < runs.size(); ++i) expect_same(store.runs()[i], runs[i]);
  }
  const auto check = check_file(path);
  EXPECT_TRUE(check.problems.empty());
  EXPECT_EQ(check.without_checksum, 0);
  EXPECT_EQ(check.finished, 3);
  // What migration made is what a fresh store holds.
  Store fresh = Store::open_or_create(scratch.path("fresh.db"), "{}", "key");
  for (const RunRecord& run : runs) fresh.add(run);
  fresh.add(sample_run(5, 2));
  const auto dump = [](const std::string& file) {
    Database database(file, SQLITE_OPEN_READONLY, file);
    return database.text("SELECT group_concat(name || ':' || type, ',') FROM pragma_table_info('runs')") +
           database.text("SELECT group_concat(run || checksum || program, ',') FROM runs");
  };
  EXPECT_EQ(dump(path), dump(scratch.path("fresh.db")));
}

// As a field that Measurement got later would look.
TEST(Store, AColumnThatAnOlderFileLacksIsNotKnownAndIsAddedByMigration) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  RunRecord run = sample_run(0, 4);
  make_schema_1(path, {run});
  Database(path, SQLITE_OPEN_READWRITE, path).execute("ALTER TABLE measurements DROP COLUMN compute_flop");
  for (Measurement& m : run.measurements) m.compute_flop = base::kNaN;
  expect_same(Store::open_read(path).runs().at(0), run);
  EXPECT_TRUE(check_file(path).problems.empty());
  Store store = Store::open_or_create(path, "{}", "key");
  store.add(sample_run(1, 3));
  expect_same(*store.run(0), run);
  expect_same(*store.run(1), sample_run(1, 3));
  EXPECT_TRUE(check_file(path).problems.empty());
  EXPECT_EQ(check_file(path).without_checksum, 0);
}

TEST(Store, AMigrationThatFindsNoRoomLeavesTheFileAsItWas) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  std::vector<RunRecord> runs;
  for (int i = 0; i < 400; ++i) runs.push_back(sample_run(i, 1));  // checksums need new pages
  make_schema_1(path, runs);
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path));
  EXPECT_THROW((void)Store::open_or_create(path, "{}", "key", {.max_bytes = size}), base::RunError);
  EXPECT_EQ(Store::open_read(path).runs().size(), 400u);
  EXPECT_EQ(check_file(path).schema_version, 1);
  EXPECT_EQ(Store::open_or_create(path, "{}", "key").runs().size(), 400u);
  EXPECT_EQ(check_file(path).schema_version, kSchemaVersion);
}

TEST(Store, RefusesAFileSystemWithoutLocksAndSaysWhatToDo) {
  const Scratch scratch;
  StoreOptions options;
  options.locking_problem = [](const std::string&) { return "it is on NFS"; };
  const std::string path = scratch.path("study.db");
  const std::string message = input_error([&] { (void)Store::open_or_create(path, "{}", "key", options); });
  for (const char* part : {"study.db", "it is on NFS", "local disk", "--shard", "phaselaw merge"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(path));  // refused before anything is made
}

TEST(Store, RefusesAnotherSchemaVersion) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  (void)Store::open_or_create(path, "{}", "key");
  Database(path, SQLITE_OPEN_READWRITE, path).execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'");
  for (const bool reading : {true, false}) {
    const std::string message =
        input_error([&] { (void)(reading ? Store::open_read(path) : Store::open_or_create(path, "{}", "key")); });
    EXPECT_NE(message.find(fmt::format("schema version 99; this program reads versions 1 to {}", kSchemaVersion)),
              std::string::npos)
        << message;
  }
}

TEST(Store, RefusesFilesThatAreNoStudy) {
  const Scratch scratch;
  std::ofstream(scratch.path("text.db")) << std::string(4096, 'x');
  std::ofstream(scratch.path("short.db")) << "hello";
  std::ofstream(scratch.path("empty.db")) << "";
  Database(scratch.path("other.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "").execute("CREATE TABLE t (a)");
  std::filesystem::create_directory(scratch.path("folder"));
  ASSERT_EQ(::mkfifo(scratch.path("pipe").c_str(), 0600), 0);
  const std::pair<const char*, const char*> cases[] = {{"text.db", "expected an SQLite database"},
                                                       {"short.db", "expected an SQLite database"},
                                                       {"other.db", "not a phaselaw study"},
                                                       {"empty.db", "is an empty file"},
                                                       {"pipe", "is a device or FIFO"},
                                                       {"folder", "is a directory"}};
  for (const auto& [name, part] : cases)
    for (const bool reading : {true, false}) {
      const std::string path = scratch.path(name);
      const auto size = [&] { return std::filesystem::is_regular_file(path) ? std::filesystem::file_size(path) : 0; };
      const auto before = size();
      const std::string message =
          input_error([&] { (void)(reading ? Store::open_read(path) : Store::open_or_create(path, "{}", "key")); });
      EXPECT_NE(message.find(part), std::string::npos) << name << ": " << message;
      EXPECT_NE(message.find(name), std::string::npos) << message;
      EXPECT_EQ(before, size()) << name;
    }
  EXPECT_NE(input_error([&] { (void)Store::open_read(scratch.path("absent.db")); }).find("does not exist"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(scratch.path("absent.db")));
  EXPECT_NO_THROW((void)Store::open_or_create(scratch.path("new/below/study.db"), "{}", "k"));
}

// A sweep that is killed while it creates its store must not leave a file that no reader understands.
TEST(Store, AppearsWholeOrNotAtAll) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  // The size limit of a file stops the writing at each length that falls into the file.
  struct rlimit former {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  int refused = 0;
  for (rlim_t size = 0; !std::filesystem::exists(path); size += 1000) {
    struct rlimit small = former;
    small.rlim_cur = size;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    try {
      create_study(path, "{}", "key");
    } catch (const base::RunError&) {
      ++refused;
      EXPECT_TRUE(std::filesystem::is_empty(scratch.folder()));
    }
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &former), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_GT(refused, 10);
  create_study(path, "{}", "another");  // the name is taken: nothing changes
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.folder()), {}), 1);
  EXPECT_TRUE(Store::open_read(path).runs().empty());  // read before anything wrote to it
  EXPECT_EQ(Store::open_read(path).study_key(), "key");
  EXPECT_TRUE(check_file(path).problems.empty());
}

// Many processes that start at once: one creates the file, all use it.
TEST(Store, SeveralCreatorsShareOneFile) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  constexpr int kCreators = 8;
  std::vector<std::thread> creators;
  for (int i = 0; i < kCreators; ++i)
    creators.emplace_back([&, i] {
      Store store = Store::open_or_create(path, "{}", "key");
      store.add(sample_run(i, 2));
    });
  for (std::thread& creator : creators) creator.join();
  EXPECT_EQ(Store::open_read(path).runs().size(), static_cast<std::size_t>(kCreators));
}

// Cut at every page boundary and inside pages: never a crash, never a silent part of the data.
TEST(Store, RefusesATruncatedFile) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  {
    Store store = Store::open_or_create(path, "{}", "key");
    for (int i = 0; i < 5; ++i) store.add(sample_run(i, 200));
  }
  const auto size = std::filesystem::file_size(path);
  for (std::uintmax_t cut = 512; cut < size; cut += 1536) {
    std::filesystem::copy_file(path, scratch.path("cut.db"), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(scratch.path("cut.db"), cut);
    const std::string message = input_error([&] { (void)Store::open_read(scratch.path("cut.db")).runs(); });
    EXPECT_TRUE(message.find("damaged") != std::string::npos || message.find("not a") != std::string::npos)
        << cut << " of " << size << ": " << message;
  }
}

TEST(Store, AFullDiskIsARunErrorAndEarlierRunsStay) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  std::int64_t stored = 0;
  {
    Store store = Store::open_or_create(path, "{}", "key", {.max_bytes = 200'000});
    std::string message;
    for (; message.empty() && stored < 1000; ++stored) try {
        store.add(sample_run(stored, 300));
      } catch (const base::RunError& error) {
        message = error.what();
        break;
      }
    EXPECT_NE(message.find("full; the runs stored so far are intact"), std::string::npos) << message;
    EXPECT_GE(stored, 2);
    EXPECT_EQ(static_cast<std::int64_t>(store.runs().size()), stored);  // still usable
    EXPECT_THROW(store.add(sample_run(stored, 300)), base::RunError);
  }
  Store store = Store::open_or_create(path, "{}", "key");  // with room again
  ASSERT_EQ(static_cast<std::int64_t>(store.runs().size()), stored);
  for (const RunRecord& run : store.runs()) expect_same(run, sample_run(run.index, 300));
  store.add(sample_run(stored, 300));
  EXPECT_EQ(static_cast<std::int64_t>(store.finished_runs().size()), stored + 1);
}

TEST(Store, TakesRunsFromSeveralThreadsAndStores) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  Store first = Store::open_or_create(path, "{}", "key");
  Store second = Store::open_or_create(path, "{}", "key");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) (t % 2 == 0 ? first : second).add(sample_run(10 * t + i, 20));
    });
  for (auto& thread : threads) thread.join();
  const auto runs = second.runs();
  ASSERT_EQ(runs.size(), 40u);
  for (std::size_t i = 0; i < runs.size(); ++i) expect_same(runs[i], sample_run(static_cast<std::int64_t>(i), 20));
}

TEST(Store, ReadsWhileAnotherWrites) {
  const Scratch scratch;
  Store writer = Store::open_or_create(scratch.path("a#b?c%20.db"), "{}", "key");
  writer.add(sample_run(0, 5));
  const Store reader = Store::open_read(scratch.path("a#b?c%20.db"));
  EXPECT_EQ(reader.runs().size(), 1u);
  writer.add(sample_run(1, 5));
  EXPECT_EQ(reader.runs().size(), 2u);
}

TEST(Store, IsInWalMode) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  Store store = Store::open_or_create(path, "{}", "key");
  store.add(sample_run(0, 1));
  EXPECT_EQ(Database(path, SQLITE_OPEN_READONLY, path).text("PRAGMA journal_mode"), "wal");
}

TEST(StoreDeathTest, StepsMustIncrease) {
  const Scratch scratch;
  Store store = Store::open_or_create(scratch.path("study.db"), "{}", "key");
  RunRecord run = sample_run(0, 2);
  run.measurements[1].step = run.measurements[0].step;
  EXPECT_DEATH(store.add(run), "step");
}

}  // namespace
}  // namespace phaselaw::store
