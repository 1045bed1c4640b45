// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

// A value that copies share until one of them changes it. A copy costs a pointer; the first change of a shared value
// costs a copy of it. References to the value stay valid only until the next change of the same copy.
namespace phaselaw::documents {

template <class T>
class SharedUntilChanged {
 public:
  SharedUntilChanged() : value_(std::make_shared<T>()) {}
  explicit SharedUntilChanged(T value) : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  // The value of this copy alone, to change it.
  T& own() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }
  // Replaces the value without copying it first.
  void replace(T value) { value_ = std::make_shared<T>(std::move(value)); }

 private:
  std::shared_ptr<T> value_;
};

}  // namespace phaselaw::documents
