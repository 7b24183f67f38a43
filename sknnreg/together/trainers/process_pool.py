"""Helper processes that are idle: the next search finds them ready."""

from __future__ import annotations

import atexit
import threading
from contextlib import suppress

from sknnreg.together.trainers.helper_process import HelperProcess


class ProcessPool:
    """Helper processes without work; a trainer takes one, and gives it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[HelperProcess] = []
        atexit.register(self.close)

    def prepare(self, n_processes: int) -> None:
        """Start processes until so many are idle, as far as the system allows."""
        with self._lock, suppress(OSError, ValueError):
            self._drop_dead()
            while len(self._idle) < n_processes:
                self._idle.append(HelperProcess())

    def take(self) -> HelperProcess | None:
        """A process for one trainer alone until it is given back; None if there can be none."""
        self.prepare(1)
        with self._lock:
            return self._idle.pop() if self._idle else None

    def give_back(self, process: HelperProcess | None) -> None:
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


POOL = ProcessPool()
