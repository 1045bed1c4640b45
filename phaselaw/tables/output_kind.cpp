// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/output_kind.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "phaselaw/base/ascii.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::tables {

namespace {

// Lower-case words: "valAcc" and "val_acc" are val and acc; "f1" stays one word.
std::vector<std::string> words_of(std::string_view heading) {
  std::vector<std::string> words(1);
  char before = ' ';
  for (const char c : heading) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (!base::is_letter(c) && !base::is_digit(c)) {
      words.emplace_back();
    } else {
      if (upper && before >= 'a' && before <= 'z') words.emplace_back();
      words.back() += base::lower(c);
    }
    before = c;
  }
  std::erase(words, "");
  return words;
}

bool has_word(const std::vector<std::string>& words, std::initializer_list<std::string_view> known) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(known.begin(), known.end(), word) != known.end();
  });
}

bool has_part(const std::string& joined, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return joined.find(part) != std::string::npos; });
}

// Mean rank of each value; equal values share theirs.
std::vector<double> ranks_of(const std::vector<double>& x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  std::vector<double> rank(x.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && x[order[end]] == x[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) rank[order[i]] = 0.5 * static_cast<double>(begin + end - 1);
    begin = end;
  }
  return rank;
}

}  // namespace

OutputKind output_kind(std::string_view heading) {
  const std::vector<std::string> words = words_of(heading);
  std::string joined;
  for (const std::string& word : words) joined += word;
  if (has_word(words, {"nll", "ppl", "logppl", "error", "err", "bpb", "bpc", "bits", "ce", "xent", "risk", "mse", "mae",
                       "rmse", "wer", "cer", "regret"}) ||
      has_part(joined, {"loss", "entropy", "perplexity", "negativelog", "neglog"}))
    return OutputKind::loss;
  if (has_word(words, {"loglik", "loglikelihood", "logprob", "logp", "reward", "return", "elbo"}) ||
      has_part(joined, {"loglik", "logprob"}))
    return OutputKind::negative;
  if (has_word(words, {"acc",  "f1",  "bleu",   "rouge", "auc",  "auroc", "score", "top1", "top5", "iou",    "map",
                       "ndcg", "mrr", "recall", "psnr",  "ssim", "em",    "r2",    "mcc",  "elo",  "winrate"}) ||
      has_part(joined,
               {"accuracy", "accnorm", "exactmatch", "mutualinfo", "winrate", "successrate", "passrate", "passat"}))
    return OutputKind::score;
  return OutputKind::unknown;
}

std::optional<double> rank_correlation(std::span<const double> x, std::span<const double> y) {
  std::vector<double> a, b;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(x[i]) && std::isfinite(y[i])) {
      a.push_back(x[i]);
      b.push_back(y[i]);
    }
  if (a.size() < 3) return std::nullopt;
  a = ranks_of(a);
  b = ranks_of(b);
  const double mean = 0.5 * static_cast<double>(a.size() - 1);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  if (aa == 0 || bb == 0) return std::nullopt;
  return ab / std::sqrt(aa * bb);
}

std::string falling_form(OutputKind kind, const std::string& heading, std::span<const double> values) {
  if (values.empty()) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const std::string name = in_expression(heading);
  if (kind == OutputKind::negative && *high <= 0) return "-" + name;
  if (kind != OutputKind::score || *low < 0) return "";
  return *high <= 1 ? "1-" + name : *high <= 100 ? "100-" + name : "";
}

}  // namespace phaselaw::tables
