"""The bridge to ``sklearn.callback``, which is experimental there: hence one file."""

from typing import Any

from sklearn.callback import CallbackContext

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.problem import Report
from sknnreg.estimators.data.preparation import Plan
from sknnreg.estimators.fitted.attributes import fitted_attributes


class EpochCallbacks:
    """Tells an estimator's callbacks about its fit, an epoch being a subtask of it.

    A row of values becomes a fitted estimator only if a callback asks for one.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any, max_epochs: int, plan: Plan
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._task = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._plan = plan
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

    def on_fit_end(self, values: Array, plan: Plan) -> None:
        """The fit is over; ``values`` are the rows it kept, and this the plan they came of."""
        self._plan = plan
        if self._epoch is not None:
            # It had begun when training ended by itself; nothing happened in it.
            self._epoch.call_on_fit_task_end(estimator=self._task["estimator"])
        self._fit.call_on_fit_task_end(
            **self._task, reconstruction_attributes=lambda: self._reconstruct(values)
        )

    def follow(self, plan: Plan) -> None:
        """The fit goes on, with another plan."""
        self._plan = plan
        if self._epoch is None:
            self._epoch = self._begin_epoch()

    def _reconstruct(self, rows: Array) -> dict[str, Any]:
        """What a fitted estimator has, of these rows."""
        return fitted_attributes(self._task["estimator"], rows, self._plan)

    def _begin_epoch(self) -> CallbackContext:
        context = self._fit.subcontext(task_name="epoch")
        context.call_on_fit_task_begin(**self._task)
        return context


def listen(estimator: Any, given: tuple[Any, Any, Any], plan: Plan) -> EpochCallbacks | None:
    """The estimator's callbacks, if it has any: without listeners the bookkeeping is spared.

    ``given`` are X, y and the weights as ``fit`` received them.
    """
    if not getattr(estimator, "_skl_callbacks", ()):
        return None
    n_fits = 1 if estimator.early_stopping_refit is None else 2
    return EpochCallbacks(estimator, *given, n_fits * int(plan.recipe.max_iter), plan)
