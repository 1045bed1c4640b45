// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/log_names.h"

#include <array>

#include "phaselaw/base/ascii.h"
#include "phaselaw/documents/log_tokens.h"

namespace phaselaw::documents {

namespace {

constexpr auto kSteps = std::to_array<std::string_view>(
    {"batch",     "batch_idx",      "batch_id",  "global_step", "global step", "globalstep",    "it",
     "iter",      "iter_num",       "iteration", "itr",         "minibatch",   "n_iter",        "num_updates",
     "num_steps", "optimizer_step", "step",      "update",      "updates",     "optimizer step"});
constexpr auto kEpochs = std::to_array<std::string_view>({"epoch", "ep"});
constexpr auto kOthers = std::to_array<std::string_view>(
    {"consumed samples", "consumed tokens", "episode",        "episodes",   "epochs",    "examples",
     "examples seen",    "frames",          "generation",     "iterations", "iters",     "round",
     "samples",          "samples seen",    "steps",          "timestep",   "timesteps", "tokens",
     "tokens seen",      "total_timesteps", "total timesteps"});
// Words after which a counter at the end of a longer name counts: "validation loss at iteration".
constexpr auto kNotBefore = std::to_array<std::string_view>(
    {"per", "total", "max",   "num",  "number", "warmup", "last", "of",     "every", "each", "time",
     "s",   "ms",    "steps", "best", "next",   "first",  "min",  "target", "decay", "log",  "save"});
constexpr auto kStreams = std::to_array<std::string_view>({"dev", "eval", "evaluating", "evaluation", "heldout",
                                                           "held-out", "test", "testing", "train", "training", "trn",
                                                           "val", "valid", "validating", "validation"});
constexpr auto kMeasures = std::to_array<std::string_view>(
    {"loss",  "ppl",     "perplexity",       "acc",   "accuracy", "bpb", "bpc",  "nll", "err",
     "error", "reward",  "return",           "score", "mse",      "mae", "rmse", "f1",  "auc",
     "bleu",  "entropy", "crossentropyloss", "ce"});
constexpr auto kLevels = std::to_array<std::string_view>(
    {"INFO", "DEBUG", "WARNING", "WARN", "ERROR", "CRITICAL", "TRACE", "NOTICE", "Info", "Warning"});
constexpr auto kIdentities = std::to_array<std::string_view>({"run", "run_id", "run_name", "model", "name", "config",
                                                              "exp", "experiment", "seed", "split", "stream", "phase",
                                                              "mode", "stage", "task", "dataset", "arch", "group"});

LogCounter class_of(std::string_view core) {
  if (is_listed_word(core, kSteps)) return LogCounter::step;
  if (is_listed_word(core, kEpochs)) return LogCounter::epoch;
  if (is_listed_word(core, kOthers)) return LogCounter::other;
  return LogCounter::none;
}

// Sets counter and core if the name, or the name without what stands before its last part, counts.
void find_counter(LogName& name) {
  std::string low = base::lower(name.text);
  std::string_view rest = low;
  if (rest.ends_with(')') && rest.find('(') != rest.npos) rest = rest.substr(0, rest.find('('));  // epoch(train)
  while (!rest.empty() && (rest.back() == ' ' || rest.back() == '#')) rest.remove_suffix(1);
  std::size_t begin = 0;
  name.counter = class_of(rest);
  if (const auto cut = rest.find_first_of("/_. "); name.counter == LogCounter::none && cut != rest.npos)
    if (const auto first = rest.substr(0, cut); is_stream_word(first) || first == "trainer") {
      name.counter = class_of(rest.substr(cut + 1));
      begin = cut + 1;
    }
  if (const auto cut = rest.rfind(' '); name.counter == LogCounter::none && cut != rest.npos) {
    const auto before = rest.substr(0, cut);
    const auto last = before.substr(before.rfind(' ') == before.npos ? 0 : before.rfind(' ') + 1);
    const LogCounter counter = class_of(rest.substr(cut + 1));
    if (counter != LogCounter::other && !is_listed_word(last, kNotBefore)) name.counter = counter;
    begin = cut + 1;
  }
  if (name.counter == LogCounter::none) return;
  name.core = name.text.substr(begin, rest.size() - begin);
  name.has_stream = !stream_word_in(name.text).empty();
}

}  // namespace

bool is_stream_word(std::string_view word) {
  if (word.empty() || std::string_view("dehtvDEHTV").find(word.front()) == std::string_view::npos) return false;
  if (word.size() > 16) return false;
  const std::string low = base::lower(word);
  return is_listed_word(std::string_view(low).substr(0, low.find('_')), kStreams);
}

bool is_held_out_word(std::string_view word) {
  return is_stream_word(word) && !base::lower(word.substr(0, 2)).starts_with("tr");
}

std::string_view stream_word_in(std::string_view words) {
  std::string_view found;
  for (std::size_t i = 0; i < words.size();) {
    if (!base::is_letter(words[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < words.size() && (base::is_letter(words[end]) || words[end] == '_' || words[end] == '-')) ++end;
    const auto of_path = [](char c) { return c == '.' || c == '/' || base::is_digit(c); };
    const bool apart = (i == 0 || !of_path(words[i - 1])) && (end == words.size() || !of_path(words[end]));
    if (apart && is_stream_word(words.substr(i, end - i))) found = words.substr(i, end - i);
    i = end;
  }
  return found;
}

std::string_view rank_of_word(std::string_view word) {
  for (const std::string_view start : {"rank", "Rank", "RANK", "default"}) {
    if (!word.starts_with(start) || word.size() == start.size()) continue;
    const std::string_view digits = word.substr(start.size());
    if (digits.find_first_not_of("0123456789") == std::string_view::npos) return digits;
  }
  return {};
}

bool is_rank_name(std::string_view name) {
  if (name.size() < 4 || name.size() > 11 || std::string_view("rRlLgG").find(name.front()) == name.npos) return false;
  const std::string low = base::lower(name);
  return low == "rank" || low == "local_rank" || low == "global_rank" || low == "local rank" || low == "global rank";
}

bool is_level_word(std::string_view word) { return is_listed_word(word, kLevels); }

bool is_size_name(std::string_view name) {
  constexpr auto kSizes = std::to_array<std::string_view>(
      {"c",      "compute", "d",      "d_model", "data",     "dataset_size", "depth",        "flops", "hidden",
       "layers", "model",   "n",      "n_data",  "n_layers", "n_params",     "n_train",      "p",     "parameters",
       "params", "run",     "run_id", "seed",    "size",     "tokens",       "train_tokens", "width"});
  return name.size() <= 12 && is_listed_word(base::lower(name), kSizes);
}

bool is_identity_name(std::string_view name) {
  return name.size() <= 10 && is_listed_word(base::lower(name), kIdentities);
}

LogName log_name(std::string_view text) {
  LogName name = {.text = std::string(text)};
  if (text.empty()) {
    name.counter = LogCounter::step;
    return name;
  }
  find_counter(name);
  const std::string low = base::lower(text);
  for (std::size_t i = 0; i < low.size() && !name.loss_like;) {
    std::size_t end = i;
    while (end < low.size() && (base::is_letter(low[end]) || (low[end] >= '0' && low[end] <= '9'))) ++end;
    const std::string_view word = std::string_view(low).substr(i, end - i);
    name.loss_like = is_listed_word(word, kMeasures) || word.ends_with("loss");
    i = end + 1;
  }
  return name;
}

std::uint32_t LogNames::find(std::string_view name, std::uint32_t guess) const {
  if (guess < names_.size() && names_[guess].text == name) return guess;
  const auto at = ids_.find(name);
  return at == ids_.end() ? kFull : at->second;
}

std::uint32_t LogNames::add(std::string_view name, std::size_t most) {
  if (const std::uint32_t known = find(name, kFull); known != kFull) return known;
  if (names_.size() >= most) return kFull;
  names_.push_back(log_name(name));
  ids_.emplace(names_.back().text, static_cast<std::uint32_t>(names_.size() - 1));
  return static_cast<std::uint32_t>(names_.size() - 1);
}

}  // namespace phaselaw::documents
