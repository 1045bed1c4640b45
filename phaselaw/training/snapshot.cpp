// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/snapshot.h"

#include <bit>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/hash.h"

namespace phaselaw::training {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are copied as they are");

namespace {

constexpr std::string_view kMagic = "phLwsnp1";

class Writer {
 public:
  template <class V>
  void value(const V& v) {
    bytes_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  template <class V>
  void list(const std::vector<V>& values) {
    value(static_cast<std::uint64_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(V));
  }
  void text(std::string_view text) {
    value(static_cast<std::uint64_t>(text.size()));
    bytes_ += text;
  }
  void raw(std::string_view text) { bytes_ += text; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads as long as there is something; good() tells at the end whether there was.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class V>
  V value() {
    V v{};
    if (take(sizeof v)) std::memcpy(&v, taken_, sizeof v);
    return v;
  }
  template <class V>
  std::vector<V> list() {
    const auto count = value<std::uint64_t>();
    std::vector<V> values;
    if (count > bytes_.size() / sizeof(V) || !take(count * sizeof(V))) {
      good_ = false;
      return values;
    }
    values.resize(count);
    if (count > 0) std::memcpy(values.data(), taken_, count * sizeof(V));
    return values;
  }
  std::string_view text() {
    const auto size = value<std::uint64_t>();
    return take(size) ? std::string_view(taken_, size) : std::string_view();
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && bytes_.empty(); }

 private:
  bool take(std::uint64_t size) {
    good_ = good_ && size <= bytes_.size();
    if (!good_) return false;
    taken_ = bytes_.data();
    bytes_.remove_prefix(size);
    return true;
  }
  std::string_view bytes_;
  const char* taken_ = nullptr;
  bool good_ = true;
};

}  // namespace

template <class T>
std::string snapshot_bytes(const TrainingState<T>& state, const std::string& identity) {
  Writer out;
  out.raw(kMagic);
  out.text(identity);
  out.value(static_cast<std::uint64_t>(sizeof(T)));
  out.value(state.steps);
  out.value(state.time);
  out.value(state.loss_limit);
  out.value(state.learning_rate);
  out.value(static_cast<std::uint64_t>(state.curve.size()));
  for (const Measurement& m : state.curve) {
    out.value(m.step);
    out.value(m.time);
    out.value(m.tokens);
    out.value(m.compute_flop);
    out.value(m.train_loss);
    out.value(m.test_loss);
    out.value(m.excess_risk);
  }
  out.list(state.theta);
  out.list(state.first_moment);
  out.list(state.second_moment);
  out.value(base::hash_bytes(out.bytes()));
  return out.bytes();
}

template <class T>
void write_snapshot(const std::string& path, const TrainingState<T>& state, const std::string& identity) {
  base::write_file(path, snapshot_bytes(state, identity));
}

template <class T>
std::optional<TrainingState<T>> read_snapshot(const std::string& path, const std::string& identity) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  const std::string file = base::read_text(path);
  constexpr std::size_t kHashBytes = sizeof(std::uint64_t);
  if (file.size() < kMagic.size() + kHashBytes || !file.starts_with(kMagic)) return std::nullopt;
  const std::string_view body = std::string_view(file).substr(0, file.size() - kHashBytes);
  if (Reader(std::string_view(file).substr(body.size())).value<std::uint64_t>() != base::hash_bytes(body))
    return std::nullopt;
  Reader in(body.substr(kMagic.size()));
  if (in.text() != identity || in.value<std::uint64_t>() != sizeof(T)) return std::nullopt;
  TrainingState<T> state;
  state.steps = in.value<std::int64_t>();
  state.time = in.value<double>();
  state.loss_limit = in.value<double>();
  state.learning_rate = in.value<double>();
  const auto measurements = in.value<std::uint64_t>();
  for (std::uint64_t i = 0; i < measurements && in.good(); ++i) {
    Measurement m;
    m.step = in.value<std::int64_t>();
    m.time = in.value<double>();
    m.tokens = in.value<std::int64_t>();
    m.compute_flop = in.value<double>();
    m.train_loss = in.value<double>();
    m.test_loss = in.value<double>();
    m.excess_risk = in.value<double>();
    state.curve.push_back(m);
  }
  state.theta = in.template list<T>();
  state.first_moment = in.template list<T>();
  state.second_moment = in.template list<T>();
  if (!in.at_end()) return std::nullopt;
  return state;
}

template std::string snapshot_bytes<float>(const TrainingState<float>&, const std::string&);
template std::string snapshot_bytes<double>(const TrainingState<double>&, const std::string&);
template void write_snapshot<float>(const std::string&, const TrainingState<float>&, const std::string&);
template void write_snapshot<double>(const std::string&, const TrainingState<double>&, const std::string&);
template std::optional<TrainingState<float>> read_snapshot<float>(const std::string&, const std::string&);
template std::optional<TrainingState<double>> read_snapshot<double>(const std::string&, const std::string&);

}  // namespace phaselaw::training
