"""The tasks of a search, and the calls of ``joblib.Parallel`` that dispatched them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sknnreg.engine.problem import Problem, Result
from sknnreg.together.meeting.pilot import Pilot
from sknnreg.together.warning_filters import WarningFilters


class Cancelled(BaseException):
    """Ends the thread of a task whose search is over; no ``except Exception`` stops it."""


class Meeting(Protocol):
    """Where the networks of a call's tasks train (``Rendezvous``)."""

    def train(self, task: Task, problem: Problem) -> Result:
        """Train the task's network with those of others."""


@dataclass(frozen=True)
class Parcel:
    """What a task is made of, to be run anywhere, and where its results are to go.

    ``stays`` says whether it has to be run here after all.
    """

    items: Sequence[Any]
    deliver: Callable[[list[Any], BaseException | None], None]
    stays: Callable[[], bool]


class Call:
    """One call of ``joblib.Parallel``: the tasks it dispatched, and the task it was made in.

    ``idle`` is set while no task is pending or one has failed; ``cost`` is what the ended ones
    took, in seconds; ``level`` is 0 outside of all tasks, 1 in a task, 2 in a task's task.
    ``pilot`` is the number of the task by which it is seen what such tasks take before they come
    to their network: not the first, which often imports and starts things.
    """

    pilot = 2

    def __init__(self, meeting: Meeting, parent: Task | None) -> None:
        self.meeting, self.parent = meeting, parent
        self.tasks: set[Task] = set()
        self.threads: list[threading.Thread] = []
        self.failed = False
        self.cost = 0.0
        self.idle = threading.Event()
        self.idle.set()
        self.filters = WarningFilters()
        self.level: int = 0 if parent is None else parent.call.level + 1
        self._label = "" if parent is None else f"{parent.label}."
        self._n_dispatched = 0
        # Seconds that a task takes around its training, once known to pay elsewhere as well.
        self.seconds_each = 0.0
        # Whether tasks are being handed over now, and what came of those that were.
        self.shared = False
        self.outcomes_elsewhere: list[Any] = []

    def begin(self, work: Callable[[Task], bool], parcel: Parcel | None) -> Task:
        """A new task of this call; ``work`` says whether it went well."""
        self._n_dispatched += 1
        task = Task(self, work, f"{self._label}{self._n_dispatched}", parcel)
        task.is_pilot = self._n_dispatched == self.pilot
        self.tasks.add(task)
        if not self.failed:
            self.idle.clear()
        return task

    def end(self, task: Task, *, failed: bool) -> None:
        """Account for a task that is over."""
        self.tasks.discard(task)
        self.cost += task.cost()
        self.failed = self.failed or failed
        if self.failed or not self.tasks:
            self.idle.set()


@dataclass(eq=False)
class Task:
    """One task and its thread, which runs only while it has a turn (see ``Turns``).

    Both in seconds: ``paused`` is how long it had no turn; ``elsewhere`` what was done for it in
    that time, in the stacks its networks trained in and in its own tasks.
    """

    call: Call
    work: Callable[[Task], bool]
    label: str
    # None where it has to run here.
    parcel: Parcel | None = None
    # What it is like, where it is the one to look at.
    is_pilot: bool = False
    pilot: Pilot | None = None
    # Whether its thread has come so far as to end by itself.
    entered: bool = False
    cancelled: bool = False
    # Its own call that has to be idle before it wants a turn.
    waits_for: Call | None = None
    started: float = 0.0
    paused: float = 0.0
    elsewhere: float = 0.0
    # Open once the task has a turn.
    gate: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def pause(self, call: Call | None = None) -> Iterator[None]:
        """Around all that happens while it has no turn, such as waiting for a call of its own."""
        filters, began = WarningFilters(), time.perf_counter()
        try:
            yield
        finally:
            self.paused += time.perf_counter() - began
            self.elsewhere += 0.0 if call is None else call.cost
            # Other tasks, or the body, may have set others.
            filters.restore()

    def time_correction(self) -> float:
        """Seconds to add to a time that was taken within the task."""
        return self.elsewhere - self.paused

    def cost(self) -> float:
        """What the task has taken so far, in seconds of a machine to itself."""
        if not self.started:
            return self.elsewhere
        return max(0.0, time.perf_counter() - self.started + self.time_correction())

    def cancel(self) -> None:
        """Let it end when it next waits."""
        self.cancelled = True
        self.gate.set()

    def raise_if_cancelled(self) -> None:
        """Raise ``Cancelled`` if its results are no longer wanted."""
        if self.cancelled:
            raise Cancelled
