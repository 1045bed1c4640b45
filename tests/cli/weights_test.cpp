// SPDX-License-Identifier: Apache-2.0
#include "cli/cli_fixture.h"

#include "phaselaw/base/value.h"

namespace phaselaw::testing {
namespace {

// GPT-2's block and Llama's, as small as they come.
constexpr const char* kGpt2 =
    "[model]\nreadout = \"tokens\"\nnorm = \"layernorm\"\nnorm_gain = true\nnorm_bias = true\nlinear_bias = true\n"
    "activation = \"gelu\"\npositions = \"learned\"\ntied_embedding = true\nparametrisation = \"standard\"\n"
    "branch_scale = 1.0\nn_layers = 1\nd_model = 4\nd_hidden = 8\nn_heads = 2\nd_head = 2\nseq_len = 6\n"
    "[data]\nsource = \"text\"\npath = \"text.txt\"\nn_data = 8\nn_test = 4\n"
    "[training]\nsteps = 4\nbatch = 4\nlearning_rate = 0.01\n";

class Weights : public CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    std::string text;
    for (int i = 0; i < 400; ++i) text += fmt::format("{} times seven is {}. ", i, 7 * i);
    write("text.txt", text);
    std::string experiment = kGpt2;
    experiment.replace(experiment.find("text.txt"), 8, path("text.txt"));
    write("gpt2.toml", experiment);
    ASSERT_EQ(run({"train", path("gpt2.toml"), "--out", path("t"), "--quiet"}).code, 0);
    weights_ = path("t") + "/weights.safetensors";
  }
  std::string weights_;
};

TEST_F(Weights, AreListedWithTypesShapesAndNames) {
  const Outcome listed = run({"weights", weights_});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_NE(listed.out.find("layers.0.mlp.down        F32      4 x 8"), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("naming scheme phaselaw"), std::string::npos) << listed.out;
  const Outcome json = run({"weights", weights_, "--json", "-"});
  const auto value = base::parse_json(json.out, "stdout");
  std::int64_t numbers = 0;
  for (const auto& tensor : value.at("tensors").list()) {
    std::int64_t count = 1;
    for (const auto& extent : tensor.at("shape").list()) count *= extent.integer();
    numbers += count;
  }
  EXPECT_EQ(numbers, value.at("n_params").integer());
  EXPECT_EQ(value.at("names").text(), "phaselaw");
}

TEST_F(Weights, GoToTheNamesOfOthersAndBackToTheSameBytes) {
  ASSERT_EQ(run({"weights", weights_, "--to", "gpt2", "--out", path("hf.safetensors")}).code, 0);
  const Outcome listed = run({"weights", path("hf.safetensors")});
  EXPECT_NE(listed.out.find("transformer.h.0.attn.c_attn.weight"), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("naming scheme gpt2"), std::string::npos) << listed.out;
  ASSERT_EQ(run({"weights", path("hf.safetensors"), "--to", "phaselaw", "--out", path("back.safetensors")}).code, 0);
  EXPECT_EQ(base::read_text(path("back.safetensors")), base::read_text(weights_));
  EXPECT_EQ(run({"weights", path("hf.safetensors"), "--to", "phaselaw", "--model", path("gpt2.toml"), "--out",
                 path("told.safetensors")})
                .code,
            0);
  EXPECT_EQ(base::read_text(path("told.safetensors")), base::read_text(weights_));
}

// A file as other libraries write it says nothing of its model, but a config.json stands beside it.
TEST_F(Weights, TheModelIsReadFromTheConfigBesideTheFile) {
  ASSERT_EQ(run({"weights", weights_, "--to", "gpt2", "--out", path("hf.safetensors")}).code, 0);
  std::string bytes = base::read_text(path("hf.safetensors"));
  const std::size_t entry = bytes.find("\"model\":");
  ASSERT_NE(entry, std::string::npos);
  bytes.replace(entry, 7, "\"other\"");
  std::filesystem::create_directories(path("hf"));
  write("hf/model.safetensors", bytes);
  const std::vector<std::string> convert = {"weights", path("hf/model.safetensors"), "--to", "phaselaw",
                                            "--out",   path("back.safetensors")};
  expect_bad(convert, "no config.json is beside it");
  const std::string config =
      "{\"model_type\": \"gpt2\", \"n_layer\": 1, \"n_head\": 2, \"n_embd\": 4, \"n_inner\": 8, \"n_positions\": 6, "
      "\"vocab_size\": 256, \"activation_function\": \"gelu_new\", \"layer_norm_epsilon\": 1e-06}";
  write("hf/config.json", config);
  const Outcome done = run(convert);
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(base::read_text(path("back.safetensors")), base::read_text(weights_));
  // Given by name, from another place; and an experiment file that has no data.
  std::filesystem::rename(path("hf/config.json"), path("other.json"));
  std::filesystem::remove(path("back.safetensors"));
  std::vector<std::string> named = convert;
  named.insert(named.end(), {"--model", path("other.json")});
  EXPECT_EQ(run(named).code, 0);
  EXPECT_EQ(base::read_text(path("back.safetensors")), base::read_text(weights_));
  const std::string experiment = base::read_text(path("gpt2.toml"));
  write("model.toml", experiment.substr(0, experiment.find("[data]")));
  named.back() = path("model.toml");
  const Outcome alone = run(named);
  EXPECT_EQ(alone.code, 0) << alone.err;
  EXPECT_EQ(base::read_text(path("back.safetensors")), base::read_text(weights_));
  // What the model class does not compute is refused at its place.
  const std::pair<const char*, const char*> wrong[] = {
      {"gelu_new", "gelu"}, {"gpt2", "gptj"}, {"\"n_layer\": 1", "\"n_layer\": 0"}};
  for (const auto& [from, to] : wrong) {
    std::string other = config;
    other.replace(other.find(from), std::string(from).size(), to);
    write("other.json", other);
    named.back() = path("other.json");
    expect_bad(named, "other.json");
  }
}

TEST_F(Weights, WhatCannotBeReadOrSaidIsOneErrorAndNoFile) {
  expect_bad({"weights", weights_, "--to", "gpt2"}, "--out");
  expect_bad({"weights", weights_, "--out", path("x.safetensors")}, "--to");
  expect_bad({"weights", weights_, "--to", "gpt3", "--out", path("x.safetensors")}, "did you mean 'gpt2'");
  expect_bad({"weights", weights_, "--to", "llama", "--out", path("x.safetensors")}, "rotary");
  expect_bad({"weights", path("nowhere.safetensors")}, "nowhere.safetensors");
  expect_bad({"weights", weights_, "--to", "gpt2", "--out", path("exp.toml/x.safetensors")}, "--out");
  write("pickle.safetensors", std::string("\x80\x02}q", 4) + std::string(100, '.'));
  expect_bad({"weights", path("pickle.safetensors")}, "pickle");
  const std::string bytes = base::read_text(weights_);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{7}, std::size_t{8}, bytes.size() / 2, bytes.size() - 1}) {
    write("cut.safetensors", bytes.substr(0, length));
    expect_bad({"weights", path("cut.safetensors"), "--to", "gpt2", "--out", path("x.safetensors")}, "cut.safetensors");
  }
  // A model of another width: the tensor is named.
  std::string wide = base::read_text(path("gpt2.toml"));
  wide.replace(wide.find("d_hidden = 8"), 12, "d_hidden = 9");
  write("wide.toml", wide);
  expect_bad({"weights", weights_, "--to", "gpt2", "--model", path("wide.toml"), "--out", path("x.safetensors")},
             "layers.0.mlp.up");
  EXPECT_FALSE(std::filesystem::exists(path("x.safetensors")));
}

}  // namespace
}  // namespace phaselaw::testing
