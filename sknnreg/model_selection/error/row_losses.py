"""Losses of single rows, for what needs more than their mean over a test part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    zero_one_loss,
)

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.fits.measures import Measure


def _is_wrong(y: Any, predicted: Any) -> Any:
    """1 where any label is wrong, 0 elsewhere ``(n,)``."""
    wrong = (np.asarray(y) != np.asarray(predicted)).reshape(len(y), -1)
    return wrong.any(axis=1).astype(float)


def _squared(y: Any, predicted: Any) -> Any:
    """(y - f)^2, the mean over outputs ``(n,)``."""
    return (_residuals(y, predicted) ** 2).mean(axis=1)


def _absolute(y: Any, predicted: Any) -> Any:
    """abs(y - f), the mean over outputs ``(n,)``."""
    return np.abs(_residuals(y, predicted)).mean(axis=1)


def _residuals(y: Any, predicted: Any) -> Any:
    shape = len(y), -1
    return np.asarray(y, dtype=float).reshape(shape) - np.asarray(predicted).reshape(shape)


def _log(is_class: Any, probabilities: Any) -> Any:
    """-log p of the row's class, p no nearer to 0 than the last bit of 1 ``(n,)``."""
    smallest = np.finfo(probabilities.dtype).eps
    return -np.log(np.clip(probabilities[is_class], smallest, 1 - smallest))


def _brier(is_class: Any, probabilities: Any) -> Any:
    """Squared distance of probabilities and class; half of it for two classes ``(n,)``."""
    distances = ((is_class - probabilities) ** 2).sum(axis=1)
    return distances / 2 if probabilities.shape[1] == 2 else distances


OF_PREDICTIONS: dict[Any, Callable[[Any, Any], Any]] = {
    accuracy_score: _is_wrong,
    zero_one_loss: _is_wrong,
    mean_squared_error: _squared,
    mean_absolute_error: _absolute,
}
OF_PROBABILITIES: dict[Any, Callable[[Any, Any], Any]] = {
    log_loss: _log,
    brier_score_loss: _brier,
}


@dataclass(frozen=True)
class RowLosses:
    """The loss of each row by name; its mean over rows is an error."""

    name: str
    function: Callable[[Any, Any], Any]
    of_probabilities: bool = False

    def __call__(self, estimator: Any, X: Any, y: Any) -> Array:
        """Of rows that a fitted estimator predicts ``(n,)``."""
        if self.of_probabilities:
            losses = self.function(_class_places(estimator, y), estimator.predict_proba(X))
        else:
            losses = self.function(y, estimator.predict(X))
        losses = np.asarray(losses, dtype=float)
        if losses.shape != (len(y),) or not np.isfinite(losses).all():
            raise ValueError(
                f"the loss {self.name!r} must give a finite number for each row, shape "
                f"({len(y)},), got shape {losses.shape}"
                f"{'' if np.isfinite(losses).all() else ' with values that are not finite'}."
            )
        return losses


@dataclass(frozen=True)
class MeanLoss:
    """A scorer: minus the mean of the rows' losses."""

    losses: RowLosses

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Of a fitted estimator on these rows."""
        return -float(self.losses(estimator, X, y).mean())


def users_losses(loss: Any) -> RowLosses:
    """A user's ``loss(y_true, y_pred)``."""
    if not callable(loss):
        raise TypeError(
            "loss must be a function of (y_true, y_pred) that gives an array with a number for "
            f"each row, or None, got {loss!r}. Scorers go by name to scoring."
        )
    name = str(getattr(loss, "__name__", type(loss).__name__))
    return RowLosses("loss" if name == "<lambda>" else name, loss)


def row_losses_of(measure: Measure) -> RowLosses:
    """Those whose mean over rows the measure is; an error for measures that are no such mean."""
    if isinstance(measure.scorer, MeanLoss):
        return measure.scorer.losses
    function = getattr(measure.scorer, "_score_func", None)
    if function in OF_PREDICTIONS and not measure.scorer._kwargs:
        return RowLosses(measure.name, OF_PREDICTIONS[function])
    if function in OF_PROBABILITIES and not measure.scorer._kwargs:
        return RowLosses(measure.name, OF_PROBABILITIES[function], of_probabilities=True)
    raise ValueError(
        f"method='nested_cv' needs losses of single rows, of which {measure.name!r} is not known "
        "to be the mean. An AUC, for instance, compares rows with one another, and R2 or a root "
        "divides by or transforms what all rows have in common: no row has a loss of its own. Use "
        "scoring='accuracy', 'neg_log_loss', 'neg_brier_score', 'neg_mean_squared_error' or "
        "'neg_mean_absolute_error', give loss=, a function of (y_true, y_pred) with a number for "
        "each row, or use method='corrected', which takes any scorer."
    )


def _class_places(estimator: Any, y: Any) -> Any:
    """Which class each row is of, ``(n, n_classes)``."""
    y = np.asarray(y)
    if y.ndim != 1:
        raise ValueError(
            "losses of probabilities are known for one label in a row, y has shape "
            f"{y.shape}. Give loss=, a function of (y_true, y_pred)."
        )
    places = y[:, None] == np.asarray(estimator.classes_)[None]
    if not places.any(axis=1).all():
        unknown = y[~places.any(axis=1)][0]
        raise ValueError(
            f"class {unknown!r} is in a test part and in no row of its training part, so that it "
            "has no probability there. Use fewer folds, or stratified ones."
        )
    return places
