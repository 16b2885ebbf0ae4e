"""Runs batches of programs in one interpreter, whatever they do to it."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import List

from known_differences import normalized

DRIVER = Path(__file__).resolve().parent / "driver.py"
_PART = re.compile("\x01(\\d+)\n(.*?)\n\x02\\1\n", re.DOTALL)


def is_same(expected: str, actual: str) -> bool:
    return expected == actual or normalized(expected) == normalized(actual)


class Runner:
    """One interpreter, given as the start of a command line."""

    def __init__(self, command: List[str]) -> None:
        self.command = [os.path.abspath(command[0]) if os.sep in command[0] else command[0], *command[1:]]

    def run(self, programs: List[str], seconds: float = 30) -> List[str]:
        """What each program prints; for one that ends the process or its time that, in words."""
        outputs: List[str] = []
        with tempfile.TemporaryDirectory(prefix="apy-fuzz-") as folder:
            file = Path(folder) / "batch.json"
            file.write_text(json.dumps(programs), "ascii")
            while len(outputs) < len(programs):
                ended = self._process(file, len(outputs), seconds, outputs)
                if len(outputs) < len(programs):
                    outputs.append(ended)
        return outputs

    def _process(self, file: Path, first: int, seconds: float, outputs: List[str]) -> str:
        command = [*self.command, str(DRIVER), str(file), str(first)]
        errors = b""
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds, cwd=file.parent, stdin=subprocess.DEVNULL,
                                  env={**os.environ, "PYTHONHASHSEED": "0"})
            text, errors, ended = done.stdout, done.stderr, f"the process ended with status {done.returncode}"
        except subprocess.TimeoutExpired as error:
            text, ended = error.stdout or b"", "the process hangs"
        for _, output in _PART.findall(text.decode("utf-8", "surrogatepass")):
            outputs.append(output)
        return f"{ended}\n{errors.decode('utf-8', 'replace')[-2000:]}" if errors else ended
