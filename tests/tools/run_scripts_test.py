"""Tests of the script-test runner: a runner that cannot fail would hide every bug."""

import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
sys.path.insert(0, str(TOOLS))
import expectations  # noqa: E402
import run_scripts  # noqa: E402


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name).resolve()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


class ParseTest(Folder):
    def parse(self, text, **files):
        for name, content in files.items():
            self.write(name.replace("_", "."), content)
        return expectations.parse(self.write("t.apy", text))

    def test_lines_in_order(self):
        wanted = self.parse("print(1)  # expect: 1\n# expect:\n# expect:  two \n")
        self.assertEqual(wanted.stdout, "1\n\n two \n")
        self.assertEqual((wanted.stderr, wanted.exit_status), ("", 0))

    def test_unusual_line_ends(self):
        wanted = self.parse("# expect: a\x0cb\u2028c\r\n# expect: d\n")
        self.assertEqual(wanted.stdout, "a\x0cb\u2028c\nd\n")

    def test_error_means_status_one(self):
        wanted = self.parse("x  # expect-error: NameError: name 'x'\n")
        self.assertEqual(wanted.error_lines, ["NameError: name 'x'"])
        self.assertEqual((wanted.stdout, wanted.exit_status), ("", 1))

    def test_exit_status_alone(self):
        self.assertEqual(self.parse("# expect-exit: 3\n").exit_status, 3)

    def test_files_beside(self):
        wanted = self.parse("", t_out="out\n", t_err="err\n")
        self.assertEqual((wanted.stdout, wanted.stderr, wanted.exit_status), ("out\n", "err\n", 1))

    def test_settings(self):
        wanted = self.parse(
            "# expect: x\n# args: a 'b c'\n# stdin: one\n# stdin: two\n# env: APYPATH=lib\n"
            "# modes: not-stress not-asan (a million tasks)\n# oracle: no (top-level await)\n"
        )
        self.assertEqual(wanted.args, ["a", "b c"])
        self.assertEqual(wanted.stdin, "one\ntwo\n")
        self.assertEqual(wanted.env, {"APYPATH": "lib"})
        self.assertEqual(wanted.skipped_modes, ["stress", "asan"])
        self.assertFalse(wanted.oracle)

    def test_contradictions(self):
        bad = ["print(1)\n", "# expect: 1\n# modes: not-stress\n", "# expect: 1\n# oracle: no\n"]
        bad += ["# expect: 1\n# modes: not-fast (x)\n", "# expect-file: none.txt\n"]
        for text in bad:
            with self.assertRaises(expectations.BadExpectation, msg=text):
                self.parse(text)
        with self.assertRaises(expectations.BadExpectation):
            self.parse("# expect: 1\n", t_out="1\n")


class JudgeTest(Folder):
    """Runs scripts with this Python in place of apy."""

    def runner(self, mode="normal", command=None):
        return run_scripts.Runner(command or [sys.executable], mode, False, seed=7)

    def script(self, text, **options):
        return self.runner(**options).script(self.write("t.apy", text))

    def test_pass(self):
        self.assertEqual(self.script("print(1)  # expect: 1\n"), [])

    def test_wrong_missing_and_extra_output(self):
        self.assertTrue(self.script("print(2)  # expect: 1\n"))
        self.assertTrue(self.script("# expect: 1\n"))
        self.assertTrue(self.script("print(1)  # expect: 1\nprint(2)\n"))
        self.assertTrue(self.script("print(1, end='')  # expect: 1\n"))

    def test_errors(self):
        self.assertEqual(self.script("[][1]  # expect-error: IndexError: list index\n"), [])
        self.assertTrue(self.script("[][1]  # expect-error: KeyError\n"))
        self.assertTrue(self.script("print(1)  # expect: 1\n[][1]\n"))
        self.assertTrue(self.script("print(1)  # expect-error: IndexError\n"))

    def test_unexpected_standard_error(self):
        self.assertTrue(self.script("import sys\nsys.stderr.write('x')\nprint(1)  # expect: 1\n"))

    def test_traceback_with_path(self):
        path = self.write("t.apy", "raise ValueError(1)\n")
        text = 'Traceback (most recent call last):\n  File "t.apy", line 1, in <module>\n'
        self.write("t.err", text + "    raise ValueError(1)\nValueError: 1\n")
        self.assertEqual(self.runner(command=[sys.executable, "-X", "utf8"]).script(path), [])

    def test_exit_and_signal(self):
        self.assertEqual(self.script("# expect-exit: 3\nraise SystemExit(3)\n"), [])
        crash = "import os\nos.kill(os.getpid(), 6)  # expect-exit: 0\n"
        self.assertIn("SIGABRT", "".join(self.script(crash)))

    def test_left_out(self):
        text = "# modes: not-stress (slow)\nprint(1)  # expect: 1\n"
        self.assertIsNone(self.script(text, mode="stress"))
        self.assertIsNone(self.script("print(1)  # expect: 1\n", mode="shuffle"))

    def test_shuffle_forgives_order_only(self):
        text = "import asyncio\nprint(2)  # expect: 1\nprint(1)  # expect: 2\n"
        self.assertEqual(self.script(text, mode="shuffle"), [])
        self.assertTrue(self.script(text.replace("print(1)", "print(3)"), mode="shuffle"))
        self.assertTrue(self.script(text))

    def test_shuffle_sets_the_seed(self):
        text = "import asyncio, os\nprint(os.environ['APY_SHUFFLE'])  # expect: 7\n"
        self.assertEqual(self.script(text, mode="shuffle"), [])

    def test_time_limit(self):
        limit, run_scripts.TIMEOUT["script"] = run_scripts.TIMEOUT["script"], 0.5
        try:
            complaints = self.script("# expect: 1\nwhile True: pass\n")
        finally:
            run_scripts.TIMEOUT["script"] = limit
        self.assertIn("time limit", complaints[0])

    def test_broken_programs(self):
        runner = self.runner()
        self.assertEqual(runner.broken(self.write("b", "x = (\n")), [])
        self.assertEqual(runner.broken(self.write("b", "pass\n")), [])
        self.assertTrue(runner.broken(self.write("b", "import os\nos.kill(os.getpid(), 11)\n")))
        self.assertTrue(runner.broken(self.write("b", "raise SystemExit(2)\n")))
        self.assertTrue(runner.broken(self.write("b", "raise SystemExit('no class name')\n")))


class DiscoverTest(Folder):
    def test_material_is_no_test(self):
        for name in ("a.apy", "_helper.apy", "package/__init__.apy", "package/b.apy", "deep/c.apy"):
            self.write("tests/language/" + name, "")
        for name in ("s.apy", "embed/host.apy", "data/words.txt"):
            self.write("samples/" + name, "")
        self.write("tests/broken/x.bin", "")
        scripts, broken = run_scripts.discover([], self.folder)
        self.assertEqual([p.name for p in scripts], ["a.apy", "c.apy", "s.apy"])
        self.assertEqual([p.name for p in broken], ["x.bin"])

    def test_end_to_end(self):
        fake = self.write("apy", "#!/bin/sh\nexit 0\n")
        os.chmod(fake, fake.stat().st_mode | stat.S_IXUSR)
        command = [sys.executable, str(TOOLS / "run_scripts.py"), "--apy", str(fake)]
        done = subprocess.run(command + ["/nowhere"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no test below", done.stdout)


if __name__ == "__main__":
    unittest.main()
