"""Hooks of a network (scorers, callbacks) that another thread than their task's calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Generic, TypeAlias, TypeVar

import joblib
import sklearn

from sknnreg.engine.problem import Problem, Report
from sknnreg.together.warning_filters import WarningFilters

Lock: TypeAlias = AbstractContextManager[Any]
Argument = TypeVar("Argument")
Answer = TypeVar("Answer")


def with_thread_settings(problem: Problem, lock: Lock) -> Problem:
    """The problem, its hooks to be called with the settings of this thread, one at a time."""
    if problem.score is None and problem.on_epoch_end is None:
        return problem
    return replace(
        problem,
        score=problem.score and HookWithSettings(problem.score, lock),
        on_epoch_end=problem.on_epoch_end and HookWithSettings(problem.on_epoch_end, lock),
    )


class HookWithSettings(Generic[Argument, Answer]):
    """A hook to be called from any thread as from the one that made this.

    scikit-learn's configuration and joblib's backend belong to a thread, warning filters to a task;
    and a user's hooks need not be safe against threads. Pickled, it is the hook alone.
    """

    def __init__(self, hook: Callable[[Argument], Answer], lock: Lock) -> None:
        self._hook, self._lock = hook, lock
        self._config, self._filters = sklearn.get_config(), WarningFilters()

    def __call__(self, argument: Argument) -> Answer:
        """What the hook answers."""
        sequential = joblib.parallel_config(backend="sequential")
        with self._lock, sequential, sklearn.config_context(**self._config):
            filters_before = WarningFilters()
            self._filters.restore()
            try:
                return self._hook(argument)
            finally:
                filters_before.restore()

    def __reduce__(self) -> tuple[Any, ...]:
        return _identity, (self._hook,)


def _identity(hook: Any) -> Any:
    return hook


def with_remembered_answers(problem: Problem) -> Problem:
    """The problem; trained a second time, it does not call its hook for the same epoch again."""
    if problem.on_epoch_end is None:
        return problem
    hook, answers = problem.on_epoch_end, dict[int, bool]()

    def remembered(report: Report) -> bool:
        if report.epoch not in answers:
            answers[report.epoch] = bool(hook(report))
        return answers[report.epoch]

    return replace(problem, on_epoch_end=remembered)
