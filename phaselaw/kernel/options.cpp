// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/options.h"

#include <array>

namespace phaselaw::kernel {

namespace {

constexpr std::array kAlgorithms{std::pair{std::string_view("auto"), Algorithm::automatic},
                                 std::pair{std::string_view("sandwich"), Algorithm::sandwich},
                                 std::pair{std::string_view("jacobian"), Algorithm::jacobian},
                                 std::pair{std::string_view("token_dual"), Algorithm::token_dual},
                                 std::pair{std::string_view("recursion"), Algorithm::recursion}};
constexpr std::array kReductions{std::pair{std::string_view("none"), Reduce::none},
                                 std::pair{std::string_view("coordinates"), Reduce::coordinates},
                                 std::pair{std::string_view("sequence"), Reduce::sequence}};
constexpr std::array kDetails{std::pair{std::string_view("total"), Detail::total},
                              std::pair{std::string_view("layers"), Detail::layers},
                              std::pair{std::string_view("blocks"), Detail::blocks}};

}  // namespace

base::EnumNames<Algorithm> enum_names(Algorithm) { return kAlgorithms; }
base::EnumNames<Reduce> enum_names(Reduce) { return kReductions; }
base::EnumNames<Detail> enum_names(Detail) { return kDetails; }

}  // namespace phaselaw::kernel
