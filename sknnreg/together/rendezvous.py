"""Where fits meet: tasks take turns until all of them wait in ``fit``; then their networks train.

One task runs at a time. It gives its turn away when it reaches ``fit``, when it waits for tasks of
its own (a nested search), and when it ends. When nobody is left to run, the networks that wait are
trained together, and each task goes on with its own result. Python runs one thread at a time
anyway; turns make sure that tasks run in the order of their dispatch, need not be safe against one
another, and that what the waiting hold is known before another starts.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from sknnreg.engine.loop.training import train
from sknnreg.engine.problem import Problem, Result
from sknnreg.together.hooks import carry_hooks
from sknnreg.together.stacks import footprint
from sknnreg.together.tasks import (
    Call,
    Cancelled,
    Fit,
    Halt,
    Outcome,
    Task,
    WarningFilters,
    current_task,
    set_current_task,
)

# A turn that has lasted so many seconds no longer keeps others from theirs: it may be a long task
# that has nothing to do with us, or wait for a lock that a task without a turn holds.
PATIENCE = 2.0
# Tasks that may wait in ``fit`` at once: each is a thread.
MAX_WAITING = 500
# How long to wait for cancelled tasks: those in somebody else's code end when that returns.
FAREWELL = 0.5


class Trainer(Protocol):
    """What trains the networks that have met."""

    def train(self, problems: Sequence[Problem], halt: Halt) -> list[Outcome]:
        """An outcome for each; ends early, with any outcomes, once ``halt`` is set."""

    def foresee(self, problem: Problem, n_like_it: int) -> None:
        """Get ready for about so many networks like this one."""


def train_together(problem: Problem) -> Result:
    """Train a network: with those of the other tasks in a search under ``fit_together``, or alone.

    Raises what its training raises, in the thread that asked.
    """
    task = current_task()
    return train([problem])[0] if task is None else task.call.rendezvous.train(task, problem)


def _as_ones_own(error: Exception) -> Exception:
    """An error for one of several tasks: each adds its own frames to its traceback."""
    own = RuntimeError(f"training together failed: {type(error).__name__}: {error}")
    own.__cause__ = error
    return own


class Rendezvous:
    """Turns for tasks, and a training pass whenever none can be given."""

    def __init__(self, trainer: Trainer, max_memory: float) -> None:
        self.trainer = trainer
        self._max_memory, self._max_waiting = max_memory, MAX_WAITING
        self._lock, self._hooks = threading.RLock(), threading.RLock()
        # Who has a turn, and since when.
        self._turns: dict[Task, float] = {}
        self._ready: deque[Task] = deque()
        self._new: deque[Task] = deque()
        self._fits: list[Fit] = []
        # Whose turn it is to train which networks, and the networks that train now.
        self._leading: dict[Task, list[Fit]] = {}
        self._training: dict[Halt, list[Fit]] = {}
        # Networks that wait, train or were just trained, and the bytes they hold.
        self._n_held = self._bytes_held = 0

    def submit(self, call: Call, work: Callable[[Task], bool]) -> None:
        """Queue a task; it starts when somebody gives it a turn."""
        with self._lock:
            self._new.append(call.begin(work))

    @contextmanager
    def waiting_for(self, call: Call, *, until_idle: bool) -> Iterator[None]:
        """Let the call's tasks run while who asks has no turn.

        With ``until_idle`` the body starts, with a turn, once they have ended or one has failed.
        """
        with self._without_turn(current_task(), call, until_idle=until_idle) as has_turn_to_come:
            while until_idle and not has_turn_to_come and not call.idle.wait(PATIENCE):
                self._advance()
            if not until_idle:
                yield
        if until_idle:
            yield

    def train(self, task: Task, problem: Problem) -> Result:
        """Wait for the others, and for the networks of all to be trained."""
        task.go_on()
        if task not in self._turns:
            # It is waiting for tasks of its own and fits by the way: nobody counts on that.
            return train([problem])[0]
        fit = Fit(task, carry_hooks(problem, self._hooks), footprint(problem))
        self.trainer.foresee(problem, 1 + len(self._fits) + len(self._new))
        with self._lock:
            self._fits.append(fit)
            self._n_held += 1
            self._bytes_held += fit.size
        try:
            with self._without_turn(task):
                pass
            if task in self._leading:
                self._lead(task)
        finally:
            with self._lock:
                self._n_held -= 1
                self._bytes_held -= fit.size
                if fit in self._fits:
                    self._fits.remove(fit)
        assert fit.outcome is not None
        task.elsewhere += fit.outcome.seconds
        return fit.outcome.unwrap()

    def cancel(self, call: Call) -> None:
        """End the call's tasks: those that wait at once, others when they next would."""
        with self._lock:
            for task in [task for task in self._new if task.call is call]:
                self._new.remove(task)
                call.end(task, failed=True)
            for task in call.tasks:
                task.cancel()
            for halt, fits in self._training.items():
                if all(fit.task.cancelled for fit in fits):
                    halt.set()

    def part(self, call: Call) -> None:
        """See the call's threads off; not for long those that are in somebody else's code."""
        latest = time.monotonic() + FAREWELL
        for thread in call.threads:
            thread.join(max(0.0, latest - time.monotonic()))
        call.threads.clear()

    @contextmanager
    def _without_turn(
        self, task: Task | None, call: Call | None = None, *, until_idle: bool = False
    ) -> Iterator[bool]:
        """Give the turn away, and wait for another one behind the body, if it had one."""
        filters, began = WarningFilters(), time.perf_counter()
        with self._lock:
            if task is not None and self._turns.pop(task, None) is None:
                task = None  # it has none to give, nor wants one back
            if task is not None and until_idle:
                task.waits_for = call
                self._ready_if_idle(task)
        self._advance()
        try:
            yield task is not None
            if task is not None:
                self._await_turn(task, queue=call is not None and not until_idle)
        finally:
            if task is not None:
                task.suspended += time.perf_counter() - began
                task.elsewhere += 0.0 if call is None else call.cost
            if task is not None or until_idle:
                # Who read results meanwhile may have set others.
                filters.restore()

    def _ready_if_idle(self, task: Task) -> None:
        # At once, not when its thread wakes up: others would train without its networks.
        if task.waits_for is not None and task.waits_for.idle.is_set():
            task.waits_for = None
            self._ready.append(task)

    def _await_turn(self, task: Task, *, queue: bool) -> None:
        if queue:
            with self._lock:
                self._ready.append(task)
            self._advance()
        while not task.gate.wait(PATIENCE):
            self._advance()
        task.gate.clear()
        if task.cancelled:
            with self._lock:
                self._resign(task)
            raise Cancelled

    def _resign(self, task: Task) -> None:
        """Nobody waits for this task any more, in whatever part."""
        self._turns.pop(task, None)
        self._fits += self._leading.pop(task, [])
        task.waits_for = None

    def _lead(self, task: Task) -> None:
        """Train all networks that wait; their tasks go on as turns come."""
        halt = Halt()
        with self._lock:
            fits = self._training[halt] = self._leading.pop(task)
        began = time.perf_counter()
        set_current_task(None)  # hooks that fit do it alone: nobody is left to meet
        try:
            outcomes = self.trainer.train([fit.problem for fit in fits], halt)
        except Exception as error:
            outcomes = [Outcome(None, _as_ones_own(error)) for _ in fits]
        finally:
            set_current_task(task)
            task.suspended += time.perf_counter() - began
        with self._lock:
            del self._training[halt]
            for fit, outcome in zip(fits, outcomes, strict=True):
                fit.outcome = outcome
                if fit.task is not task and not fit.task.cancelled:
                    self._ready.append(fit.task)
        task.go_on()

    def _advance(self) -> None:
        """Give turns to as many as may have one."""
        while True:
            with self._lock:
                now = time.monotonic()
                taken = any(now - since < PATIENCE for since in self._turns.values())
                task = None if taken else self._next()
                if task is None:
                    return
                self._turns[task] = now
            # Without the lock: the new thread may run for a while before start() returns here.
            if task.started:
                task.gate.set()
            else:
                self._start(task)

    def _next(self) -> Task | None:
        """Who goes on, who starts, or who trains what waits: in this order."""
        while self._ready:
            task = self._ready.popleft()
            if not task.cancelled:
                return task
        room = self._n_held < self._max_waiting and self._bytes_held < self._max_memory
        if self._new and room:
            return self._new.popleft()
        # Whoever was cancelled may not have taken its network back yet, but will not lead.
        self._fits = [fit for fit in self._fits if not fit.task.cancelled]
        if not self._fits:
            return None
        leader = self._fits[0].task
        self._leading[leader], self._fits = self._fits, []
        return leader

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
                self._turns.pop(task, None)
                self._new.appendleft(task)
                if not self._n_held:
                    raise
                self._max_waiting = self._n_held

    def _run(self, task: Task) -> None:
        set_current_task(task)
        task.call.filters.restore()
        failed = True
        try:
            failed = not task.work(task)
        except Cancelled:
            pass
        finally:
            with self._lock:
                self._resign(task)
                task.call.end(task, failed=failed)
                if task.call.parent is not None:
                    self._ready_if_idle(task.call.parent)
            self._advance()
