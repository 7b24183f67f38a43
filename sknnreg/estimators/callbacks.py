"""The bridge to ``sklearn.callback``, which is experimental there: hence one file."""

from collections.abc import Callable
from typing import Any

from sklearn.callback import CallbackContext

from sknnreg.engine.problem import Report
from sknnreg.engine.stack import Array


class EpochCallbacks:
    """Tells an estimator's callbacks about its fit, an epoch being a subtask of it.

    ``reconstruct`` turns a row of values into the attributes of a fitted estimator; it is only
    called if a callback asks for one.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any,
        max_epochs: int,
        reconstruct: Callable[[Array], dict[str, Any]],
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._task = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._reconstruct = reconstruct
        self._fit: CallbackContext = estimator._init_callback_context(max_subtasks=max_epochs)
        self._fit.call_on_fit_task_begin(**self._task)
        self._epoch: CallbackContext | None = self._begin_epoch()

    def on_epoch_end(self, report: Report) -> bool:
        """Whether a callback wants training to stop."""
        assert self._epoch is not None
        stop: bool = self._epoch.call_on_fit_task_end(
            **self._task, reconstruction_attributes=lambda: self._reconstruct(report.values())
        )
        self._epoch = None if stop or report.stops else self._begin_epoch()
        return stop

    def on_fit_end(self, values: Array) -> None:
        """The fit is over; ``values`` is the row it kept."""
        if self._epoch is not None:
            # It had begun when training ended by itself; nothing happened in it.
            self._epoch.call_on_fit_task_end(estimator=self._task["estimator"])
        self._fit.call_on_fit_task_end(
            **self._task, reconstruction_attributes=lambda: self._reconstruct(values)
        )

    def _begin_epoch(self) -> CallbackContext:
        context = self._fit.subcontext(task_name="epoch")
        context.call_on_fit_task_begin(**self._task)
        return context


def has_callbacks(estimator: Any) -> bool:
    """Whether anyone listens; without listeners the bookkeeping is spared."""
    return bool(getattr(estimator, "_skl_callbacks", ()))
