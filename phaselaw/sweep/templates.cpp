// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/templates.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/keys.h"

namespace phaselaw::sweep {

using base::Value;

namespace {

// A key that a template shows although it has its default, or shows as an expression.
struct ShownKey {
  std::string key;
  Value value{};  // null: that of the experiment
};

std::string wrapped_comment(const std::string& text) {
  constexpr std::size_t kWidth = 100;
  std::string out, line = "#";
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (line.size() > 1 && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
    begin = end + 1;
  }
  return out + line + "\n";
}

std::string comment_of(const Key& key) {
  std::string text = key.help;
  if (key.kind == KeyKind::word)
    text += fmt::format(" (one of {})", fmt::join(key.words, ", "));
  else if (key.is_numeric() && key.domain.to_string() != "finite")
    text += fmt::format(" ({} {})", key.kind == KeyKind::integer ? "an integer" : "a number", key.domain.to_string());
  return wrapped_comment(text);
}

// Every key that differs from its default, and those that are to be shown.
std::string section_text(const std::string& section, const Value& values, const std::vector<ShownKey>& shown) {
  std::string text;
  for (const Key& key : all_keys()) {
    if (key.section != section) continue;
    const auto extra =
        std::find_if(shown.begin(), shown.end(), [&](const ShownKey& s) { return s.key == key.dotted(); });
    const Value& value = extra != shown.end() && !extra->value.is_null() ? extra->value : values.at(key.name);
    if (extra == shown.end() && base::to_json(value, -1) == base::to_json(key.default_value, -1)) continue;
    text += comment_of(key) + fmt::format("{} = {}\n", key.name, base::to_json(value, -1));
  }
  return text.empty() ? "" : fmt::format("\n[{}]\n{}", section, text);
}

struct Sketch {
  std::string name, what, command;
  Experiment experiment;
  std::vector<ShownKey> shown{};
  std::string rest{};  // [grid] and what follows it
};

Template written(const Sketch& sketch) {
  for (const ShownKey& s : sketch.shown) {
    const std::size_t dot = s.key.find('.');
    PHASELAW_CHECK(find_key(s.key.substr(0, dot), s.key.substr(dot + 1)) != nullptr);
  }
  const Experiment& e = sketch.experiment;
  Template out{sketch.name, sketch.name + ".toml", sketch.what, sketch.command, {}};
  out.text = wrapped_comment(fmt::format("{}: {}", sketch.what, fmt::format(fmt::runtime(sketch.command), out.file))) +
             "# List every key, its default and its domain with phaselaw keys.\n\n"
             "# seed of all random draws\n" +
             fmt::format("seed = {}\n", e.seed) + section_text("model", base::write_fields(e.model), sketch.shown) +
             section_text("data", base::write_fields(e.data), sketch.shown) +
             section_text("training", base::write_fields(e.training), sketch.shown) +
             section_text("kernel", base::write_fields(e.kernel), sketch.shown) +
             section_text("flow", base::write_fields(e.flow), sketch.shown) + sketch.rest;
  return out;
}

// A small student of a random teacher with a known excess risk.
Experiment teacher_experiment() {
  Experiment e;
  e.seed = 7;
  e.model.n_layers = 2;
  e.model.d_model = 16;
  e.model.d_hidden = 64;
  e.model.n_heads = 2;
  e.model.d_head = 8;
  e.model.seq_len = 8;
  e.data.source = data::Source::teacher;
  e.data.n_data = 128;
  e.data.n_test = 256;
  e.data.noise = 0.3;
  e.training.optimizer = training::OptimizerKind::sgd;
  e.training.learning_rate = 0.016;
  e.training.batch = 16;
  e.training.steps = 1000;
  return e;
}

// A small language model of a Markov chain with a known excess risk.
Experiment token_experiment() {
  Experiment e;
  e.seed = 7;
  e.model.readout = model::Readout::tokens;
  e.model.vocab = 32;
  e.model.n_layers = 2;
  e.model.d_model = 32;
  e.model.d_hidden = 128;
  e.model.n_heads = 2;
  e.model.d_head = 16;
  e.model.seq_len = 16;
  e.model.activation = model::Activation::gelu;
  e.model.parametrisation = model::Parametrisation::standard;
  e.model.norm_gain = true;
  e.data.source = data::Source::markov;
  e.data.markov_order = 1;
  e.data.n_data = 4096;
  e.data.n_test = 128;
  e.training.optimizer = training::OptimizerKind::adamw;
  e.training.learning_rate = 0.003;
  e.training.schedule = training::Schedule::cosine;
  e.training.warmup = 0.05;
  e.training.batch = 16;
  e.training.steps = 200;
  return e;
}

Experiment lazy_experiment() {
  Experiment e = teacher_experiment();
  e.model.readout = model::Readout::linear;
  e.model.d_out = 1;  // as many rows of the kernel as tokens
  e.model.init_scale = 0;
  e.model.output_scale = 30;
  e.data.n_data = 32;
  e.data.n_test = 64;
  e.training.learning_rate = base::NumberOrWord<double>{0.0, "auto", {"auto"}};
  return e;
}

const std::vector<ShownKey> kUsualKeys = {{"model.n_layers"}, {"model.d_model"},      {"model.d_hidden"},
                                          {"model.n_heads"},  {"model.d_head"},       {"model.seq_len"},
                                          {"data.source"},    {"data.n_data"},        {"data.n_test"},
                                          {"training.steps"}, {"training.optimizer"}, {"training.learning_rate"},
                                          {"training.batch"}};

std::vector<ShownKey> also(std::vector<ShownKey> more) {
  std::vector<ShownKey> all = std::move(more);
  all.insert(all.end(), kUsualKeys.begin(), kUsualKeys.end());
  return all;
}

Sketch sweep_sketch() {
  Sketch sketch{"sweep",
                "A study: every combination of the values in [grid], twice each",
                "phaselaw sweep {} --out study.db",
                token_experiment(),
                {},
                {}};
  sketch.experiment.training.steps = 100;
  // A width, and what follows from it.
  sketch.shown = also({{"model.d_head", "d_model / n_heads"},
                       {"model.d_hidden", "4 * d_model"},
                       {"training.learning_rate", "0.1 / model.d_model"}});
  sketch.rest =
      "\n[grid]\n"
      "# \"section.key\" with a list of values; keys of the sections above may be computed from it, as d_hidden is\n"
      "\"model.d_model\" = [16, 32]\n"
      "\"training.steps\" = [50, 100]\n"
      "# number of runs of each point, with seeds seed, seed + 1, ...\n"
      "seeds = 2\n";
  return sketch;
}

Sketch ladder_sketch() {
  Sketch sketch{"ladder",
                "A ladder of model sizes, to fit a scaling law to (phaselaw fit ladder.db --last)",
                "phaselaw sweep {} --out ladder.db",
                token_experiment(),
                {},
                {}};
  sketch.experiment.model.d_head = 8;
  sketch.shown = {{"model.vocab"}, {"model.d_head"}, {"model.seq_len"}, {"data.n_data"}, {"training.batch"}};
  sketch.rest =
      "\n[grid]\n"
      "# numbers of trainable parameters, each of which becomes a shape; or { from = 1e4, to = 1e6, points = 5 }\n"
      "n_params = [1e4, 2e4, 4e4]\n"
      "\"training.steps\" = [50, 100, 200]\n"
      "\n[ladder]\n" +
      comment_of(*find_key("ladder", "vary")) + "vary = \"shape\"\n" + comment_of(*find_key("ladder", "tolerance")) +
      "tolerance = 0.05\n";
  return sketch;
}

// A table of finished runs, computed from an invented law with an invented scatter of about 0.3 %.
Template table_template() {
  Template out{"fit",
               "runs.csv",
               "A table of finished runs, one row each: replace the invented numbers with your own",
               "phaselaw fit {}",
               {}};
  out.text = wrapped_comment(out.what + ": " + fmt::format(fmt::runtime(out.command), out.file)) +
             wrapped_comment(
                 "n_params: number of parameters; tokens: number of training tokens; loss: final loss, in "
                 "nats per token. Other names are recognised as well, or named with --col.") +
             "n_params,tokens,loss\n";
  int row = 0;
  for (double n : {1e7, 3e7, 1e8, 3e8, 1e9})
    for (double ratio : {5.0, 20.0, 80.0}) {
      const double tokens = n * ratio, scatter = 1 + 0.003 * std::sin(12.9898 * ++row);
      out.text += fmt::format("{:.0f},{:.0f},{:.4f}\n", n, tokens,
                              (1.7 + 400 * std::pow(n, -0.34) + 410 * std::pow(tokens, -0.28)) * scatter);
    }
  return out;
}

}  // namespace

std::vector<Template> all_templates() {
  std::vector<Template> out;
  out.push_back(table_template());
  out.push_back(written({"train",
                         "One model that learns a random teacher from noisy targets",
                         "phaselaw train {} --out run",
                         teacher_experiment(),
                         also({{"data.noise"}}),
                         {}}));
  out.push_back(written({"tokens",
                         "One language model that learns a Markov chain; for your own text, set source = "
                         "\"text\", path and vocab = 256",
                         "phaselaw train {} --out tokens",
                         token_experiment(),
                         also({{"model.vocab"}}),
                         {}}));
  out.push_back(written(sweep_sketch()));
  out.push_back(written(ladder_sketch()));
  Experiment kernel = teacher_experiment();
  kernel.data.n_data = 8;
  kernel.data.n_test = 8;
  out.push_back(written({"kernel",
                         "The tangent kernel at initialisation on the training inputs, and its spectrum",
                         "phaselaw kernel {} --out kernel",
                         kernel,
                         {{"model.n_layers"},
                          {"model.d_model"},
                          {"model.d_hidden"},
                          {"data.n_data"},
                          {"kernel.detail"},
                          {"kernel.reduce"},
                          {"kernel.dtype"}},
                         {}}));
  Experiment flow = lazy_experiment();
  flow.model.d_model = 8;
  flow.model.d_head = 4;
  flow.model.seq_len = 4;
  flow.data.n_data = 8;
  flow.training.batch = 4;
  out.push_back(written({"flow",
                         "Kernel, gradient flow and training of one small model, compared",
                         "phaselaw flow {} --out flow",
                         flow,
                         also({{"flow.time"}, {"flow.points"}}),
                         {}}));
  out.push_back(written({"predict",
                         "The learning curve of a lazy model, predicted from its kernel before training",
                         "phaselaw predict {} --out predicted",
                         lazy_experiment(),
                         also({{"model.output_scale"}}),
                         {}}));
  return out;
}

}  // namespace phaselaw::sweep
