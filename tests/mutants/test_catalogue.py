#!/usr/bin/env python3
"""The catalogue fits the tree: every patch applies, names clauses that exist, and has its line in docs/catches.md."""

import re
import tempfile
import unittest
from pathlib import Path

from patches import Hunk, Mutant, Stale, apply, read_catalogue, read_patch

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "tests/mutants/catalogue"

PATCH = """Origin: nobody
Effect: Two becomes
  three.
Caught by: POOL-01, I1

--- a/file.cpp
+++ b/file.cpp
@@ -2,3 +2,3 @@
 one
-two
+three
 four
"""


class Catalogue(unittest.TestCase):
    def test_every_patch_applies(self):
        for mutant in read_catalogue(CATALOGUE):
            with self.subTest(mutant.name), tempfile.TemporaryDirectory() as overlay:
                changed = apply(mutant, ROOT, Path(overlay))
                for name in changed:
                    self.assertTrue(name.startswith("impl/host/"), "a mutant changes the implementation")
                    self.assertNotEqual((ROOT / name).read_text(), (Path(overlay) / name).read_text())

    def test_clauses_exist(self):
        known = set(re.findall(r'^  X\(\w+, "([A-Z0-9-]+)"', (ROOT / "spec/clauses.hpp").read_text(), re.MULTILINE))
        for mutant in read_catalogue(CATALOGUE):
            self.assertLessEqual(set(mutant.expected), known, mutant.name)

    def test_document_has_every_mutant(self):
        text = (ROOT / "docs/catches.md").read_text()
        matrix = text.partition("<!-- kill matrix: begin -->")[2].partition("<!-- kill matrix: end -->")[0]
        names = re.findall(r"^\| (\w+) \|", matrix, re.MULTILINE)[1:]  # without the head
        self.assertEqual(names, [mutant.name for mutant in read_catalogue(CATALOGUE)], "run ./dev mutants --docs")


class Patches(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "a.patch").write_text(PATCH)
        self.mutant = read_patch(self.root / "a.patch")

    def patched(self, text: str) -> str:
        (self.root / "file.cpp").write_text(text)
        apply(self.mutant, self.root, self.root / "overlay")
        return (self.root / "overlay/file.cpp").read_text()

    def test_is_read(self):
        hunk = Hunk(("one", "two", "four"), ("one", "three", "four"), 2)
        self.assertEqual(
            self.mutant, Mutant("a", "nobody", "Two becomes three.", ("POOL-01", "I1"), {"file.cpp": (hunk,)})
        )

    def test_applies_where_it_was(self):
        self.assertEqual(self.patched("zero\none\ntwo\nfour\n"), "zero\none\nthree\nfour\n")

    def test_applies_where_the_lines_are_now(self):
        self.assertEqual(self.patched("a\nb\nc\none\ntwo\nfour"), "a\nb\nc\none\nthree\nfour")

    def test_other_lines_make_it_stale(self):
        with self.assertRaises(Stale):
            self.patched("zero\none\n2\nfour\n")

    def test_two_places_make_it_stale(self):
        with self.assertRaises(Stale):
            self.patched("a\nb\none\ntwo\nfour\none\ntwo\nfour\n")

    def test_needs_its_head(self):
        (self.root / "b.patch").write_text(PATCH.replace("Effect", "Effects"))
        with self.assertRaises(ValueError):
            read_patch(self.root / "b.patch")


if __name__ == "__main__":
    unittest.main()
