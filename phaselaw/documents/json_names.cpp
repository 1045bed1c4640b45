// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_names.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "phaselaw/base/ascii.h"

namespace phaselaw::documents {

namespace {

// The words of a name in lower case: "trainer/global_step" is trainer, global, step. Only its first bytes count.
std::vector<std::string> words_of_json_name(std::string_view name) {
  constexpr std::size_t kRead = 200;
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : name.substr(0, kRead)) {
    const char low = base::lower(c);
    const bool letter = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
    if (letter && !inside) words.emplace_back();
    if (letter) words.back() += low;
    inside = letter;
  }
  return words;
}

bool is_one_of_words(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool is_json_counter(std::string_view name) {
  const std::vector<std::string> words = words_of_json_name(name);
  if (words.empty()) return false;
  for (const std::string& word : words)
    if (is_one_of_words(word, {"per", "max", "total", "save", "warmup", "logging", "best", "time", "loss"}))
      return false;
  return is_one_of_words(words.back(), {"step", "steps", "iter", "iters", "iteration", "iterations", "epoch", "epochs",
                                        "update", "updates", "tokens", "batch", "batches", "seen"});
}

bool is_json_metric(std::string_view name) {
  bool metric = false;
  for (const std::string& word : words_of_json_name(name)) {
    if (is_one_of_words(word, {"scale", "per", "weight", "coef", "type", "name", "function", "fn"})) return false;
    metric = metric || is_one_of_words(word, {"loss", "losses", "nll", "ppl", "perplexity", "bpb", "bpc", "xent", "acc",
                                              "accuracy", "error", "risk", "reward", "score", "mse", "rmse", "mae"});
  }
  return metric;
}

bool is_json_run_name(std::string_view name) {
  return is_one_of_words(name, {"run", "run_id", "run_name", "run_uuid", "trial_id", "Run", "run.id", "run.name"});
}

}  // namespace phaselaw::documents
