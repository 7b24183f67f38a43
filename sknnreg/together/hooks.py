"""What a network's hooks find when another thread than their task's calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import joblib
import sklearn

from sknnreg.engine.problem import Problem

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")


def carry_hooks(problem: Problem) -> Problem:
    """The problem, its hooks to be called with the settings of this thread."""
    if problem.score is None and problem.on_epoch_end is None:
        return problem
    return replace(
        problem,
        score=problem.score and _carried(problem.score),
        on_epoch_end=problem.on_epoch_end and _carried(problem.on_epoch_end),
    )


def _carried(hook: Callable[[Argument], Answer]) -> Callable[[Argument], Answer]:
    # scikit-learn's configuration and joblib's backend belong to a thread.
    config = sklearn.get_config()

    def called_elsewhere(argument: Argument) -> Answer:
        with sklearn.config_context(**config), joblib.parallel_config(backend="sequential"):
            return hook(argument)

    return called_elsewhere
