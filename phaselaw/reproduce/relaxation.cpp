// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/relaxation.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/model_size.h"
#include "phaselaw/theory/good_class.h"

// The steps, and their measurement; claims, figures and table are in relaxation_claims.cpp.
namespace phaselaw::reproduce {

namespace {

constexpr int kLayers = 2, kSeqLen = 4, kModel = 8;
constexpr int kQuickTeachers = 4, kFullTeachers = 16;

// gelu is smooth, so that flows meet their tolerance, and unbounded, so that a tiny branch scale can still reach any
// target. The teacher is the same at every step except for the signs of its W_down.
constexpr const char* kStart = R"(seed = 1
[model]
n_layers = 2
d_model = 8
n_heads = 2
d_head = 4
seq_len = 4
activation = "gelu"
)";
constexpr const char* kTeacher = R"([data]
source = "teacher"
teacher_d_hidden = 64
teacher_branch_scale = 0.7
)";
constexpr const char* kFlowData = "n_data = 4\nn_test = 1\n[grid]\n";
constexpr const char* kRuns = R"(noise = 0.3
n_test = 256
[training]
optimizer = "sgd"
batch = 8
)";
constexpr const char* kStrict = "trainable = [\"mlp.up\"]\nmlp_down_init = \"sign\"\n";

struct Plan {
  std::string id, what, model;
  double branch_scale = 0.7;
  double edge_share = 0.25;
  bool flows = true;
};

// High-probability bound on the Gaussian data and weights: the expected largest of their number [T].
double data_bound() {
  const double d = kModel, numbers = kLayers * (4 * d * d + 2 * d * 64) + 4 * kSeqLen * d;
  return std::sqrt(2 * std::log(numbers));
}

std::vector<Plan> plans() {
  const double good = theory::branch_scale({kLayers, kSeqLen, kModel, data_bound(), 1});
  std::vector<Plan> plans;
  plans.push_back({"omega_good",
                   fmt::format("strict class, omega = {} as in Definition 5.2", base::format_number(good)),
                   std::string("d_hidden = 64\n") + kStrict, good});
  for (const double omega : {0.1, 0.3, 0.7, 1.0, 2.0})
    plans.push_back({fmt::format("omega_{}", omega), fmt::format("strict class, omega = {}", omega),
                     std::string("d_hidden = 64\n") + kStrict, omega});
  plans.push_back({"narrow", "strict class, omega = 0.7, d_hidden = 8", std::string("d_hidden = 8\n") + kStrict});
  plans.push_back({"all", "everything trainable, omega = 0.7", "d_hidden = 64\n"});
  plans.push_back({"standard", "and standard parametrisation", "d_hidden = 64\nparametrisation = \"standard\"\n"});
  plans.push_back({"mup", "and mup parametrisation", "d_hidden = 64\nparametrisation = \"mup\"\n"});
  for (const double share : {1.0, 2.0})
    plans.push_back({fmt::format("rate_{}", share),
                     fmt::format("everything trainable, learning rate {} times the first edge", share),
                     "d_hidden = 64\n", 0.7, share, false});
  return plans;
}

// The edge of stability n/lambda_max of gradient descent at the start, geometric mean.
double edge_of(const std::vector<FlowPoint>& points) {
  std::vector<double> edges;
  for (const auto& p : points) edges.push_back(static_cast<double>(p.n_data) / p.lambda_max);
  return geometric_mean(edges);
}

}  // namespace

Finding relaxation(const Context& context) {
  Finding finding;
  std::vector<RelaxationStep> steps;
  base::Value studies;
  double edge = NAN;
  const std::string seeds = fmt::format("seeds = {}\n", context.full() ? kFullTeachers : kQuickTeachers);
  for (const auto& plan : plans()) {
    RelaxationStep step{plan.id, plan.what, plan.branch_scale, plan.edge_share, {}, {}};
    const std::string model =
        kStart + plan.model + fmt::format("branch_scale = {:.17g}\n", plan.branch_scale) + kTeacher;
    const std::string name = "relaxation." + plan.id;
    if (plan.flows) {
      const std::string flow = model + kFlowData;
      const std::string toml = flow + seeds;
      auto set = carry_out_flows(context, name + ".flow", context.document(toml, toml, name));
      step.points = std::move(set.points);
      studies.push_back(base::parse_json(set.study_json, name));
      edge = edge_of(step.points);
    } else {
      for (const auto& other : steps)
        if (other.id == "all") edge = edge_of(other.points);
    }
    const std::string runs = model + kRuns + fmt::format("learning_rate = {:.6g}\n", plan.edge_share * edge) +
                             "steps = 2000\n[grid]\n\"data.n_data\" = [16, 64, 256]\n" + seeds;
    const auto study = carry_out_study(context, name, context.document(runs, runs, name));
    studies.push_back(base::parse_json(study.study.json, name));
    const auto finished = std::count_if(study.runs.begin(), study.runs.end(), [](const store::RunRecord& run) {
      return run.status == store::Status::kFinished;
    });
    if (finished > 0) step.law = law_of(study_curves(study.runs, study.store_path));
    step.law.runs = study.runs.size();
    steps.push_back(std::move(step));
  }
  finding.configurations.emplace_back("relaxation studies", base::to_json(studies));
  auto& section = finding.section;
  section.title = "Constraint relaxation";
  section.lead =
      "All results are proved for Definition 5.2: a tiny branch scale, an extremely large width, "
      "and only W_up trained. Here the definition is relaxed step by step: the branch scale grows, the width shrinks, "
      "everything is trained, the parametrisation becomes the usual one, "
      "the learning rate reaches the edge of stability. Does training still converge, how far does the kernel move, "
      "and does the two-stage law persist? No width that fits a machine satisfies the definition; "
      "the table gives the number of powers of ten by which each step misses it. "
      "Then the law in the model size: the excess risk of models of several sizes without noise, and with noise the size "
      "beyond which larger models bring no gain.";
  section.claims = claims_of(steps);
  section.figures = figures_of(steps);
  section.tables = {table_of(steps)};
  const auto sizes = measure_model_size(context, finding);
  for (auto& claim : claims_of(sizes)) section.claims.push_back(std::move(claim));
  for (auto& figure : figures_of(sizes)) section.figures.push_back(std::move(figure));
  section.tables.push_back(table_of(sizes));
  return finding;
}

}  // namespace phaselaw::reproduce
