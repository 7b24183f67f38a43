"""The task by which it is seen what a call's tasks are like."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np

# Tasks that use more processor time than time itself have the other cores at work already.
ALONE = 1.3


class Pilot:
    """What a task does from its start, when this is made, to its first network."""

    def __init__(self) -> None:
        self._cpu, self._began = time.process_time(), time.perf_counter()
        self._chance = _chance()

    def runs_alone(self) -> bool:
        """Whether it used one core, and drew from no generator that all tasks have in common."""
        cpu, seconds = time.process_time() - self._cpu, time.perf_counter() - self._began
        return cpu < ALONE * seconds and self._chance == _chance()


def _chance() -> Any:
    """Where Python's and NumPy's global generators are."""
    shared: Any = np.random.get_state()  # noqa: NPY002  # the one that others may have used
    _, keys, *rest = shared
    return random.getstate(), keys.tobytes(), rest
