#!python
# SPDX-License-Identifier: Apache-2.0
"""The command `phaselaw` of the Python package: starts the program in it without loading the package."""

import importlib.util
import os
import runpy

package = importlib.util.find_spec("phaselaw")
if package is None or not package.submodule_search_locations:
    raise SystemExit("phaselaw: error: the Python package phaselaw is not installed for this interpreter; install it again with pip")
runpy.run_path(os.path.join(package.submodule_search_locations[0], "_program.py"), run_name="__main__")
