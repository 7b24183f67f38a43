"""What callbacks are told of a study of many fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.callback import FitCallback
from sklearn.utils.parallel import Parallel, delayed

from sknnreg.estimators.training.subtasks import telling_of_tasks
from sknnreg.sklearn_types import CallbackSupportMixin, with_callbacks


def run_tasks(
    title: str,
    task: Callable[..., Any],
    calls: list[tuple[Any, ...]],
    *,
    callbacks: Any = None,
    n_jobs: int | None = None,
) -> list[Any]:
    """``task(listeners, *call)`` of each call, in their order, in one call of joblib.

    Inside ``fit_together`` the networks of all tasks meet. ``callbacks`` is one callback of
    scikit-learn or a list of them; a progress bar advances with each task that ends.
    """
    study = Study().set_callbacks(*checked_callbacks(callbacks))
    done: list[Any] = study.fit(title, task, calls, n_jobs)
    return done


def checked_callbacks(callbacks: Any) -> list[Any]:
    """As a list; an error names what is none."""
    if callbacks is None:
        return []
    given = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
    for each in given:
        if isinstance(each, type) or not isinstance(each, FitCallback):
            raise TypeError(
                f"callbacks must be a callback of scikit-learn or a list of them, such as "
                f"sklearn.callback.ProgressBar(), got {each!r}."
            )
    return given


class Study(CallbackSupportMixin):
    """What callbacks take for the estimator whose fit has all the tasks."""

    @with_callbacks
    def fit(
        self, title: str, task: Callable[..., Any], calls: list[tuple[Any, ...]], n_jobs: int | None
    ) -> list[Any]:
        """Run the tasks."""
        with telling_of_tasks(self, len(calls), title=title) as told:
            return list(
                Parallel(n_jobs)(
                    delayed(task)(each, *call) for each, call in zip(told, calls, strict=True)
                )
            )
