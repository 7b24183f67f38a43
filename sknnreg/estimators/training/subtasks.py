"""What callbacks are told of a fit that is made of many fits, each a task of joblib."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Listeners:
    """Those who are told when a task begins and ends, and of the fit within it."""

    owner: Any = None
    context: Any = None

    @contextmanager
    def hearing(self, estimator: Any) -> Iterator[None]:
        """Around all that a task fits; ``estimator`` passes on what it knows of callbacks."""
        if self.context is None:
            yield
            return
        if hasattr(estimator, "set_callbacks"):
            with self.context.propagate_callback_context(estimator):
                self.context.call_on_fit_task_begin(estimator=self.owner)
                yield
        else:
            self.context.call_on_fit_task_begin(estimator=self.owner)
            yield
        self.context.call_on_fit_task_end(estimator=self.owner)


@contextmanager
def telling_of_tasks(
    owner: Any, n_tasks: int, *, title: str = "fit", each: str = "fit", **data: Any
) -> Iterator[list[Listeners]]:
    """Listeners for every task of a fit; the owner's callbacks hear of its begin and its end."""
    if not getattr(owner, "_skl_callbacks", ()):
        yield [Listeners()] * n_tasks
        return
    context = owner._init_callback_context(
        task_name=title, max_subtasks=n_tasks, sequential_subtasks=False
    )
    context.call_on_fit_task_begin(estimator=owner, **data)
    yield [
        Listeners(owner, context.subcontext(task_name=each, task_id=number))
        for number in range(n_tasks)
    ]
    context.call_on_fit_task_end(estimator=owner, **data)
