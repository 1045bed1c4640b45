// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// What the words of a training log mean as far as its grammar needs it: which names count steps or epochs, which words
// stand for a part of the data.
namespace phaselaw::documents {

enum class LogCounter : std::uint8_t {
  none,
  step,   // step, iter, iteration, global_step, num_updates, batch, a fraction without a name, ...
  epoch,  // epoch, ep
  other,  // steps, tokens, samples, episodes: the counter only of a log that has neither of the above
};

struct LogName {
  std::string text;
  LogCounter counter = LogCounter::none;
  std::string core = {};      // of a counter, as written: "iteration" of "validation loss at iteration"
  bool has_stream = false;    // of a counter: a word for a part of the data stands before the core
  std::uint8_t key = 0xff;    // of a counter: its number in LogGrammar
  bool loss_like = false;     // loss, perplexity, accuracy and similar
  std::uint32_t counted = 0;  // lines with a counter that have this name
  std::uint32_t alone = 0;    // lines without one
  std::string unit = {};      // of the first value
  bool has_unit = false, mixed_units = false;
  std::uint64_t stream = 0;      // hash of the stream of the first line, 0 before it
  bool shared = false;           // lines of several streams have this name
  std::string stream_word = {};  // of the first line, if it is not a word for training
};

[[nodiscard]] LogName log_name(std::string_view text);
// train, Training, valid, eval, test, train_inner, ...
[[nodiscard]] bool is_stream_word(std::string_view word);
// Such a word that names no training data: valid, eval, test.
[[nodiscard]] bool is_held_out_word(std::string_view word);
// The last of these words in a text, or empty.
[[nodiscard]] std::string_view stream_word_in(std::string_view words);
// The digits of rank3, Rank3 and default3; empty for any other word.
[[nodiscard]] std::string_view rank_of_word(std::string_view word);
[[nodiscard]] bool is_rank_name(std::string_view name);
[[nodiscard]] bool is_level_word(std::string_view word);     // INFO, WARNING, ...
[[nodiscard]] bool is_identity_name(std::string_view name);  // run, seed, model, ...: their values may be words
[[nodiscard]] bool is_size_name(std::string_view name);      // params, tokens, model, ...: what tells runs apart

// All names of a log, numbered in order of appearance.
class LogNames {
 public:
  static constexpr std::uint32_t kFull = 0xffffffffU;
  // The number of a name; kFull if it is not known. `guess` is tried first.
  [[nodiscard]] std::uint32_t find(std::string_view name, std::uint32_t guess) const;
  // The same for a name that becomes known now; kFull if there are `most` names already.
  std::uint32_t add(std::string_view name, std::size_t most = kMost);
  [[nodiscard]] LogName& operator[](std::uint32_t id) { return names_[id]; }
  [[nodiscard]] const LogName& operator[](std::uint32_t id) const { return names_[id]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  static constexpr std::size_t kMost = 200'000;

 private:
  std::deque<LogName> names_;
  std::unordered_map<std::string_view, std::uint32_t> ids_;
};

}  // namespace phaselaw::documents
