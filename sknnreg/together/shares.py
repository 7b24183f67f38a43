"""Networks dealt in shares to the workers of any joblib backend, in other processes or machines."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import joblib

from sknnreg.engine.problem import Problem
from sknnreg.together.crew import Crew
from sknnreg.together.stacks import seconds
from sknnreg.together.tasks import Halt, Outcome


class Shares:
    """Trains networks on the workers of a joblib backend, each its share in one pass."""

    def __init__(self, backend: str, n_jobs: int | None, parameters: Mapping[str, Any]) -> None:
        self._config = {"backend": backend, "n_jobs": -1 if n_jobs is None else n_jobs}
        self._config |= parameters
        # joblib tells now if it does not know the backend.
        joblib.parallel_config(**self._config).unregister()

    def foresee(self, problem: Problem, n_like_it: int) -> None:
        """Nothing: the workers are there already."""

    def train(self, problems: Sequence[Problem], halt: Halt) -> list[Outcome]:
        """An outcome for each; networks that callbacks listen to train here."""
        heard = [i for i, problem in enumerate(problems) if problem.on_epoch_end]
        away = [i for i, problem in enumerate(problems) if not problem.on_epoch_end]
        run = Run(self._config, [problems[i] for i in away])
        run.start()
        here = Crew(1).train([problems[i] for i in heard], halt)
        outcomes = dict(zip(heard, here, strict=True))
        outcomes |= dict(zip(away, run.outcomes_unless(halt), strict=True))
        return [outcomes[i] for i in range(len(problems))]


class Run(threading.Thread):
    """A thread with joblib's settings as they are at first: below tasks, backends are limited."""

    def __init__(self, config: Mapping[str, Any], problems: Sequence[Problem]) -> None:
        super().__init__(name="sknnreg shares", daemon=True)
        self._config, self._problems = config, problems
        self._outcomes: dict[int, Outcome] = {}
        self._error: Exception | None = None

    def run(self) -> None:
        """Deal the shares and collect what became of them."""
        try:
            with joblib.parallel_config(**self._config):
                shares = deal_shares(self._problems, joblib.effective_n_jobs(None))
                answers = joblib.Parallel()(
                    joblib.delayed(train_share)([self._problems[i] for i in share])
                    for share in shares
                )
            for share, answer in zip(shares, answers, strict=True):
                self._outcomes.update(zip(share, answer, strict=True))
        except Exception as error:
            self._error = error
        except KeyboardInterrupt:
            pass

    def outcomes_unless(self, halt: Halt) -> list[Outcome]:
        """The outcomes, once all are there; at a halt, whatever there is."""
        while self.is_alive():
            self.join(0.1)
            if halt.is_set() and self.ident is not None:
                # joblib gives up on its workers if the thread that waits for them is interrupted.
                interrupt = ctypes.py_object(KeyboardInterrupt)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), interrupt)
                self.join()
        if self._error is not None:
            raise self._error
        return [self._outcomes.get(i, Outcome(None)) for i in range(len(self._problems))]


def train_share(problems: Sequence[Problem]) -> list[Outcome]:
    """What a worker does: its share in one pass, on one core."""
    return Crew(1).train(problems, Halt())


def deal_shares(problems: Sequence[Problem], n_shares: int) -> list[list[int]]:
    """Numbers of problems by share: neighbours of equal shape, shares that take equally long."""
    groups: dict[object, list[int]] = {}
    for number, problem in enumerate(problems):
        groups.setdefault(problem.shape, []).append(number)
    total, done = sum(map(seconds, problems)), 0.0
    shares: list[list[int]] = [[] for _ in range(max(1, n_shares))]
    for number in (i for members in groups.values() for i in members):
        length = seconds(problems[number])
        shares[int((done + length / 2) / total * len(shares))].append(number)
        done += length
    return [share for share in shares if share]
