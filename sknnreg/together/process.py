"""Other processes that train stacks, as this side sees them (see ``engine/loop/service.py``)."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from sknnreg.engine.loop import service
from sknnreg.engine.problem import Problem, Result
from sknnreg.together.stacks import data_bytes, on_disk

# Bytes of data that are sent to a process: networks with more do well in threads, uncopied.
MAX_SENT = 1 << 28


def sendable(problems: Sequence[Problem]) -> bool:
    """Whether the networks can train elsewhere: nothing here has a say, and data are small."""
    for problem in problems:
        if problem.on_epoch_end or problem.score or problem.augment or on_disk(problem):
            return False
        if not problem.recipe.schedule.portable:
            return False
    return sum(map(data_bytes, problems)) <= MAX_SENT


class Process:
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
        """End it, whatever it is doing; who waits for its answer gets an ``EOFError``."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it and let go of the pipes, which nobody may be using."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


class Pool:
    """Processes that are idle: the next search finds them ready."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        atexit.register(self.close)

    def prepare(self, n_processes: int) -> None:
        """Start processes until so many are idle, as far as the system allows."""
        with self._lock, suppress(OSError, ValueError):
            self._drop_dead()
            while len(self._idle) < n_processes:
                self._idle.append(Process())

    def take(self) -> Process | None:
        """A process that is nobody else's until it is given back; None if there can be none."""
        self.prepare(1)
        with self._lock:
            return self._idle.pop() if self._idle else None

    def give_back(self, process: Process | None) -> None:
        """It is idle, or dead."""
        with self._lock:
            if process is not None:
                self._idle.append(process)
            self._drop_dead()

    def close(self) -> None:
        """End them all."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def _drop_dead(self) -> None:
        for process in self._idle:
            if not process.alive:
                process.close()
        self._idle = [process for process in self._idle if process.alive]


POOL = Pool()
