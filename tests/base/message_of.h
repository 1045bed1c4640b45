// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <gtest/gtest.h>

namespace phaselaw::base::testing {

// What the exception of type E says; a failure of the test when `action` throws none. Another type passes through,
// which fails the test as well.
template <class E, class Action>
[[nodiscard]] std::string message_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an exception";
  return {};
}

[[nodiscard]] inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace phaselaw::base::testing
