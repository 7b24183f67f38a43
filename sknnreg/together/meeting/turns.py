"""Turns: one task of a search runs at a time.

A task gives its turn away when it reaches ``fit``, when it waits for tasks of its own (a nested
search), and when it ends. Python runs one thread at a time anyway; turns make sure that tasks run
in the order of their dispatch, need not be safe against one another, and that what the waiting hold
is known before another starts.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sknnreg.together.meeting.current_task import acting_as, current_task
from sknnreg.together.meeting.tasks import Call, Cancelled, Task
from sknnreg.together.meeting.waiting_fits import WaitingFits

# A turn that has lasted so many seconds no longer keeps others from theirs: it may be a long task
# that has nothing to do with us, or wait for a lock that a task without a turn holds.
TURN_SECONDS = 2.0


class Turns:
    """Gives turns to tasks; where no task can go on or start, to one that trains the ``fits``."""

    def __init__(self, fits: WaitingFits, lock: AbstractContextManager[Any]) -> None:
        self._fits, self._lock = fits, lock
        # Tasks that have a turn, and since when.
        self._since: dict[Task, float] = {}
        self._ready: deque[Task] = deque()
        self._new: deque[Task] = deque()

    @property
    def n_to_start(self) -> int:
        """How many tasks have not had a turn yet."""
        return len(self._new)

    def has(self, task: Task) -> bool:
        """Whether the task has a turn."""
        return task in self._since

    def holder(self) -> Task | None:
        """The task whose thread this is, if it has a turn."""
        task = current_task()
        return task if task is not None and self.has(task) else None

    def add(self, call: Call, work: Callable[[Task], bool]) -> None:
        """Queue a new task; it starts when a turn is given to it."""
        with self._lock:
            self._new.append(call.begin(work))

    def remove_new(self, call: Call) -> None:
        """Take the call's tasks that have not started out of the queue; they have failed."""
        with self._lock:
            for task in [task for task in self._new if task.call is call]:
                self._new.remove(task)
                call.end(task, failed=True)

    def add_ready(self, task: Task) -> None:
        """The task can go on: it gets a turn before tasks that have not started."""
        with self._lock:
            self._ready.append(task)

    def give_away(self, task: Task, *, until_idle: Call | None = None) -> None:
        """The task's turn is the next one's; once the call is idle, it wants another."""
        with self._lock:
            del self._since[task]
            task.waits_for = until_idle
            self._add_ready_if_idle(task)
        self.advance()

    def wait_for_turn(self, task: Task) -> None:
        """Until the task has a turn; raise ``Cancelled`` if it is to end instead."""
        while not task.gate.wait(TURN_SECONDS):
            self.advance()
        task.gate.clear()
        if task.cancelled:
            with self._lock:
                self._forget(task)
            raise Cancelled

    def wait_until_idle(self, call: Call) -> None:
        """Until the call is idle, in a thread that needs no turn."""
        self.advance()
        while not call.idle.wait(TURN_SECONDS):
            self.advance()

    def advance(self) -> None:
        """Give turns to as many as may have one."""
        while True:
            with self._lock:
                now = time.monotonic()
                taken = any(now - since < TURN_SECONDS for since in self._since.values())
                task = None if taken else self._next()
                if task is None:
                    return
                self._since[task] = now
            # Without the lock: the new thread may run for a while before start() returns here.
            if task.started:
                task.gate.set()
            else:
                self._start(task)

    def _next(self) -> Task | None:
        """The task that goes on, that starts, or that trains the fits: in this order."""
        while self._ready:
            task = self._ready.popleft()
            if not task.cancelled:
                return task
        if self._new and self._fits.has_room():
            return self._new.popleft()
        return self._fits.appoint_leader()

    def _start(self, task: Task) -> None:
        task.started = time.perf_counter()
        name = f"sknnreg task {task.label}"
        thread = threading.Thread(target=self._run, args=(task,), name=name, daemon=True)
        try:
            thread.start()
            task.call.threads.append(thread)
        except RuntimeError:
            # The system has no more threads: these many tasks must do.
            with self._lock:
                task.started = 0.0
                self._since.pop(task, None)
                self._new.appendleft(task)
                if not self._fits.limit_to_those_held():
                    raise

    def _run(self, task: Task) -> None:
        task.call.filters.restore()
        failed = True
        try:
            with acting_as(task):
                failed = not task.work(task)
        except Cancelled:
            pass
        finally:
            with self._lock:
                self._forget(task)
                task.call.end(task, failed=failed)
                if task.call.parent is not None:
                    self._add_ready_if_idle(task.call.parent)
            self.advance()

    def _add_ready_if_idle(self, task: Task) -> None:
        # At once, not when its thread wakes up: others would train without its networks.
        if task.waits_for is not None and task.waits_for.idle.is_set():
            task.waits_for = None
            self._ready.append(task)

    def _forget(self, task: Task) -> None:
        """The task has no turn, leads no training and waits for no call any more."""
        self._since.pop(task, None)
        self._fits.replace_leader(task)
        task.waits_for = None
