#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""setup/build.sh with stand-ins for cmake and the installation of packages: which packages it asks for, what it shows where
its output is no terminal, and which exit code it returns."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "setup"
CMAKE = """#!/bin/bash
echo "cmake $*" >>"$CALLS"
if [[ $1 == --preset ]]; then mkdir -p build/$2; touch build/$2/build.ninja; exit; fi
echo "-- Configuring done"
for i in 1 2 3 4; do echo "[$i/4] Building CXX object"; done
echo "a.cpp:1: warning: unused"
exit ${CMAKE_CODE:-0}
"""


class BuildScriptTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "setup").mkdir()
        shutil.copy(SETUP / "build.sh", self.root / "setup")
        (self.root / "CMakePresets.json").write_text("{}", encoding="utf-8")
        self.calls = self.root / "calls"
        self.tool(self.root / "setup" / "install-packages.sh", '#!/bin/bash\necho "packages $*" >>"$CALLS"\n')
        self.tool(self.root / "bin" / "cmake", CMAKE)

    def tool(self, path, text):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def build(self, *arguments, **environment):
        self.calls.unlink(missing_ok=True)
        environment |= {"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "CALLS": str(self.calls)}
        result = subprocess.run(["bash", str(self.root / "setup" / "build.sh"), *arguments], env=environment,
                                capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return result, self.calls.read_text(encoding="utf-8").splitlines()

    def test_the_program_needs_the_packages_of_users_alone(self):
        for arguments in (["phaselaw"], ["phaselaw", "described"], ["--preset", "package", "all"]):
            with self.subTest(arguments):
                result, calls = self.build(*arguments)
                self.assertEqual(result.returncode, 0)
                self.assertEqual([call for call in calls if call.startswith("packages")], ["packages "])

    def test_everything_else_needs_those_of_developers_too(self):
        for arguments in ([], ["all"], ["phaselaw", "test_base"], ["--preset", "asan", "test_base"]):
            with self.subTest(arguments):
                calls = self.build(*arguments)[1]
                self.assertEqual([call for call in calls if call.startswith("packages")],
                                 ["packages ", "packages --tests"])

    def test_it_configures_once_and_again_where_tests_were_not_found(self):
        configures = lambda calls: [call for call in calls if call.startswith("cmake --preset")]
        self.assertEqual(configures(self.build("all")[1]), ["cmake --preset release"])
        self.assertEqual(configures(self.build("all")[1]), [])
        cache = self.root / "build" / "release" / "CMakeCache.txt"
        cache.write_text("GTest_DIR:PATH=GTest_DIR-NOTFOUND\n", encoding="utf-8")
        self.assertEqual(configures(self.build("phaselaw")[1]), [])
        self.assertEqual(configures(self.build("all")[1]), ["cmake --preset release"])

    def test_without_a_terminal_progress_is_a_line_now_and_then_and_warnings_pass(self):
        result, calls = self.build("phaselaw")
        self.assertEqual(calls[-1], "cmake --build --preset release --target phaselaw")
        self.assertEqual(result.stdout, "a.cpp:1: warning: unused\n")
        progress = [line for line in result.stderr.splitlines() if "steps after" in line]
        self.assertEqual(len(progress), 1)
        self.assertRegex(progress[0], r"^build: 1/4 steps after \d+ s$")

    def test_a_failed_build_is_a_failure(self):
        self.assertEqual(self.build("phaselaw", CMAKE_CODE="3")[0].returncode, 3)


if __name__ == "__main__":
    unittest.main()
