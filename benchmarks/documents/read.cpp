// SPDX-License-Identifier: Apache-2.0
//
// How long does it take to read a document, and how much memory?
//   bench_documents_read FILE [ROUNDS]
// prints one line of JSON: what was read, the sum of all numbers (for comparison with other programs), the median
// seconds of `documents::read`, those of turning all its cells into doubles, the processor time of both, the peak memory of the process
// and what it held before. Every round begins from nothing.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "phaselaw/documents/document.h"

namespace {

using namespace phaselaw;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Numbers {
  std::size_t count = 0;
  double sum = 0;
};

Numbers numbers_of(const documents::Table& table) {
  Numbers all;
  for (std::size_t column = 0; column < table.n_columns(); ++column)
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      if (const base::Number number = table.number(row, column); number.kind == base::NumberKind::finite) {
        ++all.count;
        all.sum += number.value;
      }
  return all;
}

int measure(const std::string& path, int rounds) {
  const double before = peak_bytes();
  std::vector<double> reading_s, converting_s, processor_s;
  std::size_t rows = 0, columns = 0;
  Numbers numbers;
  std::string shape;
  for (int round = 0; round < rounds; ++round) {
    const double start = now(), spent = processor_seconds();
    const documents::Reading reading = documents::read(path);
    const double read = now();
    numbers = numbers_of(reading.table);
    reading_s.push_back(read - start);
    converting_s.push_back(now() - read);
    processor_s.push_back(processor_seconds() - spent);
    rows = reading.table.n_rows();
    columns = reading.table.n_columns();
    shape = reading.shape;
  }
  std::printf(
      "{\"shape\": \"%s\", \"rows\": %zu, \"columns\": %zu, \"numbers\": %zu, \"sum\": %.17g, \"read_s\": %.6g, "
      "\"convert_s\": %.6g, \"processor_s\": %.6g, \"peak_bytes\": %.0f, \"before_bytes\": %.0f}\n",
      shape.c_str(), rows, columns, numbers.count, numbers.sum, median(reading_s), median(converting_s),
      median(processor_s), peak_bytes(), before);
  return 0;
}

}  // namespace

int main(int n, char** words) {
  if (n < 2 || n > 3) {
    std::fprintf(stderr, "usage: bench_documents_read FILE [ROUNDS]\n");
    return 2;
  }
  try {
    return measure(words[1], n == 3 ? std::max(1, std::atoi(words[2])) : 1);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
