"""What a network's hooks find when another thread than their task's calls them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, TypeAlias

import joblib
import sklearn

from sknnreg.engine.problem import Problem, Report
from sknnreg.together.tasks import WarningFilters

Lock: TypeAlias = AbstractContextManager[Any]


def carry_hooks(problem: Problem, lock: Lock) -> Problem:
    """The problem, its hooks to be called with the settings of this thread, one at a time."""
    if problem.score is None and problem.on_epoch_end is None:
        return problem
    return replace(
        problem,
        score=problem.score and CarriedHook(problem.score, lock),
        on_epoch_end=problem.on_epoch_end and CarriedHook(problem.on_epoch_end, lock),
    )


class CarriedHook:
    """A hook to be called from any thread as from the one that made this; pickled, the bare hook.

    scikit-learn's configuration and joblib's backend belong to a thread, warning filters to a task;
    and nobody's hooks need be safe against threads.
    """

    def __init__(self, hook: Callable[[Any], Any], lock: Lock) -> None:
        self._hook, self._lock = hook, lock
        self._config, self._filters = sklearn.get_config(), WarningFilters()

    def __call__(self, argument: Any) -> Any:
        """What the hook says."""
        sequential = joblib.parallel_config(backend="sequential")
        with self._lock, sequential, sklearn.config_context(**self._config):
            theirs = WarningFilters()
            self._filters.restore()
            try:
                return self._hook(argument)
            finally:
                theirs.restore()

    def __reduce__(self) -> tuple[Any, ...]:
        return _bare, (self._hook,)


def _bare(hook: Any) -> Any:
    return hook


def tell_once(problem: Problem) -> Problem:
    """The problem, its hook not to be told of an epoch again if the network is trained anew."""
    if problem.on_epoch_end is None:
        return problem
    hook, answers = problem.on_epoch_end, dict[int, bool]()

    def told(report: Report) -> bool:
        if report.epoch not in answers:
            answers[report.epoch] = bool(hook(report))
        return answers[report.epoch]

    return replace(problem, on_epoch_end=told)
