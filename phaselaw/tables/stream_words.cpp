// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/stream_words.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "phaselaw/base/ascii.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::tables {

namespace {

constexpr std::array<std::string_view, 4> kTrainWords = {"train", "training", "trn", "tr"};
constexpr std::array<std::string_view, 13> kHeldOutWords = {"val",     "valid",   "validation", "validate", "test",
                                                            "testing", "eval",    "evaluation", "evaluate", "dev",
                                                            "holdout", "heldout", "cv"};
constexpr std::array<std::string_view, 11> kLossWords = {"loss", "losses",  "nll",    "xent", "ce", "crossentropy",
                                                         "cost", "entropy", "logppl", "bce",  "mse"};
constexpr std::array<std::string_view, 22> kOtherWords = {
    "acc", "accuracy", "score", "f1",   "bleu", "rouge",      "auc",   "em",        "ppl",    "perplexity", "error",
    "err", "wer",      "top",   "time", "mfu",  "throughput", "epoch", "precision", "recall", "reward",     "mae"};

constexpr std::array<std::string_view, 4> kNumberedWords = {"top", "acc", "bleu", "rouge"};  // top5

template <class Words>
bool is_one_of(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool add_word(std::string_view word, StreamWord& out) {
  if (is_one_of(kTrainWords, word) || is_one_of(kHeldOutWords, word)) {
    out.role = is_one_of(kTrainWords, word) ? Role::training : Role::held_out;
    out.names_data = true;
  } else if (is_one_of(kLossWords, word)) {
    out.names_metric = true;
  } else if (is_one_of(kOtherWords, word)) {
    out.names_metric = true;
    out.kind = StreamKind::other;
  } else if (word == "inner" && out.names_data && out.role == Role::training) {
    // "train_inner": the rows within an epoch, as fairseq names them.
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<StreamWord> stream_word(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  StreamWord out;
  const std::string plain = plain_name(text);
  for (const auto& [name, kind] : {std::pair("lr", StreamKind::lr), std::pair("learningrate", StreamKind::lr),
                                   std::pair("gradnorm", StreamKind::grad_norm)})
    if (plain == name || plain == std::string("train") + name) {
      out.kind = kind;
      out.names_metric = true;
      return out;
    }
  std::string word;
  bool any = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '/';
    const bool letter = base::is_letter(c), digit = base::is_digit(c);
    if (letter) word += base::lower(c);
    if (letter) continue;
    if (digit && is_one_of(kNumberedWords, word)) continue;
    if (digit && word == "f" && text[i] == '1') {
      word = "f1";
      continue;
    }
    if (c != '/' && c != '.' && c != '-' && c != '_' && c != ' ' && c != ':') return std::nullopt;
    if (word.empty()) continue;
    if (!add_word(word, out)) return std::nullopt;
    any = true;
    word.clear();
  }
  return any ? std::optional(out) : std::nullopt;
}

}  // namespace phaselaw::tables
