"""The task by which it is seen what a call's tasks are like."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np

# What other threads and processes may do for a task, in parts of its own work and of its time: of
# tasks that have the other cores at work already, several would be in one another's way.
OTHERS_WORK, OTHERS_TIME = 0.1, 0.5


class Pilot:
    """What a task does from its start, when this is made, to its first network.

    By the processor's time of its thread: the clock also counts what happens beside it.
    """

    def __init__(self) -> None:
        self._own, self._all = time.thread_time(), time.process_time()
        self._began, self._chance = time.perf_counter(), _chance()

    def seconds_alone(self) -> float:
        """How long it worked, if by itself; 0 if others worked for it.

        0, too, if it drew from a generator that all tasks have in common.
        """
        own, all_threads = time.thread_time() - self._own, time.process_time() - self._all
        seconds = time.perf_counter() - self._began
        alone = all_threads - own <= OTHERS_WORK * own and own >= OTHERS_TIME * seconds
        return own if alone and self._chance == _chance() else 0.0


def _chance() -> Any:
    """Where Python's and NumPy's global generators are."""
    shared: Any = np.random.get_state()  # noqa: NPY002  # the one that others may have used
    _, keys, *rest = shared
    return random.getstate(), keys.tobytes(), rest
