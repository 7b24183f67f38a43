"""Errors on both sides of a split: where an estimator learned, and where it did not."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.training.subtasks import Listeners
from sknnreg.model_selection.fits.listening import run_tasks
from sknnreg.model_selection.fits.measures import Measure, measure_of
from sknnreg.model_selection.fits.sample import Index, Sample, routed_sample
from sknnreg.model_selection.fits.splitting import Split, splitter_of
from sknnreg.together import one_pass
from sknnreg.together.networks_in import hold_network


@dataclass(frozen=True)
class TrainAndTest:
    """The rows, the splits and the measure of fits that are compared."""

    caller: str
    sample: Sample
    splits: list[Split]
    measure: Measure

    @classmethod
    def of(
        cls,
        caller: str,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cv: Any,
        scoring: Any,
        groups: Any,
        params: dict[str, Any] | None,
    ) -> TrainAndTest:
        """With the splitter that ``cv`` stands for, as in scikit-learn."""
        if y is None:
            raise ValueError(f"{caller} needs y, the targets that errors are made on, got None.")
        measure = measure_of(scoring, estimator)
        splitter = splitter_of(cv, y, estimator)
        sample = routed_sample(
            caller,
            X,
            y,
            estimator=estimator,
            cv=splitter,
            scorer=measure.scorer,
            groups=groups,
            params=params,
        )
        splits = list(sample.splits(splitter))
        if not splits:
            raise ValueError(
                f"cv={cv!r} gives no splits. Was it a generator that something else has used up? "
                "Pass a list of its splits."
            )
        return cls(caller, sample, splits, measure)

    def errors(
        self, estimators: list[Any], *, n_jobs: int | None = None, callbacks: Any = None
    ) -> tuple[Array, Array]:
        """On training and on test rows, ``(n_estimators, n_splits)`` each, all fits in one call.

        Networks of ours train in one pass, unless ``n_jobs`` says otherwise.
        """
        calls = [
            (self.sample, each, self.measure, *split)
            for each in estimators
            for split in self.splits
        ]
        with together_if_ours(estimators, n_jobs):
            found = run_tasks(
                self.caller, errors_of_split, calls, callbacks=callbacks, n_jobs=n_jobs
            )
        both = np.array(found).reshape(len(estimators), len(self.splits), 2)
        return both[..., 0], both[..., 1]


def together_if_ours(estimators: list[Any], n_jobs: int | None) -> AbstractContextManager[Any]:
    """One pass for networks of ours; nothing where the user says how to run the fits."""
    return one_pass() if n_jobs is None and hold_network(estimators) else nullcontext()


def errors_of_split(
    listeners: Listeners,
    sample: Sample,
    estimator: Any,
    measure: Measure,
    train: Index,
    test: Index,
) -> tuple[float, float]:
    """On the training rows and on the test rows, of one fit."""
    fitted = sample.fitted(listeners, estimator, train)
    scores = [sample.score(fitted, measure.scorer, rows, train) for rows in (train, test)]
    return measure.error(scores[0]), measure.error(scores[1])
