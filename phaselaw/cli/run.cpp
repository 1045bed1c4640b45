// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/run.h"

#include <csignal>
#include <filesystem>
#include <new>

#include <CLI/CLI.hpp>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/instruction_set.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/cli/file_check.h"
#include "phaselaw/cli/out_of_memory.h"
#include "phaselaw/ranks/launch.h"

namespace phaselaw::cli {

namespace {

enum ExitCode { kDone = 0, kFailed = 1, kBadInput = 2, kInterrupted = 3 };

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  return names;
}

// Reports a word that the parser does not know, a verb or a flag, with the nearest known one.
base::InputError unknown_word(const CLI::App& app, const std::string& word) {
  const auto called = app.get_subcommands();
  if (called.empty()) return base::InputError(base::unknown_name("verb", word, verb_names(app)));
  const CLI::App& verb = *called.front();
  if (word.rfind('-', 0) != 0)
    return base::InputError(
        fmt::format("{}: unexpected word '{}'; see phaselaw {} --help", verb.get_name(), word, verb.get_name()));
  std::vector<std::string> flags;
  for (const auto* option : verb.get_options())
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
  return base::InputError(base::unknown_name("flag", word.substr(0, word.find('=')), flags));
}

// The parser would take the next word as the value of "--flag=".
void refuse_missing_values(int argc, const char* const* argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--") && word.find('=') == word.size() - 1)
      throw base::InputError({std::string(word.substr(0, word.size() - 1))},
                             "expected a value after the equals sign; found none");
  }
}

int dispatch(CLI::App& app, Program& program, int argc, const char* const* argv) {
  refuse_missing_values(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string said = error.what();
    if (const auto name = said.find(" was given a disallowed flag override"); name != std::string::npos)
      throw base::InputError({"--" + said.substr(0, name)}, "takes no value; write the flag alone, or leave it out");
    const auto called = app.get_subcommands();
    const std::string verb = called.empty() ? "" : called.front()->get_name() + " ";
    throw base::InputError(fmt::format("{}; see phaselaw {}--help", error.what(), verb));
  }
  const auto extras = app.remaining(true);
  if (!extras.empty()) throw unknown_word(app, extras.front());
  base::set_quiet(program.common.quiet);
  if (!program.action) {
    show_as_it_is(app.help());
    return kDone;
  }
  require_distinct_files(*app.get_subcommands().front());
  base::install_interrupt_handler();
  program.action();
  return program.exit_code;
}

int run_verb(int argc, const char* const* argv) {
  CLI::App app{
      "phaselaw: measures how transformers learn and predicts how far more compute, data or width will take them.\n\n"
      "Start with one of:\n"
      "  phaselaw fit runs.csv --out fitted                   fit laws to your own table of losses, with intervals and a page\n"
      "  phaselaw reproduce --preset quick --out demo         repeat the paper's experiments in minutes\n"
      "  phaselaw VERB --help                                 show flags, defaults and an example",
      "phaselaw"};
  app.set_version_flag("--version", base::version() + " (" + base::commit() + ")");
  app.require_subcommand(0, 1);
  app.allow_extras();
  app.fallthrough();
  Program program{app, {}, {}, {}, kDone};
  for (int i = 0; i < argc; ++i)
    program.common.command += (i > 0 ? " " : "") + std::string(i > 0 ? argv[i] : "phaselaw");
  using Add = void (*)(Program&);
  const std::pair<const char*, std::vector<Add>> groups[] = {
      {"Runs: train models and run studies",
       {add_train, add_sweep, add_report, add_export, add_check, add_merge, add_weights}},
      {"Laws: fit tables of losses",
       {add_table, add_fit, add_plan, add_isoflop, add_diagnose, add_forecast, add_compare, add_watch}},
      {"Theory: the paper's formulas, kernels and flows",
       {add_reproduce, add_theory, add_kernel, add_flow, add_predict}},
      {"Help", {add_init, add_keys, add_man, add_completion, add_cite}}};
  for (const auto& [heading, adders] : groups)
    for (const Add add : adders) {
      add(program);
      app.get_subcommands({}).back()->group(heading);
    }
  // Input errors and interrupts occur on all ranks alike, so only the first rank reports them.
  const bool first = ranks::launch().rank == 0;
  try {
    static_cast<void>(base::instruction_set());  // a wrong PHASELAW_ISA ends here
    const int code = dispatch(app, program, argc, argv);
    base::finish_standard_output();
    base::end_is_near();
    return code;
  } catch (const base::InputError& error) {
    base::end_is_near();
    if (first) base::log_error(error.what());
    return kBadInput;
  } catch (const base::Interrupted& error) {
    base::end_is_near();
    if (first) base::log_error(error.what());
    return kInterrupted;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::filesystem::filesystem_error& error) {
    // A path that cannot be inspected: too long, a loop of links, no permission.
    base::end_is_near();
    base::log_error(fmt::format("{}: {}; check the path", error.path1().string(), error.code().message()));
    return kBadInput;
  } catch (const std::exception& error) {
    base::end_is_near();
    base::log_error(error.what());
    return kFailed;
  }
}

}  // namespace

int run(int argc, const char* const* argv) {
  base::open_standard_streams();
  // A write beyond the allowed size of a file is then an error with a message, and not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run_verb(argc, argv);
  } catch (const std::bad_alloc&) {
    return report_out_of_memory();
  } catch (const std::exception& error) {
    base::log_error_without_memory({error.what()});
    return kFailed;
  }
}

}  // namespace phaselaw::cli
