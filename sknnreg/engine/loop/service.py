"""A process that trains stacks for another one, until its input ends.

Stacks in threads of one process wait for one another: small products for a lock within BLAS, small
operations for Python's own. ``sknnreg.together.trainers.helper_process`` starts this file by its
path, so that nothing but the engine is imported.
"""

from __future__ import annotations

import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

# Without work for so long, the process ends.
IDLE_SECONDS = 60.0


class Inbox(threading.Thread):
    """Reads requests as they come, also while networks train: only a reader sees the input end.

    The input ends when the process at its other end does, however that came to its end; what it
    asked for is then of no use to anyone, and ``at_end`` is called at once.
    """

    def __init__(self, requests: BinaryIO, at_end: Callable[[], object]) -> None:
        super().__init__(name="sknnreg requests", daemon=True)
        self._requests, self._at_end = requests, at_end
        self._read: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run(self) -> None:
        """Read until the input ends, or cannot be read."""
        error: BaseException | None = None
        while error is None:
            request = None
            try:
                request = pickle.load(self._requests)
            except BaseException as reason:
                error = reason
            if isinstance(error, EOFError):
                self._at_end()
            self._read.put((request, error))

    def next(self) -> Any:
        """The next request; ``EOFError`` if none comes, or what kept it from being read."""
        try:
            request, error = self._read.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            raise EOFError from None
        if error is not None:
            raise error
        return request


def serve(requests: BinaryIO, answers: BinaryIO, at_end: Callable[[], object]) -> None:
    """Lists of problems in, or pickles of what can ``run``; (answer, None) or (None, error) out."""
    from sknnreg.engine.loop.training import train

    inbox = Inbox(requests, at_end)
    inbox.start()
    while True:
        try:
            request = inbox.next()
        except EOFError:
            return
        except Exception as error:
            # Where the next request would start is not known.
            pickle.dump((None, error), answers)
            answers.flush()
            return
        try:
            result = _run_pickled(request) if isinstance(request, bytes) else train(request)
            answer = pickle.dumps((result, None))
        except Exception as error:
            answer = pickle.dumps((None, error))
        answers.write(answer)
        answers.flush()


def _run_pickled(content: bytes) -> Any:
    """What a pickle's ``run()`` returns, which may use the whole of the package."""
    name = Path(__file__).parents[2].name
    if getattr(sys.modules[name], "__spec__", None) is None:
        # What was imported without the package, such as its engine, is not imported again.
        rooms = [each for each in sys.modules if each.startswith(f"{name}.")]
        del sys.modules[name]
        package = importlib.import_module(name)
        for room in rooms:
            if room.count(".") == 1:
                setattr(package, room.rpartition(".")[2], sys.modules[room])
    return pickle.loads(content).run()


def import_engine_alone(package: Path) -> None:
    """Let ``sknnreg.engine`` be imported without what ``sknnreg`` itself imports."""
    module = types.ModuleType(package.name)
    module.__path__ = [str(package)]
    sys.modules[package.name] = module


def main() -> None:
    """Serve the process that started this one."""
    # Networks that an interrupt cut short would be taken for whole ones; who wants them ended
    # ends the process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_engine_alone(Path(__file__).parents[2])
    sys.path[:] = pickle.load(sys.stdin.buffer)
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(sys.stdin.buffer, answers, at_end=lambda: os._exit(0))
    # Python itself would wait for the thread that reads.
    os._exit(0)


if __name__ == "__main__":
    main()
