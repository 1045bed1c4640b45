// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

// Replaces the global allocation functions of the test program that includes this, in exactly one of its files, so that
// `allocations` counts every one, and the one with the number `failing_allocation` fails.
namespace {

std::atomic<long> allocations{0};
[[maybe_unused]] std::atomic<long> failing_allocation{0};  // counted from 1; 0: none

void* count_and_allocate(std::size_t size) {
  if (allocations.fetch_add(1, std::memory_order_relaxed) + 1 == failing_allocation) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

// As the standard library asks for memory that it can do without, such as that of a stable sort.
void* count_and_allocate_or_null(std::size_t size) noexcept {
  try {
    return count_and_allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

// Every allocation of this test program is counted.
void* operator new(std::size_t size) { return count_and_allocate(size); }
void* operator new[](std::size_t size) { return count_and_allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return count_and_allocate_or_null(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return count_and_allocate_or_null(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
