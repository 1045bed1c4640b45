#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of check_layers.py is broken once in a small tree and must be reported at its place."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import check_layers  # noqa: E402

SPDX_CPP = "// SPDX-License-Identifier: Apache-2.0\n"
SPDX = "# SPDX-License-Identifier: Apache-2.0\n"

CLEAN_TREE = {
    "phaselaw/base/CMakeLists.txt": SPDX + "phaselaw_layer(base LIBRARIES fmt::fmt)\n",
    "phaselaw/base/errors.h": SPDX_CPP + "#include <string>\nnamespace phaselaw::base {}\n",
    "phaselaw/model/CMakeLists.txt": SPDX + "phaselaw_layer(model\n  USES base  # phaselaw_layer(model USES theory)\n)\n",
    "phaselaw/model/block.cpp": SPDX_CPP + '#include "phaselaw/base/errors.h"\nnamespace phaselaw::model::reference {}\n',
    "phaselaw/theory/CMakeLists.txt": SPDX + "phaselaw_layer(theory USES base)\n",
    "phaselaw/theory/bounds.h": SPDX_CPP + '#include "phaselaw/base/errors.h"\n',
    "tests/model/block_test.cpp": SPDX_CPP + '#include "phaselaw/base/errors.h"\n#include "model/helper.h"\n',
    "docs/layers.md": "| layer | is | uses |\n|---|---|---|\n| `base` | errors | - |\n| `model` | net | base |\n"
                      "| `theory` | formulas | base |\n",
    "run.sh": "#!/bin/sh\n" + SPDX,
}


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        for name, text in CLEAN_TREE.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, name, text):
        self.write(name, (self.root / name).read_text(encoding="utf-8") + text)

    def assert_one_fault(self, place, *words):
        faults = check_layers.check(self.root)
        self.assertEqual(len(faults), 1, faults)
        self.assertTrue(faults[0].startswith(place + ": "), faults[0])
        for word in words:
            self.assertIn(word, faults[0])

    def test_clean_tree_has_no_fault(self):
        self.assertEqual(check_layers.check(self.root), [])

    def test_undeclared_include(self):
        self.append("phaselaw/model/block.cpp", '#include "phaselaw/theory/bounds.h"\n')
        self.assert_one_fault("phaselaw/model/block.cpp:4", "model does not use theory", "phaselaw/model/CMakeLists.txt")

    def test_undeclared_include_in_angle_brackets(self):
        self.append("phaselaw/model/block.cpp", "#  include <phaselaw/theory/bounds.h>\n")
        self.assert_one_fault("phaselaw/model/block.cpp:4", "model does not use theory")

    def test_unused_arrow(self):
        self.write("phaselaw/model/block.cpp", SPDX_CPP)
        self.assert_one_fault("phaselaw/model/CMakeLists.txt:3", "unused arrow model -> base")

    def test_cycle(self):
        self.write("phaselaw/base/CMakeLists.txt", SPDX + "phaselaw_layer(base USES theory)\n")
        self.append("phaselaw/base/errors.h", '#include "phaselaw/theory/bounds.h"\n')
        self.write("docs/layers.md", CLEAN_TREE["docs/layers.md"].replace("errors | -", "errors | theory"))
        self.assert_one_fault("phaselaw/theory/CMakeLists.txt:2", "cycle base -> theory -> base")

    def test_arrow_to_nowhere(self):
        self.write("phaselaw/theory/CMakeLists.txt", SPDX + "phaselaw_layer(theory USES base sience)\n")
        self.write("docs/layers.md", CLEAN_TREE["docs/layers.md"].replace("formulas | base", "formulas | base, sience"))
        self.assert_one_fault("phaselaw/theory/CMakeLists.txt:2", "sience")

    def test_relative_include(self):
        self.append("phaselaw/model/block.cpp", '#include "block.h"\n')
        self.assert_one_fault("phaselaw/model/block.cpp:4", "is relative")

    def test_include_through_the_parent_folder(self):
        self.append("phaselaw/model/block.cpp", '#include "phaselaw/model/../theory/bounds.h"\n')
        self.assert_one_fault("phaselaw/model/block.cpp:4", "is relative")

    def test_include_of_no_layer(self):
        self.append("phaselaw/model/block.cpp", '#include "phaselaw/modle/x.h"\n')
        self.assert_one_fault("phaselaw/model/block.cpp:4", "in no layer")

    def test_test_that_includes_a_layer_it_cannot_see(self):
        self.append("tests/model/block_test.cpp", '#include "phaselaw/theory/bounds.h"\n')
        self.assert_one_fault("tests/model/block_test.cpp:4", "cannot see theory")

    def test_own_header_is_not_the_first_include(self):
        self.write("phaselaw/theory/bounds.cpp", SPDX_CPP + "#include <cmath>\n#include \"phaselaw/theory/bounds.h\"\n")
        self.assert_one_fault("phaselaw/theory/bounds.cpp:2", "the first include is cmath", "phaselaw/theory/bounds.h")

    def test_namespace_of_another_layer(self):
        self.append("phaselaw/model/block.cpp", "namespace phaselaw::theory {}\n")
        self.assert_one_fault("phaselaw/model/block.cpp:4", "namespace phaselaw::theory")

    def test_layer_with_another_name_than_its_folder(self):
        self.write("phaselaw/theory/CMakeLists.txt", SPDX + "phaselaw_layer(theories USES base)\n")
        self.assert_one_fault("phaselaw/theory/CMakeLists.txt:2", "theories", "one name")

    def test_folder_without_a_layer(self):
        self.write("phaselaw/stray/x.h", SPDX_CPP)
        self.assert_one_fault("phaselaw/stray/x.h:1", "make it a layer")

    def test_cmake_file_that_declares_nothing(self):
        self.write("phaselaw/stray/CMakeLists.txt", SPDX)
        self.assert_one_fault("phaselaw/stray/CMakeLists.txt:1", "no phaselaw_layer")

    def test_layer_missing_from_the_table(self):
        self.write("docs/layers.md", CLEAN_TREE["docs/layers.md"].replace("| `theory` | formulas | base |\n", ""))
        self.assert_one_fault("phaselaw/theory/CMakeLists.txt:2", "theory is not in docs/layers.md")

    def test_row_with_another_arrow(self):
        self.write("docs/layers.md", CLEAN_TREE["docs/layers.md"].replace("net | base", "net | base, theory"))
        self.assert_one_fault("docs/layers.md:4", "model uses base")

    def test_row_of_no_layer(self):
        self.append("docs/layers.md", "| `kernel` | later | base |\n")
        self.assert_one_fault("docs/layers.md:6", "no layer kernel")

    def test_table_missing(self):
        (self.root / "docs/layers.md").unlink()
        self.assert_one_fault("docs/layers.md:1", "missing")

    def test_length_limit_is_500(self):
        self.write("phaselaw/base/long.cpp", SPDX_CPP + "\n" * 499)
        self.assertEqual(check_layers.check(self.root), [])
        self.append("phaselaw/base/long.cpp", "\n")
        self.assert_one_fault("phaselaw/base/long.cpp:501", "501 lines")

    def test_generated_table_may_be_long(self):
        self.write("phaselaw/base/table.inc", "// Generated by make_table.py\n" + SPDX_CPP + "1,\n" * 900)
        self.assertEqual(check_layers.check(self.root), [])

    def function(self, head, lines, line="  x += 1;\n"):
        """A function with `lines` lines from brace to brace."""
        return f"{head} {{\n" + line * (lines - 2) + "}\n"

    def test_function_limit_is_60(self):
        for head in ("int f(int x)", "S::S(int x)\n    : a(x), b{x}", "template <class T>\nauto f() const -> T",
                     "struct S {\nint f() noexcept"):
            with self.subTest(head):
                close = "};\n" if head.startswith("struct") else ""
                self.write("phaselaw/base/long.cpp", SPDX_CPP + self.function(head, 60) + close)
                self.assertEqual(check_layers.check(self.root), [])
                self.write("phaselaw/base/long.cpp", SPDX_CPP + self.function(head, 61) + close)
                self.assert_one_fault(f"phaselaw/base/long.cpp:{2 + head.count(chr(10))}", "a function of 61 lines")

    def test_a_long_block_inside_a_function_is_not_reported_again(self):
        body = "void f() {\n" + self.function("if (x)", 61) + "}\n"
        self.write("phaselaw/base/long.cpp", SPDX_CPP + body)
        self.assert_one_fault("phaselaw/base/long.cpp:2", "a function of 63 lines")

    def test_braces_in_comments_literals_and_macros_are_no_blocks(self):
        for line in ('  f("}");\n', "  g('}');\n", "  // }\n", '  h("\\"}");\n', "#define X }\n", "  x = 1'000;\n"):
            with self.subTest(line):
                self.write("phaselaw/base/long.cpp", SPDX_CPP + self.function("int f()", 61, line))
                self.assert_one_fault("phaselaw/base/long.cpp:2", "a function of 61 lines")

    def test_tables_classes_and_raw_strings_may_be_long(self):
        table = "constexpr std::pair<int, int> kTable[] = {\n" + "  {f(1), 2},\n" * 90 + "};\n"
        classes = "class A : public B {\n" + "  int f() { return 1; }\n" * 90 + "};\n"
        text = 'const char* style() {\n  return R"(\n' + "a { b }\n" * 90 + ')";\n}\n'
        self.write("phaselaw/base/long.cpp", SPDX_CPP + "namespace phaselaw::base {\n" + table + classes + text + "}\n")
        self.assertEqual(check_layers.check(self.root), [])

    def test_functions_of_tests_may_be_long(self):
        self.append("tests/model/block_test.cpp", self.function("TEST(A, b)", 90))
        self.assertEqual(check_layers.check(self.root), [])

    def test_missing_licence_line(self):
        for name in ("phaselaw/base/a.h", "phaselaw/base/a.cpp", "cmake/a.cmake", "tests/a.py", "CMakeLists.txt"):
            with self.subTest(name):
                self.write(name, "\n")
                self.assert_one_fault(f"{name}:1", "no licence line")
                (self.root / name).unlink()

    def test_missing_licence_line_of_a_script_without_a_suffix(self):
        self.write(".ci/run", "#!/bin/sh\n\n\n" + SPDX)
        self.assert_one_fault(".ci/run:1", "no licence line")

    def test_path_of_one_machine(self):
        self.write("docs/a.md", "see\n" + "/home" + "/ada/data\n")
        self.assert_one_fault("docs/a.md:2", "path of one machine")

    def test_web_address_is_no_path_of_a_machine(self):
        self.write("docs/a.md", "https://example.org" + "/home" + "/ada and $ROOT" + "/home" + "/ada\n")
        self.assertEqual(check_layers.check(self.root), [])

    def test_files_that_git_ignores_are_not_looked_at(self):
        subprocess.run(["git", "init", "--quiet", str(self.root)], check=True)
        self.write(".gitignore", "/generated/\n")
        self.write("generated/a.cpp", "no licence\n")
        self.assertEqual(check_layers.check(self.root), [])
        self.write("phaselaw/base/new.cpp", "no licence, not yet added\n")
        self.assert_one_fault("phaselaw/base/new.cpp:1", "no licence line")

    def test_exit_code_and_last_line(self):
        command = [sys.executable, check_layers.__file__, str(self.root)]
        clean = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((clean.returncode, clean.stdout), (0, "layers and files are as declared\n"))
        self.write("bad.py", "")
        bad = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(bad.returncode, 1)
        self.assertTrue(bad.stdout.endswith("1 faults\n"))


if __name__ == "__main__":
    unittest.main()
