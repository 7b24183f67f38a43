"""Errors out of scores: scikit-learn's scorers say what is good, this what is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import check_scoring


@dataclass(frozen=True)
class Measure:
    """An error by name, and the score that it is made of: 0 - score, or 1 - score.

    Scorers of losses, such as "neg_log_loss", give minus the loss; all others, such as "accuracy",
    "r2" or "roc_auc", are 1 for a perfect prediction.
    """

    name: str
    scorer: Any
    perfect: float

    def error(self, score: Any) -> Any:
        """What a perfect prediction's score has above this one."""
        return self.perfect - score


def measure_of(scoring: Any, estimator: Any) -> Measure:
    """The error that ``scoring`` stands for; by default the share of errors, or mean squares."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"an estimator with fit is needed, such as LogisticRegression(), got {estimator!r}."
        )
    if scoring is None:
        scoring = _usual(estimator)
    if not (isinstance(scoring, str) or callable(scoring)):
        raise TypeError(
            f"scoring must be one scorer, as its name or a function of (estimator, X, y), or None, "
            f"got {scoring!r}. Call once for each scorer."
        )
    scorer = check_scoring(estimator, scoring)
    name = scoring if isinstance(scoring, str) else _called(scorer)
    if getattr(scorer, "_sign", 1) < 0:
        return Measure(name.removeprefix("neg_").replace("_", " "), scorer, 0.0)
    return Measure("error rate" if name == "accuracy" else f"1 - {name}", scorer, 1.0)


def _usual(estimator: Any) -> str:
    if is_classifier(estimator):
        return "accuracy"
    if is_regressor(estimator):
        return "neg_mean_squared_error"
    raise ValueError(
        f"{type(estimator).__name__} is neither a classifier nor a regressor: name the error to "
        "measure by scoring, such as scoring='neg_mean_squared_error'."
    )


def _called(scorer: Any) -> str:
    function = getattr(scorer, "_score_func", scorer)
    return str(getattr(function, "__name__", type(function).__name__))
