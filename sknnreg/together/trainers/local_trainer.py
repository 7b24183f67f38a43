"""Trains stacks on this machine: a thread for each core, with a process for all but the first."""

from __future__ import annotations

import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import joblib

from sknnreg.engine.arrays.threads import usual_threads
from sknnreg.engine.loop.training import train
from sknnreg.engine.problem import Problem, Result
from sknnreg.together.halt import Halt
from sknnreg.together.hooks import with_remembered_answers
from sknnreg.together.outcome import Deliver, Outcome
from sknnreg.together.trainers.helper_process import HelperProcess, sendable
from sknnreg.together.trainers.process_pool import POOL
from sknnreg.together.trainers.share import Share, ShareOutcome
from sknnreg.together.trainers.stacks import divide_into_stacks, training_seconds

# Seconds of training that are worth another core, whose process needs some 0.2 to start.
WORTH_A_CORE = 0.2
# Seconds of work around the training from which tasks are handed over: a process that has not run
# any yet has some 1.5 of imports before it.
WORTH_A_COMPLETE_PROCESS = 2.0
WORTH_SHARING = 1.0


class LocalTrainer:
    """Trains networks in stacks, side by side on ``n_cores`` cores.

    The thread that calls ``train`` trains too; each further core has a thread of its own, which
    hands its stacks to a process. Stacks in threads alone would wait for one another, for Python's
    lock and for one within BLAS: two threads train small networks hardly faster than one
    (docs/benchmarks/search_speed.py). Networks that cannot be sent to a process train in the thread
    itself.
    """

    def __init__(self, n_cores: int | None = None) -> None:
        self._n_cores: int = joblib.cpu_count() if n_cores is None else n_cores

    @property
    def n_elsewhere(self) -> int:
        """Processes that can run tasks beside this one."""
        return self._n_cores - 1

    def pays_elsewhere(self, problem: Problem, seconds: float, n_tasks: int) -> bool:
        """Whether to hand over some of so many tasks, each of which takes so long by itself.

        Not where the training of networks like this one takes longer: it has its own processes,
        and larger stacks. Sooner where a process is there that has imported all it takes.
        """
        needed = WORTH_SHARING if POOL.has_complete else WORTH_A_COMPLETE_PROCESS
        return seconds * n_tasks >= needed and seconds >= training_seconds(problem)

    def run_elsewhere(self, items: Sequence[Any], max_memory: float, halt: Halt) -> ShareOutcome:
        """Run tasks in a helper process, in one pass; raises what keeps it from that."""
        filters = list(warnings.filters)
        share = Share(list(items), LocalTrainer(1), max_memory, filters, usual_threads())
        process = POOL.take()
        if process is None:
            raise OSError("no process can be had")
        try:
            with halt.ended_by(process.kill):
                return process.run(share)
        finally:
            POOL.give_back(process)

    def prepare(self, problem: Problem, n_networks: int) -> None:
        """Start processes if so much work is coming: they get ready while tasks prepare."""
        if sendable([problem]):
            POOL.prepare(self._n_helpers_for(training_seconds(problem) * n_networks))

    def train(
        self, problems: Sequence[Problem], halt: Halt, deliver: Deliver | None = None
    ) -> list[Outcome]:
        """An outcome for each; those of a stack are delivered when it has trained."""
        stacks, alone = divide_into_stacks(problems, self._n_cores)
        # A thread that has finished a stack takes another.
        queue = deque(stack.members for stack in stacks)
        outcomes: dict[int, Outcome] = {}

        def work(process: HelperProcess | None = None) -> None:
            with suppress(IndexError):
                while not halt.is_set():
                    members = queue.popleft()
                    found = train_stack([problems[i] for i in members], halt, process)
                    outcomes.update(zip(members, found, strict=True))
                    if deliver is not None:
                        deliver(members, found)

        work_ahead = sum(stack.seconds for stack in stacks)
        n_helpers = min(len(stacks) - 1, self._n_helpers_for(work_ahead))
        any_sendable = any(sendable([problem]) for problem in problems)
        with ExitStack() as helpers:
            for _ in range(n_helpers):
                _begin(work, POOL.take() if any_sendable else None, helpers)
            try:
                work()
            finally:
                queue.clear()
        for i in alone:
            if not halt.is_set():
                outcomes[i] = train_stack([problems[i]], halt)[0]
        return [outcomes.get(i, Outcome(None)) for i in range(len(problems))]

    def _n_helpers_for(self, seconds: float) -> int:
        """How many cores beside the first so many seconds of training are worth."""
        return max(0, min(self._n_cores - 1, int(seconds / WORTH_A_CORE)))


def _begin(
    work: Callable[[HelperProcess | None], None], process: HelperProcess | None, at_end: ExitStack
) -> None:
    """Let a thread of its own work with the process, until the end; fewer threads must do too."""
    at_end.callback(POOL.give_back, process)
    thread = threading.Thread(target=work, args=(process,), daemon=True)
    with suppress(RuntimeError):  # the system has no more threads
        thread.start()
        at_end.callback(thread.join)


def train_stack(
    problems: Sequence[Problem], halt: Halt, process: HelperProcess | None = None
) -> list[Outcome]:
    """Train a stack; if it fails as a whole, network by network, to find which one fails."""
    began = time.perf_counter()
    if len(problems) > 1:
        # A second attempt calls no hook twice for an epoch, and starts from the same states.
        problems = [with_remembered_answers(problem) for problem in problems]
    tried = [p if p.state is None else replace(p, state=p.state.copy()) for p in problems]
    try:
        results = _train(tried, halt, process)
    except BaseException as error:
        if len(problems) == 1 or halt.is_set():
            return [Outcome(None, error, time.perf_counter() - began) for _ in problems]
        return [train_stack([problem], halt)[0] for problem in problems]
    # A network that trained for fewer epochs left the stack earlier.
    epochs = [max(1, len(result.history.loss)) for result in results]
    per_epoch = (time.perf_counter() - began) / sum(epochs)
    return [
        Outcome(result, seconds=n * per_epoch) for result, n in zip(results, epochs, strict=True)
    ]


def _train(problems: Sequence[Problem], halt: Halt, process: HelperProcess | None) -> list[Result]:
    if process is not None and sendable(problems):
        # What the process cannot do, for whatever reason, is done here.
        with suppress(Exception), halt.ended_by(process.kill):
            return process.train(problems)
        if halt.is_set():
            raise InterruptedError("the search is over")
    return train(problems, halt)
