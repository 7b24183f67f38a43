"""Which task a thread belongs to."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sknnreg.together.meeting.tasks import Task


class _Current(threading.local):
    task: Task | None = None


_current = _Current()


def current_task() -> Task | None:
    """The task whose thread this is; None outside of all tasks."""
    return _current.task


@contextmanager
def acting_as(task: Task | None) -> Iterator[None]:
    """During the body, this thread is the task's, or none's."""
    before, _current.task = _current.task, task
    try:
        yield
    finally:
        _current.task = before


def current_label() -> str:
    """The task's number within its search, "2.7" in a nested one; empty outside of all."""
    return "" if _current.task is None else _current.task.label


def _leave_task() -> None:
    """In a child process: the task is the parent's, and so are the others it would meet."""
    _current.task = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_task)
