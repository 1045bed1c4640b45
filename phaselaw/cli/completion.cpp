// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/cli/describe.h"

// phaselaw completion SHELL: prints the script with which a shell completes verbs, flags, their known values, and
// files.
namespace phaselaw::cli {

namespace {

// Quotes the text for a POSIX shell with single quotes; fish reads the same escape.
std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string names(const std::vector<VerbText>& verbs) {
  std::string text;
  for (const auto& verb : verbs) text += (text.empty() ? "" : " ") + verb.name;
  return text;
}

std::string bash(const ProgramText& program) {
  std::string text =
      "# bash completion of phaselaw; source it, or install it as bash-completion/completions/phaselaw\n"
      "_phaselaw() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    [[ ${COMP_WORDS[i]} == -* ]] || { verb=${COMP_WORDS[i]}; break; }\n"
      "  done\n"
      "  local words=\n"
      "  case $verb:$prev in\n";
  for (const auto& verb : program.verbs)
    for (const auto& flag : verb.flags)
      if (!flag.words.empty())
        text += fmt::format("    {}:{}) words={} ;;\n", verb.name, flag.name,
                            shell_quoted(fmt::format("{}", fmt::join(flag.words, " "))));
  text +=
      "  esac\n"
      "  if [[ -z $words && -z $verb ]]; then\n";
  text += fmt::format("    words={}\n", shell_quoted(names(program.verbs) + " --help --version"));
  text +=
      "  elif [[ -z $words && $cur == -* ]]; then\n"
      "    case $verb in\n";
  for (const auto& verb : program.verbs) {
    std::vector<std::string> flags;
    for (const auto& flag : verb.flags) flags.push_back(flag.name);
    text += fmt::format("      {}) words={} ;;\n", verb.name, shell_quoted(fmt::format("{}", fmt::join(flags, " "))));
  }
  return text +
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=()\n"
         "  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "}\n"
         "complete -o default -F _phaselaw phaselaw\n";
}

// In _describe and _arguments of zsh, a colon ends the name and brackets end the help text, so they are escaped.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh(const ProgramText& program) {
  std::string text = "#compdef phaselaw\n_phaselaw() {\n  if (( CURRENT == 2 )); then\n    local -a verbs=(\n";
  for (const auto& verb : program.verbs) text += "      " + shell_quoted(verb.name + ":" + zsh_text(verb.help)) + "\n";
  text += "    )\n    _describe verb verbs\n    return\n  fi\n  case $words[2] in\n";
  for (const auto& verb : program.verbs) {
    text += fmt::format("    {})\n      _arguments", verb.name);
    for (const auto& flag : verb.flags) {
      std::string spec = flag.name + "[" + zsh_text(flag.help) + "]";
      if (!flag.words.empty())
        spec += fmt::format(":value:({})", fmt::join(flag.words, " "));
      else if (!flag.value.empty())
        spec += ":value:_files";
      text += " \\\n        " + shell_quoted(spec);
    }
    text += " \\\n        '*:file:_files' ;;\n";
  }
  return text + "  esac\n}\n_phaselaw \"$@\"\n";
}

std::string fish(const ProgramText& program) {
  std::string text;
  for (const auto& verb : program.verbs)
    text += fmt::format("complete -c phaselaw -n __fish_use_subcommand -f -a {} -d {}\n", verb.name,
                        shell_quoted(verb.help));
  for (const auto& verb : program.verbs)
    for (const auto& flag : verb.flags) {
      text += fmt::format("complete -c phaselaw -n '__fish_seen_subcommand_from {}' -l {} -d {}", verb.name,
                          flag.name.substr(2), shell_quoted(flag.help));
      if (!flag.words.empty())
        text += fmt::format(" -x -a {}", shell_quoted(fmt::format("{}", fmt::join(flag.words, " "))));
      else if (!flag.value.empty())
        text += " -r";
      text += "\n";
    }
  return text;
}

}  // namespace

std::string completion_script(const ProgramText& program, const std::string& shell) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  throw base::InputError(base::unknown_name("shell", shell, {"bash", "zsh", "fish"}));
}

void add_completion(Program& program) {
  auto shell = std::make_shared<std::string>();
  add_plain_verb(program, "completion", "print a completion script for bash, zsh or fish",
                 "phaselaw completion bash > ~/.local/share/bash-completion/completions/phaselaw",
                 [&program, shell] { show_as_it_is(completion_script(describe(program), *shell)); })
      .positional("shell", *shell, "bash, zsh or fish");
}

}  // namespace phaselaw::cli
