// SPDX-License-Identifier: Apache-2.0
//
// The definitions of fmt 9 that its headers only declare. Debian has them as a shared library alone, and a program
// without shared libraries needs them, too. fmt's header-only form would cost 2 s in every source that formats.
#include <fmt/format.h>

#ifdef PHASELAW_DEFINES_FMT  // cmake/Dependencies.cmake

#include <fmt/format-inl.h>

namespace fmt {
namespace detail {

template dragonbox::decimal_fp<float> dragonbox::to_decimal(float);
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double);
template void vformat_to(buffer<char>&, string_view, basic_format_args<FMT_BUFFER_CONTEXT(char)>, locale_ref);
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);

}  // namespace detail
}  // namespace fmt

#endif
