#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""setup/bill_of_materials.py: what it reads from maps and lists, and that it stops at a library of unknown licence."""

import contextlib
import gzip
import importlib.util
import io
import json
import re
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "setup"
spec = importlib.util.spec_from_file_location("bill_of_materials", SETUP / "bill_of_materials.py")
bill = importlib.util.module_from_spec(spec)
import sys  # noqa: E402  # dataclasses look for the module by its name

sys.modules["bill_of_materials"] = bill
spec.loader.exec_module(bill)

MAP = """Archive member included to satisfy reference by file (symbol)

/usr/lib/x/libz.a(inflate.o)  phaselaw/base/libphaselaw_base.a(unity.o) (inflate)
/usr/lib/x/libz.a(crc32.o)
                              /usr/lib/x/libz.a(inflate.o) (crc32)
phaselaw/base/libphaselaw_base.a(unity.o)

Linker script and memory map

LOAD /usr/lib/x/crt1.o
LOAD phaselaw/cli/main.o
LOAD /usr/lib/x/libm.a
"""
DEPS = """a.o: #deps 3, deps mtime 1 (VALID)
    ../../phaselaw/base/files.h
    /usr/include/zlib.h
    /usr/include/x/c++/12/vector
"""


def part(**changes):
    return bill.Part(**{"source": "zlib", "version": "1:1.2", "licence": "Zlib", "packages": {"zlib1g-dev": "1:1.2"}, **changes})


class BillOfMaterialsTest(unittest.TestCase):
    def run_main(self, *words):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            code = bill.main(list(map(str, words)))
        return code, said.getvalue()

    def test_only_archives_that_gave_an_object_count_as_linked(self):
        self.assertEqual(bill.linked_files(MAP), {"/usr/lib/x/libz.a", "/usr/lib/x/crt1.o"})

    def test_headers_are_read_from_ninja(self):
        self.assertEqual(bill.header_files(DEPS, Path("/a/build/tree")),
                         {"/usr/include/zlib.h", "/usr/include/x/c++/12/vector", "/a/build/tree/../../phaselaw/base/files.h"})

    def test_a_package_that_was_unpacked_is_known_by_its_changelog(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve() / "usr"
            doc = folder / "share/doc/libsundials-dev"
            doc.mkdir(parents=True)
            archive = folder / "lib/libsundials_cvode.a"
            archive.parent.mkdir()
            archive.write_bytes(b"")
            with self.assertRaisesRegex(bill.Refusal, "expected one unpacked package with its changelog, found 0"):
                bill.parts({str(archive)}, {"sundials": "BSD-3-Clause"})
            with gzip.open(doc / "changelog.Debian.gz", "wt", encoding="utf-8") as log:
                log.write("sundials (6.4.1+dfsg1-3) unstable; urgency=medium\n")
            found = bill.parts({str(archive)}, {"sundials": "BSD-3-Clause"})
            self.assertEqual([(part.source, part.version, part.licence) for part in found],
                             [("sundials", "6.4.1+dfsg1-3", "BSD-3-Clause")])
            self.assertEqual(found[0].copyrights, {"sundials": doc / "copyright"})
            self.assertEqual(list(found[0].archives), [str(archive)])

    def test_every_line_of_the_table_has_an_expression_and_none_is_plain_gpl(self):
        known = bill.licences((SETUP / "bundled_licences.txt").read_text(encoding="utf-8"))
        self.assertGreater(len(known), 10)
        for source, expression in known.items():
            self.assertRegex(expression, r"^[A-Za-z0-9.-]+( (AND|OR|WITH) [A-Za-z0-9.-]+)*$", source)
            if re.search(r"\bA?GPL", expression):
                self.assertIn(" WITH ", expression, f"{source}: a licence that would apply to the whole program")

    def test_a_library_that_is_not_in_the_table_is_refused_by_name(self):
        with self.assertRaisesRegex(bill.Refusal, "libcholmod3 .source suitesparse. would become part of the program, but"):
            bill.licence_of("suitesparse", {"zlib": "Zlib"}, "libcholmod3")

    def test_an_archive_of_no_package_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "libown.a"
            own.write_bytes(b"")
            with self.assertRaisesRegex(bill.Refusal, "libown.a belongs to no package of Debian"):
                bill.parts({str(own)}, {})

    def test_the_document_has_a_number_that_only_its_parts_decide(self):
        made = bill.document([part()], "0.1.0")
        self.assertEqual(made["bomFormat"], "CycloneDX")
        self.assertEqual(made["components"][0]["licenses"], [{"expression": "Zlib"}])
        self.assertEqual(made["dependencies"][0]["dependsOn"], [made["components"][0]["bom-ref"]])
        self.assertEqual(made["serialNumber"], bill.document([part()], "0.1.0")["serialNumber"])
        self.assertNotEqual(made["serialNumber"], bill.document([part(version="1:1.3")], "0.1.0")["serialNumber"])
        json.dumps(made)

    def test_common_licences_are_copied_with_the_text_that_names_them(self):
        with tempfile.TemporaryDirectory() as folder:
            text = Path(folder) / "copyright"
            text.write_text("see /usr/share/common-licenses/LGPL-2.1.\n", encoding="utf-8")
            bill.COMMON = Path(folder)
            (bill.COMMON / "LGPL-2.1").write_text("the licence", encoding="utf-8")
            bill.write_licences([part(copyrights={"zlib": text})], Path(folder) / "out")
            self.assertEqual(sorted(path.name for path in (Path(folder) / "out").iterdir()), ["common-LGPL-2.1.txt", "zlib.txt"])
            with self.assertRaisesRegex(bill.Refusal, "the licence of zlib, is missing"):
                bill.write_licences([part(copyrights={"zlib": Path(folder) / "none"})], Path(folder) / "out")

    def test_a_build_without_linked_libraries_is_refused_and_writes_nothing(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "map").write_text("nothing\n", encoding="utf-8")
            code, said = self.run_main(folder, folder / "bill.json", folder / "licences", folder / "map")
            self.assertEqual(code, 1)
            self.assertIn("no library was linked; expected maps of a build with PHASELAW_BUNDLE", said)
            self.assertEqual([path.name for path in folder.iterdir()], ["map"])

    def test_too_few_words_print_the_use(self):
        code, said = self.run_main("tree")
        self.assertEqual(code, 2)
        self.assertIn("BUILD_TREE BILL LICENCES MAP", said)


if __name__ == "__main__":
    unittest.main()
