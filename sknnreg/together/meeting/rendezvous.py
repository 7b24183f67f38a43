"""Where fits meet: tasks take turns until all of them wait in ``fit``; then their networks train.

When no task is left to give a turn to, the networks that wait are trained together, and each task
goes on with its own result.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from sknnreg.engine.loop.training import train
from sknnreg.engine.problem import Problem, Result
from sknnreg.together.halt import Halt
from sknnreg.together.hooks import with_thread_settings
from sknnreg.together.meeting import turns
from sknnreg.together.meeting.current_task import acting_as, current_task
from sknnreg.together.meeting.sharing import Elsewhere, Sharing
from sknnreg.together.meeting.tasks import Call, Parcel, Task
from sknnreg.together.meeting.turns import Turns
from sknnreg.together.meeting.waiting_fits import Fit, WaitingFits
from sknnreg.together.memory import footprint
from sknnreg.together.outcome import Deliver, Outcome
from sknnreg.together.warning_filters import WarningFilters

# Seconds to wait for cancelled tasks: those in a user's code end when that returns.
JOIN_SECONDS = 0.2


class Trainer(Elsewhere, Protocol):
    """What trains the networks that have met, and may run tasks in other processes."""

    def prepare(self, problem: Problem, n_networks: int) -> None:
        """Get ready for about so many networks like this one."""

    def train(self, problems: Sequence[Problem], halt: Halt, deliver: Deliver) -> list[Outcome]:
        """An outcome for each; ends early, with any outcomes, once ``halt`` is set.

        Those that are found before others can be delivered at once.
        """


def train_together(problem: Problem) -> Result:
    """Train a network: with those of the other tasks in a search under ``fit_together``, or alone.

    Raises what its training raises, in the thread that asked.
    """
    task = current_task()
    return train([problem])[0] if task is None else task.call.meeting.train(task, problem)


class Rendezvous:
    """Turns for tasks, and a training pass whenever none can be given."""

    def __init__(self, trainer: Trainer, max_memory: float) -> None:
        self.trainer = trainer
        # The process whose threads the tasks are: a child that is forked off has none of them.
        self.pid = os.getpid()
        self._max_memory = max_memory
        self._lock, self._hook_lock = threading.RLock(), threading.RLock()
        self._fits = WaitingFits(max_memory, self._lock)
        self._turns = Turns(self._fits, self._lock)
        self._sharing = Sharing(self._turns, trainer, max_memory)
        # The networks that train now.
        self._training: dict[Halt, list[Fit]] = {}

    def anew(self) -> Rendezvous:
        """Another one like this, without any tasks."""
        return Rendezvous(self.trainer, self._max_memory)

    def submit(
        self, call: Call, work: Callable[[Task], bool], parcel: Parcel | None = None
    ) -> None:
        """Queue a task of the call; ``work`` says whether it went well.

        Where there is a ``parcel``, it may run in another process instead.
        """
        self._turns.add(call, work, parcel)

    def wait_until_idle(self, call: Call) -> None:
        """Let the call's tasks run until all have ended or one has failed."""
        task = self._turns.holder()
        if task is not None:
            with task.pause(call):
                self._turns.give_away(task, until_idle=call)
                self._turns.wait_for_turn(task)
            return
        filters = WarningFilters()
        try:
            self._turns.wait_until_idle(call)
        finally:
            filters.restore()

    @contextmanager
    def reading_results(self, call: Call) -> Iterator[None]:
        """Let the call's tasks run during the body, which reads their results as they come."""
        task = self._turns.holder()
        if task is None:
            self._turns.advance()
            yield
            return
        with task.pause(call):
            self._turns.give_away(task)
            try:
                yield
            except BaseException:
                self.cancel(call)
                raise
            finally:
                self._turns.add_ready(task)
                self._turns.advance()
                self._turns.wait_for_turn(task)

    def train(self, task: Task, problem: Problem) -> Result:
        """Wait for the others, and for the networks of all to be trained."""
        task.raise_if_cancelled()
        if not self._turns.has(task):
            # It reads the results of tasks of its own and fits by the way: no other waits for it.
            return train([problem])[0]
        self._sharing.consider(task, problem)
        own = with_thread_settings(problem, self._hook_lock)
        fit = Fit(task, own, footprint(problem))
        self.trainer.prepare(problem, 1 + self._fits.n_waiting + self._turns.n_to_start)
        with self._fits.holding(fit):
            with task.pause():
                self._turns.give_away(task)
                self._turns.wait_for_turn(task)
            self._lead(task)
        assert fit.outcome is not None
        task.elsewhere += fit.outcome.seconds
        return fit.outcome.unwrap()

    def cancel(self, call: Call) -> None:
        """End the call's tasks: those that wait at once, others when they next would."""
        with self._lock:
            self._turns.remove_new(call)
            self._turns.forget_unstarted(call)
            for task in call.tasks:
                task.cancel()
            self._halt_if_cancelled()
        self._sharing.cancel(call)

    def join(self, call: Call) -> None:
        """Wait for the call's threads to end; not for long, as some may be in a user's code."""
        latest = time.monotonic() + JOIN_SECONDS
        for thread in call.threads:
            if thread.ident is not None:
                thread.join(max(0.0, latest - time.monotonic()))
        call.threads.clear()

    def _halt_if_cancelled(self) -> None:
        """End the training of networks that no task waits for any longer."""
        for halt, fits in self._training.items():
            if all(fit.task.cancelled or fit.outcome is not None for fit in fits):
                halt.set()

    def _lead(self, task: Task) -> None:
        """If the task leads, train all networks that wait; their tasks go on as turns come."""
        halt = Halt()
        with self._lock:
            fits = self._fits.led_by(task)
            if not fits:
                return
            self._training[halt] = fits
            # Cancelled before this was entered, it would not be told.
            self._halt_if_cancelled()
        try:
            self._hand_out(task, fits, self._train(task, fits, halt))
        finally:
            with self._lock:
                self._fits.end_training(task)
                del self._training[halt]
        task.raise_if_cancelled()

    def _hand_out(self, leader: Task, fits: Sequence[Fit], outcomes: Sequence[Outcome]) -> None:
        """Let the tasks of these fits go on, each with its outcome; the leader does by itself."""
        with self._lock:
            for fit, outcome in zip(fits, outcomes, strict=True):
                if fit.outcome is None:
                    fit.outcome = outcome
                    if fit.task is not leader and not fit.task.cancelled:
                        self._turns.add_ready(fit.task)

    def _train(self, task: Task, fits: Sequence[Fit], halt: Halt) -> list[Outcome]:
        began = time.perf_counter()
        found: dict[int, Outcome] = {}

        def deliver(numbers: Sequence[int], outcomes: Sequence[Outcome]) -> None:
            found.update(zip(numbers, outcomes, strict=True))
            # While the leader's turn keeps them from theirs, they wait, to go on in their order.
            if time.perf_counter() - began >= turns.TURN_SECONDS:
                good = [i for i in sorted(found) if not found[i].failed]
                self._hand_out(task, [fits[i] for i in good], [found[i] for i in good])
                self._turns.advance()

        try:
            # Hooks that fit do it alone: no task is left that they could meet.
            with acting_as(None):
                return self.trainer.train([fit.problem for fit in fits], halt, deliver)
        except Exception as error:
            return [Outcome(None, _error_for_one(error)) for _ in fits]
        finally:
            task.paused += time.perf_counter() - began


def _error_for_one(error: Exception) -> Exception:
    """An error for one of several tasks: each adds its own frames to its traceback."""
    own = RuntimeError(f"training together failed: {type(error).__name__}: {error}")
    own.__cause__ = error
    return own
