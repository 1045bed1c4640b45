#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""setup/wheels.sh refuses an interpreter for which it cannot build, before it installs or compiles anything."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "setup" / "wheels.sh"


class WheelsTest(unittest.TestCase):
    def build(self, *words):
        return subprocess.run([SCRIPT, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def test_a_python_that_is_none_or_lacks_its_headers_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = Path(folder) / "python3"
            fake.write_text("#!/bin/sh\ncat >/dev/null\nexit 0\n", encoding="utf-8")  # as one without headers answers: nothing
            fake.chmod(0o755)
            for python in (fake, Path(folder) / "none"):
                done = self.build("--out", folder, str(python))
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(f"wheels: {python}: expected a CPython from 3.10 on with its headers", done.stderr)
            self.assertEqual(os.listdir(folder), ["python3"])

    def test_an_output_without_a_folder_is_refused(self):
        done = self.build("--out")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--out: expected a folder", done.stderr)


if __name__ == "__main__":
    unittest.main()
