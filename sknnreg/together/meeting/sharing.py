"""Tasks that go elsewhere: where what surrounds the training takes long, other cores take shares.

Tasks of this process take turns on one core. That is nothing where the training is most of the
work; where transformers, selectors or scorers are, tasks that have not started are handed over.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from sknnreg.engine.problem import Problem
from sknnreg.together.halt import Halt
from sknnreg.together.meeting.tasks import Call, Parcel, Task
from sknnreg.together.meeting.turns import Turns


class Outcome(Protocol):
    """What a share came to (``trainers.share.ShareOutcome``)."""

    results: list[Any] | None
    error: BaseException | None
    seconds: float


class Elsewhere(Protocol):
    """Other processes that can run tasks."""

    @property
    def n_elsewhere(self) -> int:
        """How many there may be."""

    def pays_elsewhere(self, problem: Problem, seconds: float, n_tasks: int) -> bool:
        """Whether to hand over some of so many tasks, each of which takes so long by itself."""

    def run_elsewhere(self, items: Sequence[Any], max_memory: float, halt: Halt) -> Outcome:
        """Run tasks in another process; raises what keeps it from running them."""


class Sharing:
    """Decides whether to hand tasks over, and does."""

    def __init__(self, turns: Turns, elsewhere: Elsewhere, max_memory: float) -> None:
        self._turns, self._elsewhere, self._max_memory = turns, elsewhere, max_memory
        self._lock = threading.Lock()
        self._halts: dict[Halt, Call] = {}

    def consider(self, task: Task, problem: Problem) -> None:
        """A task has come to its network: hand others over if that pays."""
        call = task.call
        if task.pilot is not None:
            call.seconds_each = task.pilot.seconds_alone()
        task.pilot = None
        if call.shared or not call.seconds_each:
            return
        n_others = len(self._turns.unstarted(call))
        n_processes = min(self._elsewhere.n_elsewhere, n_others // 2)
        if n_processes and self._elsewhere.pays_elsewhere(problem, call.seconds_each, n_others):
            call.shared = True
            for _ in range(n_processes):
                self._begin(call)
        else:
            # The fewer are left, the less: no need to count them again for each.
            call.seconds_each = 0.0

    def _begin(self, call: Call) -> None:
        thread = threading.Thread(
            target=self._carry, args=(call,), name="sknnreg tasks elsewhere", daemon=True
        )
        with suppress(RuntimeError):  # the system has no more threads
            thread.start()
            call.threads.append(thread)  # to be waited for at the end

    def cancel(self, call: Call) -> None:
        """What runs elsewhere for this call is no longer wanted."""
        with self._lock:
            halts = [halt for halt, whose in self._halts.items() if whose is call]
        for halt in halts:
            halt.set()

    def _carry(self, call: Call) -> None:
        """Hand over one share after the other, until no task is left that has not started."""
        while tasks := self._turns.withdraw(call, 2 * (1 + self._elsewhere.n_elsewhere)):
            parcels = [task.parcel for task in tasks if task.parcel is not None]
            items = [item for parcel in parcels for item in parcel.items]
            halt = Halt()
            with self._lock:
                self._halts[halt] = call
            if tasks[0].cancelled:  # since they were withdrawn, when there was nothing to halt
                halt.set()
            try:
                outcome = self._elsewhere.run_elsewhere(items, self._max_memory, halt)
            except Exception:
                # It cannot be sent, or not be run there: then it runs here, and so do the others.
                call.seconds_each = 0.0
                self._turns.put_back(tasks)
                return
            finally:
                with self._lock:
                    del self._halts[halt]
            call.outcomes_elsewhere.append(outcome)
            _deliver(tasks, parcels, outcome)
            for task in tasks:
                self._turns.end_elsewhere(task, failed=outcome.results is None)
        call.shared = False


def _deliver(tasks: Sequence[Task], parcels: Sequence[Parcel], outcome: Outcome) -> None:
    """Give each task its results; an error is the first one's, as it ends them all."""
    results = iter(outcome.results or ())
    for task, parcel in zip(tasks, parcels, strict=True):
        task.elsewhere += outcome.seconds / len(tasks)
        if task.cancelled:
            continue
        if outcome.results is not None:
            parcel.deliver([next(results) for _ in parcel.items], None)
        elif task is tasks[0]:
            parcel.deliver([], outcome.error)
