// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/tables/runs.h"

// The curves of a document that grows at its end, read from its new lines only.
//
// A few lines alone do not tell which form a document has, so the new lines are read below sample lines of it: its
// first lines, and for each column the first lines with a value. The curves of the sample and the new lines, without the
// rows of the sample, are the new rows. Whether this is allowed is verified and not assumed: the sample alone must give
// the same curves (names, columns, streams) as the whole document, the rows of the sample must come back unchanged, and
// the new rows must lie behind all earlier ones. Otherwise the document has to be read as a whole again, which also
// handles resumed runs and columns that appear later.
//
// Cost: of read(), linear in the document; of append(), linear in the new lines and the sample, about 1 ms.
namespace phaselaw::advice {

// A document as curves. `whole` is what tables::curves_of gives, and so what `phaselaw diagnose` sees.
class GrowingCurves {
 public:
  explicit GrowingCurves(tables::ReadOptions options, std::vector<std::string> runs = {})
      : options_(std::move(options)), runs_(std::move(runs)) {}

  // The curves of a whole document, which ends with a complete line. InputError as tables::curves_of, and for an output
  // that is a score. The curves of before are then kept.
  void read(std::string_view text, const std::string& source);
  // The curves of documents that are not followed by lines, such as event files.
  void read(std::vector<documents::Reading> readings);
  // Appends complete lines. False if the document must be read as a whole; nothing is changed then.
  [[nodiscard]] bool append(std::string_view lines, const std::string& source);

  // Whether append() can succeed.
  [[nodiscard]] bool by_lines() const { return !sample_.empty(); }
  [[nodiscard]] const std::vector<tables::Curve>& curves() const { return curves_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  void clear();

 private:
  [[nodiscard]] tables::CurveSet curves_in(std::vector<documents::Reading> readings) const;
  void take(tables::CurveSet set);
  tables::ReadOptions options_;
  std::vector<std::string> runs_;
  std::vector<tables::Curve> curves_, sampled_;  // all rows, and those of the sample
  std::vector<std::string> warnings_;
  std::string sample_;
};

// The lines of the sample of a document, at most kMostSampleLines of them; empty if its rows have no lines.
inline constexpr std::size_t kMostSampleLines = 600;
[[nodiscard]] std::string sample_of_lines(std::string_view text, const documents::Table& table);

// Whether `more` is a curve that begins with the rows `known`, followed only by rows behind all rows of `all`.
[[nodiscard]] bool is_continuation(const tables::Curve& known, const tables::Curve& more, const tables::Curve& all);
// Appends these further rows to `all`.
void append_rows(const tables::Curve& known, const tables::Curve& more, tables::Curve& all);

// The curve without its last rows, as it was when they had not been written yet.
[[nodiscard]] tables::Curve without_last(const tables::Curve& curve, std::size_t rows);

}  // namespace phaselaw::advice
