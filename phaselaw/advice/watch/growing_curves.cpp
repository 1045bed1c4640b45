// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/growing_curves.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/advice/output_direction.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kFirstSampleLines = 30, kRowsOfColumn = 8, kMostSampledColumns = 64, kMostLinesOfRow = 40;

bool same_value(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool begins_with(const std::vector<double>& all, const std::vector<double>& begin) {
  return all.size() >= begin.size() && std::equal(begin.begin(), begin.end(), all.begin(), same_value);
}

// Whether `more` continues `all`: it begins with `known`, and what follows lies behind all earlier positions.
bool continues(const std::vector<double>& known, const std::vector<double>& more, const std::vector<double>& all) {
  if (!begins_with(more, known)) return false;
  double last = all.empty() ? -base::kInfinity : all.back();
  if (std::isnan(last)) return false;
  for (std::size_t i = known.size(); i < more.size(); ++i) {
    if (!(more[i] > last)) return false;
    last = more[i];
  }
  return true;
}

void append_tail(const std::vector<double>& known, const std::vector<double>& more, std::vector<double>& all) {
  all.insert(all.end(), more.begin() + static_cast<long>(known.size()), more.end());
}

// The lists of positions of a curve, each with its values behind it: partner, learning rates, dense losses, norms of the
// gradient.
template <class C>
auto lists_of(C& c) {
  return std::array{&c.partner.step, &c.partner.loss, &c.rates.step, &c.rates.lr,
                    &c.dense_step,   &c.dense_loss,   &c.grad_step,  &c.grad_norm};
}

bool same_form(const tables::Curve& a, const tables::Curve& b) {
  return a.name == b.name && a.quantity == b.quantity && a.role == b.role && a.step.empty() == b.step.empty() &&
         a.tokens.empty() == b.tokens.empty() && a.compute.empty() == b.compute.empty() &&
         a.partner.quantity == b.partner.quantity && a.dense_quantity == b.dense_quantity &&
         a.rates.known() == b.rates.known() && a.grad_step.empty() == b.grad_step.empty();
}

bool same_forms(const std::vector<tables::Curve>& a, const std::vector<tables::Curve>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_form);
}

// Whether all rows of a sample are rows of the whole curve with the same numbers: a sample can be read in another style
// of numbers than the document.
bool are_rows_of(const tables::Curve& all, const tables::Curve& some) {
  std::size_t i = 0;
  const std::vector<double>&at = all.progress(), &position = some.progress();
  for (std::size_t j = 0; j < position.size(); ++j) {
    while (i < at.size() && !(same_value(at[i], position[j]) && same_value(all.loss[i], some.loss[j]))) ++i;
    if (i++ >= at.size()) return false;
  }
  return true;
}

// Every line in turn, with its end.
class LinesOf {
 public:
  explicit LinesOf(std::string_view text) : text_(text) {}
  // The lines up to and without `line`, from 1.
  std::string_view up_to(long line) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && line_ < line) {
      const std::size_t end = text_.find('\n', at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
      ++line_;
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  long line_ = 1;
};

// The lines of rows that show a column, sorted: each row up to the line of the next one.
std::vector<std::pair<long, long>> lines_of_columns(const documents::Table& table) {
  std::vector<std::pair<long, long>> lines;
  const std::size_t n = table.n_rows();
  for (std::size_t c = 0; c < std::min(table.n_columns(), kMostSampledColumns); ++c) {
    std::size_t found = 0;
    for (std::size_t row = 0; row < n && found < kRowsOfColumn; ++row) {
      if (table.is_empty(row, c)) continue;
      ++found;
      const long line = table.line(row);
      long next = line + 1;
      if (row + 1 < n && table.line(row + 1) > line) next = table.line(row + 1);
      lines.emplace_back(line, std::min<long>(next, line + static_cast<long>(kMostLinesOfRow)));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::string sample_of_lines(std::string_view text, const documents::Table& table) {
  auto lines = lines_of_columns(table);
  if (lines.empty() || lines.front().first < 1) return "";
  lines.insert(lines.begin(), {1, static_cast<long>(kFirstSampleLines) + 1});
  std::string sample;
  LinesOf all(text);
  long done = 1;
  std::size_t taken = 0;
  for (auto [from, to] : lines) {
    from = std::max(from, done);
    if (to <= from) continue;
    taken += static_cast<std::size_t>(to - from);
    if (taken > kMostSampleLines) break;
    static_cast<void>(all.up_to(from));
    sample += all.up_to(to);
    done = to;
  }
  return sample;
}

bool is_continuation(const tables::Curve& known, const tables::Curve& more, const tables::Curve& all) {
  if (!same_form(known, more) || !same_form(more, all)) return false;
  if (!continues(known.progress(), more.progress(), all.progress()) || !begins_with(more.loss, known.loss))
    return false;
  const auto a = lists_of(known), b = lists_of(more), c = lists_of(all);
  for (std::size_t i = 0; i < a.size(); i += 2)
    if (!continues(*a[i], *b[i], *c[i]) || !begins_with(*b[i + 1], *a[i + 1])) return false;
  return true;
}

void append_rows(const tables::Curve& known, const tables::Curve& more, tables::Curve& all) {
  const auto a = lists_of(known), b = lists_of(more);
  const auto c = lists_of(all);
  for (std::size_t i = 0; i < a.size(); ++i) append_tail(*a[i], *b[i], *c[i]);
  append_tail(known.step, more.step, all.step);
  append_tail(known.tokens, more.tokens, all.tokens);
  append_tail(known.compute, more.compute, all.compute);
  append_tail(known.loss, more.loss, all.loss);
}

tables::Curve without_last(const tables::Curve& curve, std::size_t rows) {
  tables::Curve cut = curve;
  const std::size_t kept = curve.loss.size() - std::min(rows, curve.loss.size());
  for (std::vector<double>* axis : {&cut.step, &cut.tokens, &cut.compute, &cut.loss})
    if (!axis->empty()) axis->resize(kept);
  const double end = kept == 0 ? -base::kInfinity : cut.progress()[kept - 1];
  const auto lists = lists_of(cut);
  for (std::size_t i = 0; i < lists.size(); i += 2) {
    const auto behind = std::upper_bound(lists[i]->begin(), lists[i]->end(), end);
    const auto n = static_cast<std::size_t>(behind - lists[i]->begin());
    lists[i]->resize(n);
    lists[i + 1]->resize(n);
  }
  return cut;
}

tables::CurveSet GrowingCurves::curves_in(std::vector<documents::Reading> readings) const {
  tables::CurveSet set = tables::curves_of(std::move(readings), options_);
  tables::keep_runs(set.curves, runs_);
  return set;
}

void GrowingCurves::take(tables::CurveSet set) {
  require_falling_curves(set.curves, set.computed);
  std::erase_if(set.curves, [](const tables::Curve& curve) { return curve.loss.empty(); });
  if (set.curves.empty()) throw base::InputError("no loss is recorded yet");
  curves_ = std::move(set.curves);
  warnings_ = std::move(set.warnings);
}

void GrowingCurves::read(std::vector<documents::Reading> readings) {
  take(curves_in(std::move(readings)));
  sample_.clear();
}

void GrowingCurves::read(std::string_view text, const std::string& source) {
  std::vector<documents::Reading> readings;
  readings.push_back(documents::read_text(text, source, options_.document_options()));
  const bool lines = readings.front().shape == "delimited text" || readings.front().shape == "JSON lines" ||
                     readings.front().shape == "training log";
  std::string sample = lines ? sample_of_lines(text, readings.front().table) : "";
  take(curves_in(std::move(readings)));
  sample_.clear();
  if (sample.empty()) return;
  try {
    std::vector<documents::Reading> alone;
    alone.push_back(documents::read_text(sample, source, options_.document_options()));
    sampled_ = curves_in(std::move(alone)).curves;
    if (same_forms(sampled_, curves_) &&
        std::equal(curves_.begin(), curves_.end(), sampled_.begin(), sampled_.end(), are_rows_of))
      sample_ = std::move(sample);
  } catch (const base::InputError&) {  // the sample does not show what the document is
  }
}

bool GrowingCurves::append(std::string_view lines, const std::string& source) {
  if (!by_lines()) return false;
  std::vector<tables::Curve> more;
  try {
    std::vector<documents::Reading> readings;
    readings.push_back(documents::read_text(sample_ + std::string(lines), source, options_.document_options()));
    more = curves_in(std::move(readings)).curves;
  } catch (const base::InputError&) {
    return false;
  }
  if (!same_forms(sampled_, more)) return false;
  for (std::size_t i = 0; i < curves_.size(); ++i)
    if (!is_continuation(sampled_[i], more[i], curves_[i])) return false;
  for (std::size_t i = 0; i < curves_.size(); ++i) append_rows(sampled_[i], more[i], curves_[i]);
  return true;
}

void GrowingCurves::clear() {
  curves_.clear();
  sampled_.clear();
  warnings_.clear();
  sample_.clear();
}

}  // namespace phaselaw::advice
