"""Turns: one task of a search runs at a time.

A task gives its turn away when it reaches ``fit``, when it waits for tasks of its own (a nested
search), and when it ends. Python runs one thread at a time anyway; turns make sure that tasks run
in the order of their dispatch, need not be safe against one another, and that what the waiting hold
is known before another starts.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sknnreg.together.meeting.current_task import acting_as, current_task
from sknnreg.together.meeting.pilot import Pilot
from sknnreg.together.meeting.tasks import Call, Cancelled, Parcel, Task
from sknnreg.together.meeting.waiting_fits import WaitingFits

# A turn that has lasted so many seconds no longer keeps others from theirs: it may be a long task
# that has nothing to do with us, or wait for a lock that a task without a turn holds. With each
# that goes on beside it, the next has to wait twice as long: long tasks are not to run all at once.
TURN_SECONDS = 2.0
MAX_DOUBLINGS = 6
# Python holds back a signal that comes just before its main thread waits, until it has waited.
SIGNAL_SECONDS = 0.1
# Tasks that have begun and not ended, each of which is a thread, whether it waits in ``fit``, for
# its turn, or for tasks of its own. Half of them may be in the outermost call, half of the rest in
# the tasks of these, and so on: otherwise none were left to those that are waited for.
MAX_THREADS = 1000


class Turns:
    """Gives turns to tasks; where no task can go on or start, to one that trains the ``fits``."""

    def __init__(self, fits: WaitingFits, lock: AbstractContextManager[Any]) -> None:
        self._fits, self._lock = fits, lock
        # Tasks that have a turn, and since when.
        self._since: dict[Task, float] = {}
        self._ready: deque[Task] = deque()
        # Tasks that have not had a turn yet, by level.
        self._new: defaultdict[int, deque[Task]] = defaultdict(deque)
        # Tasks whose threads have started and not ended.
        self._begun: set[Task] = set()

    @property
    def n_to_start(self) -> int:
        """How many tasks have not had a turn yet."""
        return sum(map(len, tuple(self._new.values())))

    def has(self, task: Task) -> bool:
        """Whether the task has a turn."""
        return task in self._since

    def holder(self) -> Task | None:
        """The task whose thread this is, if it has a turn."""
        task = current_task()
        return task if task is not None and self.has(task) else None

    def add(self, call: Call, work: Callable[[Task], bool], parcel: Parcel | None = None) -> None:
        """Queue a new task; it starts when a turn is given to it."""
        with self._lock:
            self._new[call.level].append(call.begin(work, parcel))

    def unstarted(self, call: Call) -> list[Task]:
        """The call's tasks that have not had a turn yet."""
        with self._lock:
            return [task for task in self._new[call.level] if task.call is call]

    def withdraw(self, call: Call, n_parts: int) -> list[Task]:
        """Take the last of these that could run elsewhere out of the queue: one part of so many."""
        with self._lock:
            tasks = [t for t in self.unstarted(call) if t.parcel and not t.parcel.stays()]
            tasks = tasks[len(tasks) - -(-len(tasks) // n_parts) :]
            for task in tasks:
                self._new[call.level].remove(task)
            return tasks

    def put_back(self, tasks: Sequence[Task]) -> None:
        """They are to run here after all."""
        for task in tasks:
            with self._lock:
                if task.cancelled:
                    task.call.end(task, failed=True)
                else:
                    self._new[task.call.level].append(task)
        self.advance()

    def end_elsewhere(self, task: Task, *, failed: bool) -> None:
        """A task that was withdrawn is over."""
        with self._lock:
            self._end(task, failed=failed)
        self.advance()

    def remove_new(self, call: Call) -> None:
        """Take the call's tasks that have not started out of the queue; they have failed."""
        with self._lock:
            for task in self.unstarted(call):
                self._new[call.level].remove(task)
                call.end(task, failed=True)

    def forget_unstarted(self, call: Call) -> None:
        """Take the turns back that an interrupt kept the call's tasks from starting with."""
        with self._lock:
            for task in call.tasks:
                if not task.entered:
                    self._since.pop(task, None)
                    self._begun.discard(task)

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
        while not call.idle.wait(min(TURN_SECONDS, SIGNAL_SECONDS)):
            self.advance()

    def advance(self) -> None:
        """Give turns to as many as may have one."""
        while True:
            with self._lock:
                now = time.monotonic()
                task = None if self._is_taken(now) else self._next()
                if task is None:
                    return
                self._since[task] = now
            # Without the lock: the new thread may run for a while before start() returns here.
            if task.started:
                task.gate.set()
            else:
                self._start(task)

    def _is_taken(self, now: float) -> bool:
        n_doublings = min(len(self._since) - 1, MAX_DOUBLINGS)
        return any(now - since < TURN_SECONDS * 2**n_doublings for since in self._since.values())

    def _next(self) -> Task | None:
        """The task that goes on, that starts, or that trains the fits: in this order."""
        while self._ready:
            task = self._ready.popleft()
            if not task.cancelled:
                return task
        if not self._fits.has_room():
            return self._fits.appoint_leader()
        return self._next_new() or self._fits.appoint_leader() or self._innermost_new()

    def _next_new(self) -> Task | None:
        """The next task that there may be a thread for; outer ones first, so that all meet."""
        for level in sorted(self._new):
            if self._new[level] and len(self._begun) < _max_threads(level):
                return self._new[level].popleft()
        return None

    def _innermost_new(self) -> Task | None:
        """Where all threads wait for tasks that have none: one of these, whatever their number."""
        levels = [level for level in self._new if self._new[level]]
        return None if self._since or not levels else self._new[max(levels)].popleft()

    def _start(self, task: Task) -> None:
        task.started = time.perf_counter()
        name = f"sknnreg task {task.label}"
        thread = threading.Thread(target=self._run, args=(task,), name=name, daemon=True)
        try:
            with self._lock:
                self._begun.add(task)
            task.call.threads.append(thread)
            thread.start()
        except RuntimeError:
            # The system has no more threads: these many tasks must do.
            with self._lock:
                task.call.threads.remove(thread)
                self._begun.discard(task)
                task.started = 0.0
                self._since.pop(task, None)
                self._new[task.call.level].appendleft(task)
                if not self._fits.limit_to_those_held():
                    raise

    def _run(self, task: Task) -> None:
        task.entered, failed = True, True
        task.call.filters.restore()
        task.pilot = Pilot() if task.is_pilot else None
        try:
            task.raise_if_cancelled()
            with acting_as(task):
                failed = not task.work(task)
        except Cancelled:
            pass
        finally:
            with self._lock:
                self._begun.discard(task)
                self._forget(task)
                self._end(task, failed=failed)
            self.advance()

    def _end(self, task: Task, *, failed: bool) -> None:
        task.call.end(task, failed=failed)
        if task.call.parent is not None:
            self._add_ready_if_idle(task.call.parent)

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


def _max_threads(level: int) -> int:
    """How many tasks may have begun for one more of this level to begin."""
    return MAX_THREADS - (MAX_THREADS >> (level + 1))
