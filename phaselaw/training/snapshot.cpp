// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/snapshot.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "phaselaw/base/bytes.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/hash.h"

namespace phaselaw::training {

namespace {

constexpr std::string_view kMagic = "phLwsnp1";
constexpr std::size_t kLongestIdentity = std::size_t{1} << 20;

bool is_integer(const base::Domain& domain) { return domain.unit == "tokens"; }

void put(base::ByteWriter& out, std::int64_t x, const base::Domain&) { out.value(x); }
void put(base::ByteWriter& out, double x, const base::Domain& domain) {
  if (!is_integer(domain)) return out.value(x);
  PHASELAW_CHECK(std::isfinite(x));
  out.value(static_cast<std::int64_t>(x));
}

void get(base::ByteReader& in, std::int64_t& x, const base::Domain&) { x = in.value<std::int64_t>(); }
void get(base::ByteReader& in, double& x, const base::Domain& domain) {
  x = is_integer(domain) ? static_cast<double>(in.value<std::int64_t>()) : in.value<double>();
}

}  // namespace

template <class T>
std::string snapshot_bytes(const TrainingState<T>& state, const std::string& identity) {
  base::ByteWriter out;
  out.raw(kMagic);
  out.text(identity);
  out.value(static_cast<std::uint64_t>(sizeof(T)));
  out.value(state.steps);
  out.value(state.time);
  out.value(state.loss_limit);
  out.value(state.learning_rate);
  out.value(static_cast<std::uint64_t>(state.curve.size()));
  for (const Measurement& m : state.curve)
    Measurement::fields(m, [&](auto, const auto& x, const base::Domain& domain, auto) { put(out, x, domain); });
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
  return snapshot_from_bytes<T>(base::read_text(path), identity);
}

std::optional<std::string> snapshot_identity(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string start(kMagic.size() + sizeof(std::uint64_t) + kLongestIdentity, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  if (!start.starts_with(kMagic)) return std::nullopt;
  base::ByteReader in(std::string_view(start).substr(kMagic.size()));
  const std::string_view identity = in.text();
  if (!in.good()) return std::nullopt;
  return std::string(identity);
}

template <class T>
std::optional<TrainingState<T>> snapshot_from_bytes(std::string_view file, const std::string& identity) {
  constexpr std::size_t kHashBytes = sizeof(std::uint64_t);
  if (file.size() < kMagic.size() + kHashBytes || !file.starts_with(kMagic)) return std::nullopt;
  const std::string_view body = file.substr(0, file.size() - kHashBytes);
  if (base::ByteReader(file.substr(body.size())).value<std::uint64_t>() != base::hash_bytes(body)) return std::nullopt;
  base::ByteReader in(body.substr(kMagic.size()));
  if (in.text() != identity || in.value<std::uint64_t>() != sizeof(T)) return std::nullopt;
  TrainingState<T> state;
  state.steps = in.value<std::int64_t>();
  state.time = in.value<double>();
  state.loss_limit = in.value<double>();
  state.learning_rate = in.value<double>();
  const auto measurements = in.value<std::uint64_t>();
  for (std::uint64_t i = 0; i < measurements && in.good(); ++i) {
    Measurement m;
    Measurement::fields(m, [&](auto, auto& x, const base::Domain& domain, auto) { get(in, x, domain); });
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
template std::optional<TrainingState<float>> snapshot_from_bytes<float>(std::string_view, const std::string&);
template std::optional<TrainingState<double>> snapshot_from_bytes<double>(std::string_view, const std::string&);
template std::optional<TrainingState<float>> read_snapshot<float>(const std::string&, const std::string&);
template std::optional<TrainingState<double>> read_snapshot<double>(const std::string&, const std::string&);

}  // namespace phaselaw::training
