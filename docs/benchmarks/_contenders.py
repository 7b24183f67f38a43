"""Contenders in processes of their own, which sleep until it is their turn."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any


class Worker:
    """The parent's end of one contender's process: ``script --worker contender arguments``."""

    def __init__(
        self, stack: ExitStack, script: str, contender: str, arguments: Sequence[str]
    ) -> None:
        self.contender = contender
        self.process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, script, "--worker", contender, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        # What it has to say once it is warm.
        self.greeting = self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.contender} ended; its error is above")
        return json.loads(line)

    def measure(self, request: Any = None) -> Any:
        """Let it work once; what it measured."""
        assert self.process.stdin is not None
        # BLAS and OpenMP threads spin for some milliseconds after work: let the last one's settle.
        time.sleep(0.1)
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return self._answer()


def work_off(measure: Callable[[Any], Any], greeting: Any = None) -> None:
    """The worker's end: say that it is ready, then one measurement for each request on stdin."""
    print(json.dumps(greeting), flush=True)
    for request in sys.stdin:
        print(json.dumps(measure(json.loads(request))), flush=True)
