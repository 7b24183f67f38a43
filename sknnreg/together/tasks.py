"""Who takes part: the tasks of a search, the calls that dispatched them, and what is theirs."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sknnreg.engine.problem import Problem, Result

if TYPE_CHECKING:
    from sknnreg.together.rendezvous import Rendezvous

# What ``warnings.catch_warnings`` saves and puts back, not knowing of threads.
_WARNING_STATE = ("filters", "showwarning", "_showwarnmsg_impl")


class Cancelled(BaseException):
    """Ends the thread of a task whose search is over; no ``except Exception`` stops it."""


class Halt(threading.Event):
    """Asks trainings to end: those in loops of ours look, others are ended by an action."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._actions: list[Callable[[], None]] = []

    def set(self) -> None:
        """Ask, and take the actions."""
        with self._guard:
            super().set()
            for action in self._actions:
                action()

    @contextmanager
    def ended_by(self, action: Callable[[], None]) -> Iterator[None]:
        """Take this action if the end is asked for during the body, or has been before."""
        with self._guard:
            self._actions.append(action)
            if self.is_set():
                action()
        try:
            yield
        finally:
            with self._guard:
                self._actions.remove(action)


class WarningFilters:
    """A thread's share of the process' warning filters, as they were when it last ran.

    ``warnings.catch_warnings`` belongs to the process: threads that enter and leave it in turn
    would leave one another's filters behind. So each takes its own along.
    """

    def __init__(self) -> None:
        self._state = {name: getattr(warnings, name) for name in _WARNING_STATE}

    def restore(self) -> None:
        """Make them the process' again."""
        for name, value in self._state.items():
            setattr(warnings, name, value)
        _forget_what_was_shown()


def _forget_what_was_shown() -> None:
    """What was shown under other filters may be shown again, as after ``catch_warnings``."""
    mutated = getattr(warnings, "_filters_mutated", None)
    if mutated is not None:
        mutated()
        return
    with warnings.catch_warnings():  # from Python 3.14 on
        pass


class Call:
    """One call of ``joblib.Parallel``: the tasks it dispatched, and who waits for them.

    ``idle`` is set while no task is pending or one has failed; ``cost`` is what the ended ones
    took, in seconds.
    """

    def __init__(self, rendezvous: Rendezvous, parent: Task | None) -> None:
        self.rendezvous, self.parent = rendezvous, parent
        self.tasks: set[Task] = set()
        self.threads: list[threading.Thread] = []
        self.failed = False
        self.cost = 0.0
        self.idle = threading.Event()
        self.idle.set()
        self.filters = WarningFilters()
        self._label = "" if parent is None else f"{parent.label}."
        self._dispatched = 0

    def begin(self, work: Callable[[Task], bool]) -> Task:
        """A new task of this call; ``work`` says whether it went well."""
        self._dispatched += 1
        task = Task(self, work, f"{self._label}{self._dispatched}")
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
    """One task and its thread, which runs only while it has a turn (see ``Rendezvous``).

    ``suspended`` is for how many seconds it had none; ``elsewhere`` what others did for it in that
    time, in seconds: its share of the stacks its networks trained in, and its own tasks' cost.
    """

    call: Call
    work: Callable[[Task], bool]
    label: str
    cancelled: bool = False
    waits_for: Call | None = None
    started: float = 0.0
    suspended: float = 0.0
    elsewhere: float = 0.0
    # Open once the task has a turn.
    gate: threading.Event = field(default_factory=threading.Event)

    def correction(self) -> float:
        """Seconds to add to a time that was taken within the task."""
        return self.elsewhere - self.suspended

    def cost(self) -> float:
        """What the task has taken so far, in seconds of a machine to itself."""
        if not self.started:
            return 0.0
        return max(0.0, time.perf_counter() - self.started + self.correction())

    def cancel(self) -> None:
        """Let it end when it next waits."""
        self.cancelled = True
        self.gate.set()

    def go_on(self) -> None:
        """Raise ``Cancelled`` if nobody wants it any more."""
        if self.cancelled:
            raise Cancelled


@dataclass(frozen=True)
class Outcome:
    """What became of a problem, and its share of the time its stack took, in seconds."""

    result: Result | None
    error: BaseException | None = None
    seconds: float = 0.0

    def unwrap(self) -> Result:
        """The result, or raise the error."""
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


@dataclass(eq=False)
class Fit:
    """A network that a task waits for, ``size`` the bytes it holds."""

    task: Task
    problem: Problem
    size: int
    outcome: Outcome | None = None


class _Current(threading.local):
    task: Task | None = None


_current = _Current()


def current_task() -> Task | None:
    """The task whose thread this is, if it takes part in anything."""
    return _current.task


def set_current_task(task: Task | None) -> None:
    """Say whose thread this is."""
    _current.task = task


def current_label() -> str:
    """The task's number within its search, "2.7" in a nested one; empty outside of all."""
    return "" if _current.task is None else _current.task.label
