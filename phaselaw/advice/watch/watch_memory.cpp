// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/advice/watch/watch.h"
#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/hash.h"

// What a watch remembers from one start to the next, as JSON:
//
//   {"phaselaw_watch": 1, "settings": HASH, "sequence": 12, "fired": [TEXT, ...],
//    "logs": {PATH: {"head_hash": HASH, "head_size": 512, "offset": 81234, "presence": 2, "told": TEXT,
//                    "curves": {NAME: {"state": WORD, "candidate": WORD, "forecast": [LO, HI], "warnings": [TEXT, ...]}}}}}
namespace phaselaw::advice {

namespace {

constexpr std::string_view kMemoryKey = "phaselaw_watch";

base::Value texts_of(const std::set<std::string>& texts) {
  return base::Value(std::vector<std::string>(texts.begin(), texts.end()));
}

std::set<std::string> set_of(const base::Value& list) {
  std::set<std::string> out;
  for (const base::Value& item : list.list()) out.insert(item.text());
  return out;
}

std::uint64_t hash_from(const base::Value& value) {
  std::uint64_t hash = 0;
  for (const char c : value.text()) {
    if (!(base::is_digit(c) || (c >= 'a' && c <= 'f')))
      throw base::InputError(value.where(), "expected a hash of hexadecimal digits");
    hash = hash * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return hash;
}

std::uint64_t size_from(const base::Value& value) {
  if (value.integer() < 0) throw base::InputError(value.where(), "expected a number of bytes >= 0");
  return static_cast<std::uint64_t>(value.integer());
}

}  // namespace

// Two watches that read the same columns of their logs have the same settings.
std::string Watch::settings() const {
  std::string text = base::to_json(base::write_fields(request_.read), -1);
  for (const std::string& run : request_.run) text += "\n" + run;
  return fmt::format("{:016x}", base::hash_bytes(text));
}

base::Value Watch::memory_of(const Log& log) const {
  const LogMemory memory = log.follower.memory();
  base::Value curves = base::Value::table();
  for (const auto& [name, known] : log.reported) {
    base::Value& curve = curves[name];
    curve["state"] = known.state;
    curve["candidate"] = known.candidate;
    if (known.forecast) curve["forecast"] = base::Value(std::vector<double>{known.forecast->lo, known.forecast->hi});
    curve["warnings"] = texts_of(known.warnings);
  }
  return base::Value::table({{"head_hash", fmt::format("{:016x}", memory.mark.head_hash)},
                             {"head_size", memory.mark.head_size},
                             {"offset", memory.mark.offset},
                             {"presence", static_cast<int>(memory.presence)},
                             {"told", memory.told},
                             {"curves", curves}});
}

base::Value Watch::memory() const {
  base::Value logs = base::Value::table();
  for (const auto& log : logs_) logs[absolute_path(log->follower.path())] = memory_of(*log);
  for (const auto& [path, memory] : remembered_) logs[path] = memory;
  base::Value sources = base::Value::table();
  for (const Source& source : sources_) sources[absolute_path(source.path)] = source.told;
  return base::Value::table({{kMemoryKey.data(), 1},
                             {"settings", settings()},
                             {"sequence", sequence_},
                             {"fired", texts_of(fired_)},
                             {"sources", sources},
                             {"logs", logs}});
}

void Watch::restore_log(const base::Value& memory, Log& log) const {
  const std::int64_t presence = memory.at("presence").integer();
  if (presence < 0 || presence > static_cast<int>(LogPresence::unreadable))
    throw base::InputError(memory.where(), "expected a presence from 0 to 3");
  log.follower.remember(
      {{hash_from(memory.at("head_hash")), size_from(memory.at("head_size")), size_from(memory.at("offset"))},
       static_cast<LogPresence>(presence),
       memory.at("told").text()});
  for (const auto& [name, curve] : memory.at("curves").entries()) {
    ReportedCurve& known = log.reported[name];
    known.state = curve.at("state").text();
    known.candidate = curve.at("candidate").text();
    if (const base::Value* forecast = curve.find("forecast"); forecast != nullptr && forecast->list().size() == 2)
      known.forecast = Interval{forecast->list()[0].number(), forecast->list()[1].number()};
    known.warnings = set_of(curve.at("warnings"));
  }
}

void Watch::restore(const base::Value& memory, const std::string& source) {
  const std::string next = "name another file with --state, or delete this one to begin anew";
  if (!memory.is_table() || memory.find(kMemoryKey) == nullptr)
    throw base::InputError({source}, "expected the state of a watch, found another file; " + next);
  if (memory.at(kMemoryKey).integer() != 1)
    throw base::InputError({source}, "the state was written by another version of watch; " + next);
  if (memory.at("settings").text() != settings())
    throw base::InputError({source},
                           "the state belongs to a watch with other options (--loss, --col, --where, --run or "
                           "others that change the curves); " +
                               next);
  bool shared = false;
  for (Source& mine : sources_)
    if (const base::Value* told = memory.at("sources").find(absolute_path(mine.path)); told != nullptr) {
      mine.told = told->text();
      mine.listed = false;
      shared = true;
    }
  if (!shared) {
    const auto& others = memory.at("sources").entries();
    throw base::InputError({source}, fmt::format("the state belongs to other logs ({}{}); {}",
                                                 others.empty() ? "none" : others.front().first,
                                                 others.size() > 1 ? " and others" : "", next));
  }
  sequence_ = memory.at("sequence").integer();
  fired_ = set_of(memory.at("fired"));
  for (const auto& [path, log] : memory.at("logs").entries()) {
    Log check{LogFollower({path}, true, request_.read, {}), {}, {}, {}};
    restore_log(log, check);  // a damaged state is refused now, before anything is reported
    remembered_[path] = log;
  }
}

}  // namespace phaselaw::advice
