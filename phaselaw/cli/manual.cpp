// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/describe.h"
#include "phaselaw/cli/python_options.h"
#include "phaselaw/sweep/key_reference.h"
#include "phaselaw/sweep/key_schema.h"

// Verbs that document the program.
// phaselaw man: manual pages, made from the text of --help.
// phaselaw keys: every key of an experiment file with its default and meaning, also as a schema for editors.
// phaselaw cite: BibTeX of this build of the program, and of the paper.
namespace phaselaw::cli {

namespace {

// In roff a backslash starts an escape, a hyphen is typographic, and a dot or quote at the start of a line is a
// request.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool at_start = out.empty() || out.back() == '\n';
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string synopsis(const VerbText& verb) {
  std::string text = "\\fBphaselaw " + roff(verb.name) + "\\fR";
  for (const auto& word : verb.positionals)
    text += (word.required ? " \\fI" : " [\\fI") + roff(word.name) + (word.required ? "\\fR" : "\\fR]");
  return text + " [\\fIoptions\\fR]\n";
}

std::string entry(const FlagText& flag) {
  std::string text = fmt::format(".TP\n\\fB{}\\fR", roff(flag.name));
  if (!flag.value.empty()) text += fmt::format(" \\fI{}\\fR", roff(flag.value));
  text += "\n" + roff(flag.help);
  if (flag.required && flag.name.front() == '-') text += " (required)";
  if (!flag.default_value.empty()) text += fmt::format(" (default: {})", roff(flag.default_value));
  return text + "\n";
}

constexpr const char* kExitStatus =
    ".SH EXIT STATUS\n.TP\n0\nsuccess\n.TP\n1\n"
    "failure at run time, for example a full disk, a diverging optimiser or a damaged store\n.TP\n2\n"
    "invalid input: the message names the file with line and column, or the flag\n.TP\n3\n"
    "interrupted, or the time limit was reached; run the same command again to continue\n";

std::string page_of_program(const ProgramText& program) {
  std::string text = fmt::format(
      ".SH NAME\n"
      "phaselaw \\- measure how transformers learn and predict how far more compute, data or width will take them\n"
      ".SH SYNOPSIS\n\\fBphaselaw\\fR \\fIverb\\fR [\\fIoptions\\fR]\n.SH DESCRIPTION\n{}\n.SH VERBS\n",
      roff(program.help.substr(0, program.help.find('\n'))));
  for (const auto& verb : program.verbs) text += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(verb.name), roff(verb.help));
  text += kExitStatus;
  text += ".SH SEE ALSO\n";
  for (const auto& verb : program.verbs)
    text += fmt::format(".BR phaselaw\\-{} (1){}\n", roff(verb.name), &verb == &program.verbs.back() ? "" : ",");
  return text;
}

std::string page_of_verb(const VerbText& verb) {
  std::string text =
      fmt::format(".SH NAME\nphaselaw\\-{} \\- {}\n.SH SYNOPSIS\n{}", roff(verb.name), roff(verb.help), synopsis(verb));
  text += ".SH OPTIONS\n";
  for (const auto& word : verb.positionals) text += entry(word);
  for (const auto& flag : verb.flags) text += entry(flag);
  text += ".SH EXAMPLES\n.EX\n";
  for (const auto& line : verb.examples) text += roff(line) + "\n";
  return text + ".EE\n" + kExitStatus + ".SH SEE ALSO\n.BR phaselaw (1)\n";
}

struct ManFlags {
  std::string verb, out;
};

void run_man(const Program& program, const ManFlags& flags) {
  const ProgramText text = describe(program);
  if (!flags.out.empty()) {
    if (!flags.verb.empty())
      throw base::InputError({"--out"}, fmt::format("writes the pages of all verbs; omit {}, or print its page alone "
                                                    "without --out",
                                                    flags.verb));
    base::require_writable_directory(flags.out, "--out");
    const std::filesystem::path folder(flags.out);
    base::write_file(folder / "phaselaw.1", manual_page(text, nullptr));
    for (const auto& verb : text.verbs)
      base::write_file(folder / fmt::format("phaselaw-{}.1", verb.name), manual_page(text, &verb));
    return;
  }
  if (flags.verb.empty()) {
    show_as_it_is(manual_page(text, nullptr));
    return;
  }
  std::vector<std::string> known;
  for (const auto& verb : text.verbs) {
    known.push_back(verb.name);
    if (verb.name == flags.verb) {
      show_as_it_is(manual_page(text, &verb));
      return;
    }
  }
  throw base::InputError(base::unknown_name("verb", flags.verb, known));
}

}  // namespace

std::string manual_page(const ProgramText& program, const VerbText* verb) {
  const std::string title = verb == nullptr ? "PHASELAW" : "PHASELAW\\-" + roff(verb->name);
  return fmt::format(".TH {} 1 \"\" \"phaselaw {}\"\n", title, base::version()) +
         (verb == nullptr ? page_of_program(program) : page_of_verb(*verb));
}

void add_man(Program& program) {
  auto flags = std::make_shared<ManFlags>();
  add_plain_verb(program, "man", "print the manual page of the program or of a verb", "phaselaw man fit | man -l -",
                 [&program, flags] { run_man(program, *flags); })
      .optional_positional("verb", flags->verb, "verb to describe (default: the program itself)")
      .option("--out", flags->out, "directory to which all pages are written instead");
}

namespace {

struct KeysFlags {
  bool python = false, schema = false;
};

std::string keys_text(const KeysFlags& flags) {
  if (flags.schema) return base::to_json(sweep::key_schema()) + "\n";
  return flags.python ? python_options() : sweep::key_reference();
}

void run_keys(const Program& program, const KeysFlags& flags) {
  const Common& common = program.common;
  if (flags.python && flags.schema)
    throw base::InputError({"--schema"}, "prints another text than --python; omit one of them");
  require_outputs(common);
  if (!common.json.empty())
    emit_json(common, base::Value::table({{"made_by", made_by(common)},
                                          {"options", options_value(describe(program))},
                                          {"keys", sweep::key_table()}}));
  if (common.json != "-") show_as_it_is(keys_text(flags));
}

}  // namespace

void add_keys(Program& program) {
  auto flags = std::make_shared<KeysFlags>();
  add_verb(program, "keys",
           "list every key of experiment and study files: default, domain, meaning; with --json also every option",
           "phaselaw keys --schema > phaselaw.schema.json", [&program, flags] { run_keys(program, *flags); })
      .flag("--python", flags->python,
            "print the keyword arguments of the Python functions instead, as a Python module")
      .flag("--schema", flags->schema,
            "print a JSON Schema of experiment and study files instead, with which editors "
            "complete keys and mark errors");
}

void add_cite(Program& program) {
  add_plain_verb(
      program, "cite", "print the BibTeX entries of this version of phaselaw and of the paper",
      "phaselaw cite >> paper.bib", [] {
        show(
            "@software{{phaselaw,\n"
            "  title   = {{phaselaw: measures how transformers learn and predicts how far more compute, data or width will take them}},\n"
            "  author  = {{{{The phaselaw authors}}}},\n"
            "  version = {{{}}},\n"
            "  note    = {{commit {}}}\n"
            "}}\n\n{}",
            base::version(), base::commit(), report::paper_bibtex());
      });
}

}  // namespace phaselaw::cli
