"""The fits that wait for their networks: which task leads their training, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from sknnreg.engine.problem import Problem
from sknnreg.together.meeting.tasks import Task
from sknnreg.together.outcome import Outcome

# Tasks that may wait in ``fit`` at once: each is a thread.
MAX_WAITING = 500


@dataclass(eq=False)
class Fit:
    """A network that a task waits for, and the bytes that it holds."""

    task: Task
    problem: Problem
    n_bytes: int
    outcome: Outcome | None = None


class WaitingFits:
    """Fits that wait until no task can go on; then the first one's task leads their training.

    A fit is held until its task goes on: while it waits, trains, or has just been trained.
    """

    def __init__(self, max_memory: float, lock: AbstractContextManager[Any]) -> None:
        self._max_memory, self._max_held = max_memory, MAX_WAITING
        self._lock = lock
        self._waiting: list[Fit] = []
        # The fits that a task is to train at its next turn, or trains.
        self._led_by: dict[Task, list[Fit]] = {}
        self._n_held = self._bytes_held = 0

    @property
    def n_waiting(self) -> int:
        """How many networks would train if training began now."""
        return len(self._waiting)

    @contextmanager
    def holding(self, fit: Fit) -> Iterator[None]:
        """The fit waits, and what it holds counts during the body."""
        with self._lock:
            self._waiting.append(fit)
            self._n_held += 1
            self._bytes_held += fit.n_bytes
        try:
            yield
        finally:
            with self._lock:
                self._n_held -= 1
                self._bytes_held -= fit.n_bytes
                if fit in self._waiting:
                    self._waiting.remove(fit)

    def has_room(self) -> bool:
        """Whether another task may start, which will hold some memory and a thread."""
        return self._n_held < self._max_held and self._bytes_held < self._max_memory

    def limit_to_those_held(self) -> bool:
        """Hold no more than now; False if that is none, so that no task could ever go on."""
        if not self._n_held:
            return False
        self._max_held = self._n_held
        return True

    def appoint_leader(self) -> Task | None:
        """The task that is to train all fits that wait; None if there are none.

        Nor while others train: those that come meanwhile are to be many.
        """
        # A cancelled task may not have taken its fit back yet, but will not lead.
        self._waiting = [fit for fit in self._waiting if not fit.task.cancelled]
        if not self._waiting or self._led_by:
            return None
        leader = self._waiting[0].task
        self._led_by[leader], self._waiting = self._waiting, []
        return leader

    def led_by(self, task: Task) -> list[Fit]:
        """The fits that the task has to train now; none if it does not lead."""
        return self._led_by.get(task, [])

    def end_training(self, task: Task) -> None:
        """The fits that the task led have been trained."""
        self._led_by.pop(task, None)

    def replace_leader(self, task: Task) -> None:
        """The task trains nothing any more: the fits it should have trained wait again."""
        self._waiting += self._led_by.pop(task, [])
