"""Those who train the stacks: a thread for each core, with a process behind all but the first."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import joblib

from sknnreg.engine.loop.training import train
from sknnreg.engine.problem import Problem, Result
from sknnreg.together.hooks import tell_once
from sknnreg.together.process import POOL, Process, sendable
from sknnreg.together.stacks import deal, seconds
from sknnreg.together.tasks import Halt, Outcome

# Seconds of training that are worth another core, whose process needs some 0.2 to start.
WORTH_A_CORE = 0.2


class Crew:
    """Trains networks in stacks, side by side on ``n_cores`` cores.

    Who asks for it trains too; each further core has a thread with a process behind it. Stacks in
    threads alone would wait for one another, for Python's lock and for one within BLAS: two threads
    train small networks hardly faster than one (docs/benchmarks/search_speed.py). Networks that
    cannot be sent to a process train in the thread itself.
    """

    def __init__(self, n_cores: int | None = None) -> None:
        self._n_cores = joblib.cpu_count() if n_cores is None else n_cores

    def foresee(self, problem: Problem, n_like_it: int) -> None:
        """Start processes if so much work is coming: they get ready while tasks prepare."""
        if sendable([problem]):
            POOL.prepare(self._worthwhile(seconds(problem) * n_like_it))

    def train(self, problems: Sequence[Problem], halt: Halt) -> list[Outcome]:
        """An outcome for each."""
        stacks, alone = deal(problems, self._n_cores)
        # Who is done with a stack takes another.
        queue = deque(stack.members for stack in stacks)
        outcomes: dict[int, Outcome] = {}

        def work(process: Process | None = None) -> None:
            with suppress(IndexError):
                while True:
                    members = queue.popleft()
                    done = attempt([problems[i] for i in members], halt, process)
                    outcomes.update(zip(members, done, strict=True))

        n_others = min(len(stacks) - 1, self._worthwhile(sum(stack.seconds for stack in stacks)))
        away = any(sendable([problem]) for problem in problems)
        processes = [POOL.take() if away else None for _ in range(n_others)]
        threads = [threading.Thread(target=work, args=(each,), daemon=True) for each in processes]
        with suppress(RuntimeError):  # where the system has no more threads, fewer must do
            for thread in threads:
                thread.start()
        work()
        for thread, process in zip(threads, processes, strict=True):
            if thread.ident is not None:
                thread.join()
            POOL.give_back(process)
        for i in alone:
            outcomes[i] = attempt([problems[i]], halt)[0]
        return [outcomes[i] for i in range(len(problems))]

    def _worthwhile(self, work: float) -> int:
        """How many cores but the first so many seconds of training are worth."""
        return max(0, min(self._n_cores - 1, int(work / WORTH_A_CORE)))


def attempt(
    problems: Sequence[Problem], halt: Halt, process: Process | None = None
) -> list[Outcome]:
    """Train a stack; if it fails as a whole, network by network, to find whose fault it is."""
    began = time.perf_counter()
    if len(problems) > 1:
        # A second attempt tells nobody anything twice, and starts from the same states.
        problems = [tell_once(problem) for problem in problems]
    tried = [p if p.state is None else replace(p, state=p.state.copy()) for p in problems]
    try:
        results = _train(tried, halt, process)
    except BaseException as error:
        if len(problems) == 1:
            return [Outcome(None, error, time.perf_counter() - began)]
        return [attempt([problem], halt)[0] for problem in problems]
    # Who trained for fewer epochs left earlier.
    epochs = [max(1, len(result.history.loss)) for result in results]
    per_epoch = (time.perf_counter() - began) / sum(epochs)
    return [
        Outcome(result, seconds=n * per_epoch) for result, n in zip(results, epochs, strict=True)
    ]


def _train(problems: Sequence[Problem], halt: Halt, process: Process | None) -> list[Result]:
    if process is not None and sendable(problems):
        # What it cannot do, for whatever reason, is done here.
        with suppress(Exception), halt.ended_by(process.kill):
            return process.train(problems)
    return train(problems, halt)
