"""Another process that trains stacks, as this side sees it (see ``engine/loop/service.py``)."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from sknnreg.engine.loop import service
from sknnreg.engine.problem import Problem, Result
from sknnreg.together.memory import data_bytes, on_disk

# Bytes of data that are sent to a process: networks with more do well in threads, uncopied.
MAX_SENT = 1 << 28


def sendable(problems: Sequence[Problem]) -> bool:
    """Whether the networks can train elsewhere: no hook ties them to here, and data are small."""
    for problem in problems:
        if problem.on_epoch_end or problem.score or problem.augment or on_disk(problem):
            return False
        if not problem.recipe.schedule.portable:
            return False
    return sum(map(data_bytes, problems)) <= MAX_SENT


class HelperProcess:
    """A process to train in; ``OSError`` where the system has none to give."""

    def __init__(self) -> None:
        if not sys.executable:
            raise OSError("this Python does not know its own executable")
        self._process = subprocess.Popen(
            # -P: the folder of the file is no place to import from.
            [sys.executable, "-P", service.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C is for the main process, which ends this one.
            start_new_session=os.name == "posix",
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        self._send(sys.path)

    @property
    def alive(self) -> bool:
        """Whether it still answers; idle ones end by themselves."""
        return self._process.poll() is None

    def train(self, problems: Sequence[Problem]) -> list[Result]:
        """As the engine's ``train``; raises whatever keeps the process from it."""
        self._send(problems)
        assert self._process.stdout is not None
        try:
            results, error = pickle.load(self._process.stdout)
        except BaseException:
            # Half an answer may be left, and must not be taken for the next one.
            self.kill()
            raise
        if error is not None:
            raise error
        answered: list[Result] = results
        return answered

    def _send(self, content: object) -> None:
        # All or nothing: what cannot be pickled must not leave half of itself in the pipe.
        pickled = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
        assert self._process.stdin is not None
        self._process.stdin.write(pickled)
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it, whatever it is doing; a thread that waits for its answer gets an ``EOFError``."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it and close the pipes, which no thread may be using."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
