// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/model/elementwise.h"

// The activations phi of the MLP. Each is one entry: its name in files, its value and its slope, and the operations
// that its plain definition (model/reference/parts.h) performs for phi(x) and for phi'(x). The key
// `activation`, the passes and the FLOP count follow from the entry. A new activation is an enumerator and an entry
// here, and its plain definition there.
namespace phaselaw::model {

enum class Activation { relu, gelu, silu, tanh, identity };

namespace activations {

// An entry gives phi(x) and sets the slope phi'(x). It has no branches, so that loops over it become vector code.
struct Relu {
  static constexpr std::string_view kName = "relu";
  static constexpr double kValueFlop = 0, kSlopeFlop = 0;
  template <class T>
  [[gnu::always_inline]] static T apply(T x, T& slope) {
    slope = x > 0 ? T(1) : T(0);
    return x < 0 ? T(0) : x;
  }
};

struct Gelu {  // the tanh form
  static constexpr std::string_view kName = "gelu";
  static constexpr double kValueFlop = 9, kSlopeFlop = 18;
  template <class T>
  [[gnu::always_inline]] static T apply(T x, T& slope) {
    constexpr T kA = T(0.7978845608028654), kB = T(0.044715);  // sqrt(2/pi) and the cubic
    const T t = hyperbolic_tangent(kA * (x + kB * x * x * x));
    slope = T(0.5) * (1 + t) + T(0.5) * x * (1 - t * t) * kA * (1 + 3 * kB * x * x);
    return T(0.5) * x * (1 + t);
  }
};

struct Silu {
  static constexpr std::string_view kName = "silu";
  static constexpr double kValueFlop = 4, kSlopeFlop = 8;
  template <class T>
  [[gnu::always_inline]] static T apply(T x, T& slope) {
    const T s = 1 / (1 + exponential(-x));
    slope = s * (1 + x * (1 - s));
    return x * s;
  }
};

struct Tanh {
  static constexpr std::string_view kName = "tanh";
  static constexpr double kValueFlop = 1, kSlopeFlop = 3;
  template <class T>
  [[gnu::always_inline]] static T apply(T x, T& slope) {
    const T t = hyperbolic_tangent(x);
    slope = 1 - t * t;
    return t;
  }
};

struct Identity {
  static constexpr std::string_view kName = "identity";
  static constexpr double kValueFlop = 0, kSlopeFlop = 0;
  template <class T>
  [[gnu::always_inline]] static T apply(T x, T& slope) {
    slope = T(1);
    return x;
  }
};

using All = std::tuple<Relu, Gelu, Silu, Tanh, Identity>;  // in the order of the enumerators
inline constexpr auto kIndices = std::make_index_sequence<std::tuple_size_v<All>>();

}  // namespace activations

// Calls use(entry of `activation`).
template <class Use>
void with_activation(Activation activation, Use&& use) {
  const auto pick = [&]<std::size_t... i>(std::index_sequence<i...>) {
    ((static_cast<std::size_t>(activation) == i ? use(std::tuple_element_t<i, activations::All>()) : void()), ...);
  };
  pick(activations::kIndices);
}

// Every activation with its name.
[[nodiscard]] constexpr auto activation_names() {
  const auto names = []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array{std::pair{std::tuple_element_t<i, activations::All>::kName, static_cast<Activation>(i)}...};
  };
  return names(activations::kIndices);
}

// Operations of the plain definitions of phi(x) and phi'(x).
struct ActivationFlop {
  double value = 0, slope = 0;
};
[[nodiscard]] inline ActivationFlop activation_flop(Activation activation) {
  ActivationFlop flop;
  with_activation(activation, [&](auto entry) { flop = {entry.kValueFlop, entry.kSlopeFlop}; });
  return flop;
}

// True where phi'(x) follows from phi(x), so that the plain MLP keeps no slopes; then with_slope() below knows how.
[[nodiscard]] constexpr bool slope_shows_in_value(Activation activation) { return activation == Activation::relu; }

template <class Entry, class T>
void activate_by(std::int64_t count, T* units, T* slopes) {
  if (slopes == nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) {
      T slope;
      units[i] = Entry::apply(units[i], slope);
    }
    return;
  }
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    T slope;
    units[i] = Entry::apply(units[i], slope);
    slopes[i] = slope;
  }
}

// In place: units <- phi(units), slopes <- phi'(units) unless it is null. NaN passes through.
template <class T>
void activate(Activation activation, std::int64_t count, T* units, T* slopes) {
  with_activation(activation,
                  [&]<class Entry>(Entry) { base::Versions<activate_by<Entry, T>>::call(count, units, slopes); });
}

// relu(x) of a matrix's entry i, j, number or vector, where a product is finished with it.
struct ThenRelu {
  template <class X>
  [[gnu::always_inline]] X operator()(X x, std::int64_t, std::int64_t) const {
    return x < X{} ? X{} : x;
  }
};

// x phi'(u)_ij, with phi'(u) in memory, rows `stride` apart.
template <class T>
struct TimesSlope {
  const T* slopes;
  std::int64_t stride;
  template <class X>
  [[gnu::always_inline]] X operator()(X x, std::int64_t i, std::int64_t j) const {
    return x * numerics::load<X>(slopes + i * stride + j);
  }
};

// The same for relu, where act = relu(u) shows the slope.
template <class T>
struct TimesReluSlope {
  const T* act;
  std::int64_t stride;
  template <class X>
  [[gnu::always_inline]] X operator()(X x, std::int64_t i, std::int64_t j) const {
    return x * (numerics::load<X>(act + i * stride + j) > X{} ? X{} + T(1) : X{});
  }
};

// Calls use(what multiplies by phi'). slopes is null where the slope shows in act.
template <class T, class Use>
void with_slope(const T* slopes, const T* act, std::int64_t stride, Use&& use) {
  slopes == nullptr ? use(TimesReluSlope<T>{act, stride}) : use(TimesSlope<T>{slopes, stride});
}

}  // namespace phaselaw::model
