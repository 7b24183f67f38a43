"""What callbacks are told of a study of many fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sklearn.callback import FitCallback
from sklearn.utils.parallel import Parallel, delayed

from sknnreg.estimators.sklearn_types import CallbackSupportMixin, with_callbacks


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
        if not getattr(self, "_skl_callbacks", ()):
            return list(Parallel(n_jobs)(delayed(task)(Listeners(), *call) for call in calls))
        context = self._init_callback_context(  # type: ignore[attr-defined]
            task_name=title, max_subtasks=len(calls), sequential_subtasks=False
        )
        context.call_on_fit_task_begin(estimator=self)
        told = [
            Listeners(self, context.subcontext(task_name="fit", task_id=number))
            for number in range(len(calls))
        ]
        done = list(
            Parallel(n_jobs)(
                delayed(task)(each, *call) for each, call in zip(told, calls, strict=True)
            )
        )
        context.call_on_fit_task_end(estimator=self)
        return done


@dataclass(frozen=True)
class Listeners:
    """Those who are told when a task begins and ends, and of the fit within it."""

    study: Any = None
    context: Any = None

    @contextmanager
    def hearing(self, estimator: Any) -> Iterator[None]:
        """Around all that a task fits; ``estimator`` passes on what it knows of callbacks."""
        if self.context is None:
            yield
            return
        if hasattr(estimator, "set_callbacks"):
            with self.context.propagate_callback_context(estimator):
                self.context.call_on_fit_task_begin(estimator=self.study)
                yield
        else:
            self.context.call_on_fit_task_begin(estimator=self.study)
            yield
        self.context.call_on_fit_task_end(estimator=self.study)
