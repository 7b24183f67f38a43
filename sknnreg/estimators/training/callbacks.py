"""The bridge to ``sklearn.callback``, which is experimental there: hence one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.callback import CallbackContext

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.problem import Report, Result, Underway
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.data.preparation import Plan
from sknnreg.estimators.fitted.attributes import fitted_attributes
from sknnreg.estimators.training.keeping import KeepsTraining


class EpochCallbacks:
    """Tells an estimator's callbacks about its fit, an epoch being a subtask of it.

    A row of values becomes a fitted estimator only if a callback asks for one. Those that keep
    the training itself are told of it last: what follows from an epoch's end is known then.
    """

    def __init__(
        self,
        estimator: Any,
        given: tuple[Any, Any, Any],
        max_epochs: int,
        plan: Plan,
        state: TrainingState | None,
    ) -> None:
        X, y, sample_weight = given
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._task = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._plan = plan
        self._fit: CallbackContext = estimator._init_callback_context(max_subtasks=max_epochs)
        self._keepers = [
            each.keeper(estimator, plan, state)
            for each in estimator._skl_callbacks
            if isinstance(each, KeepsTraining)
        ]
        # The first, or a refit.
        self._training = 0
        self._fit.call_on_fit_task_begin(**self._task)
        self._epoch: CallbackContext | None = self._begin_epoch()

    def found(self) -> Underway | Result | None:
        """What an earlier fit left of the training that is to begin."""
        found = (keeper.found(self._training) for keeper in self._keepers)
        return next((each for each in found if each is not None), None)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Around a training: what it was last is kept, whatever ends it."""
        try:
            yield
        except BaseException:
            for keeper in self._keepers:
                keeper.on_cut_off()
            raise

    def on_training_end(self, result: Result) -> None:
        """The training is over; the fit may go on with another."""
        for keeper in self._keepers:
            keeper.on_training_end(self._training, result)

    def on_epoch_end(self, report: Report) -> bool:
        """Whether a callback wants training to stop."""
        assert self._epoch is not None
        stop: bool = self._epoch.call_on_fit_task_end(
            **self._task, reconstruction_attributes=lambda: self._reconstruct(report.values())
        )
        if stop or report.stops:
            self._epoch = None
            return stop
        self._epoch = self._begin_epoch()
        for keeper in self._keepers:
            keeper.on_epoch_end(self._training, report)
        return False

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
        self._training += 1
        if self._epoch is None:
            self._epoch = self._begin_epoch()

    def _reconstruct(self, rows: Array) -> dict[str, Any]:
        """What a fitted estimator has, of these rows."""
        return fitted_attributes(self._task["estimator"], rows, self._plan)

    def _begin_epoch(self) -> CallbackContext:
        context = self._fit.subcontext(task_name="epoch")
        context.call_on_fit_task_begin(**self._task)
        return context


def listen(
    estimator: Any, given: tuple[Any, Any, Any], plan: Plan, state: TrainingState | None
) -> EpochCallbacks | None:
    """The estimator's callbacks, if it has any: without listeners the bookkeeping is spared.

    ``given`` are X, y and the weights as ``fit`` received them, ``state`` is what it goes on from.
    """
    if not getattr(estimator, "_skl_callbacks", ()):
        return None
    n_fits = 1 if estimator.early_stopping_refit is None else 2
    return EpochCallbacks(estimator, given, n_fits * int(plan.recipe.max_iter), plan, state)
