#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""setup/install-packages.sh with stand-ins for dpkg-query, apt-get, sudo and id: which calls it makes, and when."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "setup"
BASH = shutil.which("bash")
TOOLS = ("dirname", "sed", "grep", "env", "readlink")


class InstallPackagesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for name in TOOLS:
            self.tool(name, f'exec {shutil.which(name)} "$@"')
        self.setup = self.root / "setup"
        self.setup.mkdir()
        shutil.copy(SETUP / "install-packages.sh", self.setup)
        (self.setup / "debian-packages.txt").write_text("# comment\nalpha  # why\nbeta\n\n  gamma# why\n", encoding="utf-8")
        (self.setup / "debian-packages-tests.txt").write_text("# comment\ndelta  # why\n", encoding="utf-8")
        self.calls = self.root / "calls"
        self.include = self.root / "include"
        (self.include / "cvode").mkdir(parents=True)
        (self.include / "cvode" / "cvode.h").touch()
        self.tool("id", "echo 0")
        self.tool("gcc", "echo none")
        self.tool("dpkg-query", "echo 'installed alpha'; echo 'config-files beta'; exit 1")
        self.tool("apt-get", f'echo "$DEBIAN_FRONTEND: $*" >>{self.calls}')

    def tool(self, name, body):
        path = self.bin / name
        path.write_text(f"#!{BASH}\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def run_script(self, *arguments):
        command = [BASH, str(self.setup / "install-packages.sh"), *arguments]
        return subprocess.run(command, env={"PATH": str(self.bin), "PHASELAW_CVODE_INCLUDE": str(self.include)}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)

    def apt_calls(self):
        return self.calls.read_text(encoding="utf-8").splitlines() if self.calls.exists() else []

    def test_all_there_means_no_call_and_no_word(self):
        self.tool("dpkg-query", "printf 'installed %s\\n' alpha beta gamma")
        result = self.run_script()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        self.assertEqual(self.apt_calls(), [])

    def test_only_the_missing_are_installed_without_an_update(self):
        self.assertEqual(self.run_script().returncode, 0)
        calls = self.apt_calls()
        self.assertEqual(calls[-1], "noninteractive: -qq install --yes --no-install-recommends beta gamma")
        self.assertFalse([call for call in calls if "update" in call])

    def test_lists_are_fetched_when_nothing_can_be_installed_from_them(self):
        self.tool("apt-get", f'echo "$*" >>{self.calls}; [[ $* == *update* ]] && : >{self.root}/fetched\n'
                             f'[[ -e {self.root}/fetched ]]')
        self.assertEqual(self.run_script().returncode, 0)
        calls = self.apt_calls()
        self.assertEqual([call.split()[1] for call in calls], ["install", "update", "install"])
        self.assertIn("--simulate", calls[0])

    def test_lists_are_fetched_when_a_download_is_gone(self):
        self.tool("apt-get", f'echo "$*" >>{self.calls}; [[ $* == *update* ]] && : >{self.root}/fetched\n'
                             f'[[ $* == *--simulate* || -e {self.root}/fetched ]]')
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual([call.split()[1] for call in self.apt_calls()], ["install", "install", "update", "install"])

    def test_a_failed_installation_is_a_failure(self):
        self.tool("apt-get", "exit 100")
        self.assertNotEqual(self.run_script().returncode, 0)

    def test_sudo_is_used_by_others_than_root(self):
        self.tool("id", "echo 1000")
        self.tool("sudo", f'echo sudo >>{self.calls}; exec "$@"')
        self.assertEqual(self.run_script().returncode, 0)
        calls = self.apt_calls()
        self.assertEqual(calls[-2:], ["sudo", "noninteractive: -qq install --yes --no-install-recommends beta gamma"])

    def test_neither_root_nor_sudo_names_the_packages(self):
        self.tool("id", "echo 1000")
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertIn("apt-get install --no-install-recommends beta gamma\n", result.stderr)
        self.assertEqual(self.apt_calls(), [])

    def test_another_system_is_told_what_cmake_needs(self):
        (self.bin / "dpkg-query").unlink()
        result = self.run_script()
        self.assertEqual(result.returncode, 0)
        self.assertIn("SQLite3", result.stderr)
        self.assertEqual(self.apt_calls(), [])

    def test_named_packages_are_installed_alone(self):
        self.assertEqual(self.run_script("beta").returncode, 0)
        self.assertEqual(self.apt_calls()[-1], "noninteractive: -qq install --yes --no-install-recommends beta")

    def test_cvode_is_unpacked_and_not_installed(self):
        (self.include / "cvode" / "cvode.h").unlink()
        for name in ("mktemp", "mkdir", "rm"):
            self.tool(name, f'exec {shutil.which(name)} "$@"')
        self.tool("apt-get", f'echo "$*" >>{self.calls}; [[ $* != *download* ]] || echo >libsundials-dev_1.deb')
        unpack = '[[ -e $2 ]] && /bin/mkdir -p "$3/usr/include/cvode" && echo >"$3/usr/include/cvode/cvode.h"'
        self.tool("dpkg-deb", unpack)
        self.assertEqual(self.run_script().returncode, 0)
        self.assertIn("download libsundials-dev", self.apt_calls()[-1])
        self.assertNotIn("install --yes --no-install-recommends libsundials-dev", "\n".join(self.apt_calls()))
        self.assertTrue((self.root / "build" / "packages" / "usr" / "include" / "cvode" / "cvode.h").exists())
        self.calls.unlink()
        self.tool("dpkg-query", "printf 'installed %s\\n' alpha beta gamma")
        self.assertEqual((self.run_script().returncode, self.apt_calls()), (0, []))  # once

    def test_the_serial_openblas_is_refused(self):
        self.tool("dpkg-query", "printf 'installed %s\\n' alpha beta gamma")
        self.tool("readlink", "echo /usr/lib/none/openblas-serial/libopenblas.so.0")
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertIn("not thread-safe", result.stderr)

    def test_what_tests_can_do_without_has_a_list_of_its_own(self):
        self.assertEqual(self.run_script("--tests").returncode, 0)
        self.assertEqual(self.apt_calls()[-1], "noninteractive: -qq install --yes --no-install-recommends delta")
        self.calls.unlink()
        self.tool("id", "echo 1000")
        result = self.run_script("--tests")
        self.assertEqual((result.returncode, self.apt_calls()), (0, []))
        self.assertIn("skipped that need a missing one of: delta\n", result.stderr)

    def test_the_package_lists_are_well_formed(self):
        names = []
        for name in ("debian-packages.txt", "debian-packages-tests.txt"):
            lines = (SETUP / name).read_text(encoding="utf-8").splitlines()
            packages = [line for line in lines if not line.startswith("#")]
            for line in packages:
                self.assertRegex(line, r"^[a-z0-9+.-]+ +# \S.*$")
            names += [line.split()[0] for line in packages]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("libopenblas-pthread-dev", names)


if __name__ == "__main__":
    unittest.main()
