"""Helper processes that are idle: the next search finds them ready."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
import weakref
from contextlib import suppress

from sknnreg.together.trainers.helper_process import HelperProcess


class ProcessPool:
    """Helper processes without work; a trainer takes one, and gives it back.

    Where one cannot work, as a broken installation does not let it, none is started any more.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._idle: list[HelperProcess] = []
        self._all: weakref.WeakSet[HelperProcess] = weakref.WeakSet()
        self._failure: str | None = None
        self._told = False
        atexit.register(self.close)

    def prepare(self, n_processes: int) -> None:
        """Start processes until so many are idle, as far as the system allows."""
        with self._lock, suppress(OSError, ValueError):
            self._drop_dead()
            while self._failure is None and len(self._idle) < n_processes:
                process = HelperProcess()
                self._idle.append(process)
                self._all.add(process)

    @property
    def has_complete(self) -> bool:
        """Whether one is idle that has run tasks before."""
        with self._lock:
            return any(process.complete and process.alive for process in self._idle)

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

    def tell_if_broken(self) -> None:
        """Warn, once, if processes cannot work."""
        if self._failure is not None and not self._told:
            self._told = True
            warnings.warn(
                "fit_together() trains in this process alone, on one core at a time for the most "
                f"part, as its helper processes cannot work: {self._failure}. Run that command to "
                "see why; fit_together(n_jobs=1) asks for no helpers.",
                RuntimeWarning,
                stacklevel=2,
            )

    def close(self) -> None:
        """End them all."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def leave_to_parent(self) -> None:
        """In a child process: start with none. An end of a pipe kept here would keep them alive."""
        self._lock = threading.RLock()
        for process in self._all:
            process.leave_to_parent()
        self._idle, self._all = [], weakref.WeakSet()

    def _drop_dead(self) -> None:
        for process in self._idle:
            if not process.alive:
                process.close()
                self._failure = self._failure or process.failure
        self._idle = [process for process in self._idle if process.alive]


POOL = ProcessPool()

if hasattr(os, "register_at_fork"):
    # No child is to find the lock taken, or a process half started.
    os.register_at_fork(
        before=lambda: POOL._lock.acquire(),
        after_in_parent=lambda: POOL._lock.release(),
        after_in_child=POOL.leave_to_parent,
    )
