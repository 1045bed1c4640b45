// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/check.h"

#include <filesystem>
#include <set>

#include "phaselaw/sweep/experiment.h"

namespace phaselaw::sweep {

namespace {

std::string problem_of(const store::RunRecord& run, const Study& study) {
  if (run.key != run_key(run.configuration))
    return fmt::format("its key {} is not the hash of its configuration, {}", run.key, run_key(run.configuration));
  if (run.index < 0 || run.index >= static_cast<std::int64_t>(study.points.size()))
    return fmt::format("the study has runs 0 to {}", study.points.size() - 1);
  const Point& point = study.points[static_cast<std::size_t>(run.index)];
  if (run.key == point.key) return "";
  const base::Value configuration = base::parse_json(run.configuration, "its configuration");
  if (configuration_of(experiment_from(configuration)).key == point.key)
    return "";  // written by a program with fewer keys
  return fmt::format("its configuration is not that of the study's run {}", run.index);
}

std::int64_t count_snapshots(const std::string& folder) {
  std::int64_t count = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    count += entry.path().extension() == ".state" ? 1 : 0;
  return count;
}

}  // namespace

StudyCheck check_study(const std::string& path) {
  StudyCheck check;
  check.file = store::check_file(path);
  check.problems = check.file.problems;
  check.in_flight = count_snapshots(path + "-runs");
  if (!check.sound()) return check;  // the contents of the file are unreliable
  const auto store = store::Store::open_read(path);
  check.study_key = store.study_key();
  const Study study = study_from(base::parse_json(store.study_json(), path));
  if (study.key != check.study_key)
    check.problems.push_back(
        fmt::format("the study's key {} is not the hash of its document, {}", check.study_key, study.key));
  check.points = static_cast<std::int64_t>(study.points.size());
  std::set<std::string> programs;
  for (const std::int64_t index : store.run_indices()) {
    const store::RunRecord run = *store.run(index);
    programs.insert(run.program);
    std::string problem;
    try {
      problem = problem_of(run, study);
    } catch (const base::InputError& error) {
      problem = error.what();
    }
    if (!problem.empty()) check.problems.push_back(fmt::format("run {}: {}", index, problem));
  }
  check.programs = static_cast<std::int64_t>(programs.size());
  check.missing = check.points - check.file.finished - check.file.diverged;
  return check;
}

std::string missing_runs(const store::Store& store) {
  std::size_t points = 0;
  try {
    points = study_from(base::parse_json(store.study_json(), store.path())).points.size();
  } catch (const base::InputError&) {
    return "";
  }
  const std::size_t there = store.finished_runs().size();
  if (there >= points) return "";
  return fmt::format(
      "{} has only {} of the {} runs of its study, so every result holds for these alone; run phaselaw sweep "
      "to finish the study",
      store.path(), there, points);
}

}  // namespace phaselaw::sweep
