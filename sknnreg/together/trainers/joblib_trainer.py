"""Trains networks on the workers of any joblib backend, in other processes or machines."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import joblib

from sknnreg.engine.problem import Problem
from sknnreg.together.halt import Halt
from sknnreg.together.outcome import Deliver, Outcome
from sknnreg.together.trainers.local_trainer import LocalTrainer
from sknnreg.together.trainers.stacks import divide_among_workers

# Seconds to wait, at a halt, for workers that may be in any state; their thread is left then.
END_SECONDS = 5.0


class JoblibTrainer:
    """Trains networks on the workers of a joblib backend, each its portion in one pass."""

    def __init__(self, backend: str, n_jobs: int | None, parameters: Mapping[str, Any]) -> None:
        self._config: dict[str, Any] = {
            "backend": backend,
            "n_jobs": -1 if n_jobs is None else n_jobs,
            **parameters,
        }
        # joblib says now if it does not know the backend.
        joblib.parallel_config(**self._config).unregister()

    # Tasks stay here: of the workers nobody knows what they have installed.
    n_elsewhere = 0

    def pays_elsewhere(self, problem: Problem, seconds: float, n_tasks: int) -> bool:
        """Never."""
        return False

    def run_elsewhere(self, items: Sequence[Any], max_memory: float, halt: Halt) -> NoReturn:
        """Nowhere."""
        raise NotImplementedError

    def prepare(self, problem: Problem, n_networks: int) -> None:
        """Nothing: the workers are there already."""

    def train(
        self, problems: Sequence[Problem], halt: Halt, deliver: Deliver | None = None
    ) -> list[Outcome]:
        """An outcome for each, all at the end; networks with callbacks train in this process."""
        here = [i for i, problem in enumerate(problems) if problem.on_epoch_end]
        away = [i for i, problem in enumerate(problems) if not problem.on_epoch_end]
        workers = WorkersThread(self._config, [problems[i] for i in away], halt)
        workers.start()
        outcomes = dict(
            zip(here, LocalTrainer(1).train([problems[i] for i in here], halt), strict=True)
        )
        outcomes |= dict(zip(away, workers.wait(), strict=True))
        return [outcomes[i] for i in range(len(problems))]


class WorkersThread(threading.Thread):
    """Waits for the workers: below tasks joblib limits backends, so this is a thread of its own."""

    def __init__(self, config: Mapping[str, Any], problems: Sequence[Problem], halt: Halt) -> None:
        super().__init__(name="sknnreg joblib trainer", daemon=True)
        self._config, self._problems, self._halt = config, problems, halt
        self._outcomes: dict[int, Outcome] = {}
        self._error: Exception | None = None

    def run(self) -> None:
        """Send each worker its portion and collect the outcomes."""
        try:
            with joblib.parallel_config(**self._config):
                portions = divide_among_workers(self._problems, joblib.effective_n_jobs(None))
                answers = joblib.Parallel()(
                    joblib.delayed(train_portion)([self._problems[i] for i in portion], self._halt)
                    for portion in portions
                )
            for portion, answer in zip(portions, answers, strict=True):
                self._outcomes.update(zip(portion, answer, strict=True))
        except Exception as error:
            self._error = error
        except KeyboardInterrupt:
            pass

    def wait(self) -> list[Outcome]:
        """The outcomes, once all are there; at a halt, those that are."""
        while self.is_alive() and not self._halt.is_set():
            self.join(0.1)
        # Workers in threads of this process see the halt themselves, others do not.
        self.join(0.1)
        if self.is_alive() and self.ident is not None:
            # joblib gives up on its workers if the thread that waits for them is interrupted.
            interrupt = ctypes.py_object(KeyboardInterrupt)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), interrupt)
            self.join(END_SECONDS)
        if self._error is not None:
            raise self._error
        return [self._outcomes.get(i, Outcome(None)) for i in range(len(self._problems))]


def train_portion(problems: Sequence[Problem], halt: Halt) -> list[Outcome]:
    """What a worker does: train its portion in one pass, on one core."""
    return LocalTrainer(1).train(problems, halt)
