#!/usr/bin/env python3
"""Tests of fail_allocations.py: it must see a crash, an assertion and a hang."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parent / "fail_allocations.py"

# Stands for apy: behaves badly at some N.
FAKE = """#!/bin/sh
case "$APY_FAIL_ALLOCATION" in
  3) kill -SEGV $$ ;;
  4) echo 'Assertion failed: x' >&2; exit 1 ;;
  5) exec sleep 30 ;;
  *) echo MemoryError >&2; exit 1 ;;
esac
"""


class FailAllocationsTest(unittest.TestCase):
    def run_tool(self, first: int, count: int) -> str:
        with tempfile.TemporaryDirectory() as folder:
            apy = Path(folder) / "apy"
            apy.write_text(FAKE)
            apy.chmod(0o755)
            script = Path(folder) / "script.apy"
            script.write_text("")
            done = subprocess.run(
                [sys.executable, str(TOOL), "--apy", str(apy), "--first", str(first)]
                + ["--count", str(count), "--timeout", "1", str(script)],
                stdout=subprocess.PIPE,
                universal_newlines=True,
                check=False,
            )
            return done.stdout

    def test_clean(self):
        self.assertIn("2 passed, 0 failed", self.run_tool(1, 2))

    def test_signal(self):
        self.assertIn("dies by signal", self.run_tool(3, 1))

    def test_assertion(self):
        self.assertIn("an assertion fails", self.run_tool(4, 1))

    def test_hang(self):
        self.assertIn("hangs", self.run_tool(5, 1))


if __name__ == "__main__":
    unittest.main()
