"""Tests of check_structure.py on small made-up trees."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import check_structure  # noqa: E402
from check_structure import Rules  # noqa: E402

RULES = Rules(
    graph={"low": (), "high": ("low",), "include/apy": ()},
    libraries={"uv.h": ("low/io",)},
    long_files={},
)
USED = {
    "low/a.h": "#pragma once\n",
    "low/io/b.cpp": "#include <uv.h>\n",
    "high/c.cpp": '#include "low/a.h"\n#include <vector>\n',
}


class CheckStructureTest(unittest.TestCase):
    def complaints(self, files, rules=RULES):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return check_structure.check(Path(folder), rules)

    def test_tree_in_order(self):
        self.assertEqual(self.complaints(USED), [])

    def test_forbidden_include(self):
        found = self.complaints({**USED, "low/d.cpp": '\n#include "high/e.h"\n'})
        self.assertEqual(found, ["low/d.cpp:2: low may not include high (high/e.h)"])

    def test_public_header_is_a_box(self):
        found = self.complaints({**USED, "low/d.cpp": '#include "apy/apy.h"\n'})
        self.assertEqual(found, ["low/d.cpp:1: low may not include include/apy (apy/apy.h)"])

    def test_relative_include(self):
        found = self.complaints({**USED, "low/d.cpp": '#include "a.h"\n'})
        self.assertEqual(found, ['low/d.cpp:1: "a.h" is not a path from the root to a box'])

    def test_library_outside_its_folder(self):
        found = self.complaints({**USED, "high/d.cpp": "#include <uv.h>\n"})
        self.assertEqual(found, ["high/d.cpp:1: <uv.h> belongs to low/io only"])

    def test_tests_may_include_any_box_but_not_any_library(self):
        allowed = {**USED, "tests/unit/x_test.cpp": '#include "high/e.h"\n'}
        self.assertEqual(self.complaints(allowed), [])
        found = self.complaints({**USED, "tests/unit/x_test.cpp": "#include <uv.h>\n"})
        self.assertEqual(found, ["tests/unit/x_test.cpp:1: <uv.h> belongs to low/io only"])

    def test_heavy_header(self):
        self.assertEqual(self.complaints({**USED, "low/d.cpp": "#include <map>\n"}), [])
        found = self.complaints({**USED, "low/d.h": "#include <map>\n"})
        self.assertEqual(found, ["low/d.h:1: <map> is too heavy for a header"])

    def test_unused_permission(self):
        found = self.complaints({**USED, "high/c.cpp": ""})
        self.assertEqual(found, ["graph: high no longer includes low"])
        found = self.complaints({**USED, "low/io/b.cpp": ""})
        self.assertEqual(found, ["libraries: low/io no longer includes uv.h"])

    def test_permission_of_an_empty_box_is_no_complaint(self):
        files = {k: v for k, v in USED.items() if not k.startswith("high/")}
        self.assertEqual(self.complaints(files), [])

    def test_long_file(self):
        text = "\n" * (check_structure.MAXIMUM_LINES + 1)
        found = self.complaints({**USED, "low/d.cpp": text})
        self.assertEqual(found, ["low/d.cpp: 901 lines, at most 900"])
        excused = RULES._replace(long_files={"low/d.cpp": "generated table"})
        self.assertEqual(self.complaints({**USED, "low/d.cpp": text}, excused), [])
        found = self.complaints({**USED, "low/d.cpp": ""}, excused)
        self.assertEqual(found, ["low/d.cpp: short enough now, take it off LONG_FILES"])

    def test_cycle(self):
        rules = RULES._replace(graph={"low": ("high",), "high": ("low",)})
        files = {**USED, "low/d.cpp": '#include "high/e.h"\n'}
        self.assertEqual(self.complaints(files, rules), ["graph: cycle low -> high -> low"])

    def test_boxes_that_are_one_whole(self):
        graph = {"low": ("high",), "high": ("low",)}
        rules = RULES._replace(graph=graph, together=(("low", "high"),))
        files = {**USED, "low/d.cpp": '#include "high/e.h"\n'}
        self.assertEqual(self.complaints(files, rules), [])

    def test_the_real_graph_has_no_cycle(self):
        self.assertEqual(check_structure.cycles(Rules()), [])


if __name__ == "__main__":
    unittest.main()
