"""Another process that trains stacks, as this side sees it (see ``engine/loop/service.py``)."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sknnreg.engine.loop import service
from sknnreg.engine.problem import Problem, Result
from sknnreg.together.memory import data_bytes, on_disk
from sknnreg.together.trainers.share import Share, ShareOutcome

# Bytes of data that are sent to a process: networks with more do well in threads, uncopied.
MAX_SENT = 1 << 28


def sendable(problems: Sequence[Problem]) -> bool:
    """Whether the networks can train elsewhere: no hook ties them to here, and data are small."""
    for problem in problems:
        if problem.on_epoch_end or problem.score or on_disk(problem):
            return False
        if problem.augment and not getattr(problem.augment, "portable", False):
            return False
        if not problem.recipe.schedule.portable:
            return False
    return sum(map(data_bytes, problems)) <= MAX_SENT


class HelperProcess:
    """A process to train in; ``OSError`` where the system has none to give."""

    def __init__(self) -> None:
        if getattr(sys, "frozen", False) or not sys.executable:
            # Of a frozen application, the executable is the application.
            raise OSError("this Python does not know its own executable")
        self._answered = self._killed = False
        # Whether it has run tasks, and imported what these take.
        self.complete = False
        self._process = subprocess.Popen(
            # -P: the folder of the file is no place to import from.
            [sys.executable, "-P", service.__file__],
            # No buffers: a thread in the midst of one would hold its lock across a fork.
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What it has to say, it answers; what it cannot do is done here.
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the main process, which ends this one.
            start_new_session=os.name == "posix",
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        try:
            self._send(sys.path)
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it still answers; idle ones end by themselves."""
        return self._process.poll() is None

    @property
    def failure(self) -> str | None:
        """How it failed, if it ended in an error of its own without ever having answered."""
        code = self._process.poll()
        # Where a signal ended it, the code is below 0, or on Windows that of our own kill.
        if self._answered or self._killed or code is None or code <= 0:
            return None
        return f"{sys.executable} -P {service.__file__} ended with exit code {code}"

    def train(self, problems: Sequence[Problem]) -> list[Result]:
        """As the engine's ``train``; raises whatever keeps the process from it."""
        answered: list[Result] = self._ask(problems)
        return answered

    def run(self, share: Share) -> ShareOutcome:
        """Run tasks there; raises whatever keeps the process from it, not what they raise."""
        content = pickle.dumps(share, pickle.HIGHEST_PROTOCOL)
        if len(content) > MAX_SENT:
            raise ValueError("the tasks hold too much to be sent")
        outcome: ShareOutcome = self._ask(content)
        self.complete = True
        return outcome

    def _ask(self, request: object) -> Any:
        self._send(request)
        try:
            answer, error = self._receive()
        except BaseException:
            # Half an answer may be left, and must not be taken for the next one.
            self._wait_for_failure()
            self.kill()
            raise
        self._answered = True
        if error is not None:
            raise error
        return answer

    def _send(self, content: object) -> None:
        # All or nothing: what cannot be pickled must not leave half of itself in the pipe.
        unsent = memoryview(pickle.dumps(content, pickle.HIGHEST_PROTOCOL))
        assert self._process.stdin is not None
        while unsent:
            unsent = unsent[self._process.stdin.write(unsent) :]

    def _receive(self) -> tuple[Any, Exception | None]:
        reader = io.BufferedReader(self._process.stdout)  # type: ignore[type-var]  # raw: no buffer
        try:
            answer: tuple[Any, Exception | None] = pickle.load(reader)
            return answer
        finally:
            with suppress(ValueError):
                reader.detach()

    def _wait_for_failure(self) -> None:
        """Let it end by itself if it is about to, so that it can be told from a killed one."""
        if not self._answered and not self._killed:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)

    def kill(self) -> None:
        """End it, whatever it is doing; a thread that waits for its answer gets an ``EOFError``."""
        self._killed = self._killed or self.alive
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it and close the pipes, which no thread may be using."""
        self.kill()
        self._close_pipes()

    def leave_to_parent(self) -> None:
        """In a child process: let go of it. It is to end with the parent, not with this process."""
        self._close_pipes()
        # Or else Popen would look for its own child.
        self._process.returncode = 0

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
