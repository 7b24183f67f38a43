"""What a search is, by which error it chooses, and what it says of its choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from sknnreg.model_selection.fits.measures import Measure, measure_of

# What several scores of one search are called, where the error is not the one it chooses by.
_CHOICE, _ERROR = "choice", "error"
SEARCHES = "such as scikit-learn's GridSearchCV, RandomizedSearchCV or HalvingGridSearchCV"


@dataclass(frozen=True)
class JudgedSearch:
    """A search, and the error by which its choice is judged, outside and inside."""

    search: Any
    measure: Measure
    # The name of that error's score in `cv_results_`, where the search has several; None: its own.
    name: str | None = None

    def inner_error(self, fitted: Any) -> float:
        """The inner error of what a fitted search has chosen."""
        check_choice(fitted)
        if self.name is None and hasattr(fitted, "best_score_"):
            return float(self.measure.error(fitted.best_score_))
        means = fitted.cv_results_[f"mean_test_{self.name or 'score'}"]
        return float(self.measure.error(means[fitted.best_index_]))


def judged_search(search: Any, scoring: Any) -> JudgedSearch:
    """The search, made to tell the error that ``scoring`` stands for, by default its own."""
    _check_search(search)
    own = getattr(search, "scoring", None)
    if isinstance(own, str) or not isinstance(own, Mapping | list | tuple | set):
        return _of_one_score(search, own, scoring)
    names = {each: each for each in own} if not isinstance(own, Mapping) else own
    refit = search.refit
    if scoring is not None:
        raise ValueError(
            f"scoring={scoring!r} cannot be added to a search with several scores: name it by the "
            "search's refit, or let the search have one."
        )
    if refit not in names:
        raise ValueError(
            f"refit={refit!r} of a search with several scores must name one of them, "
            f"{sorted(names)}: by it the search chooses, and its choice is judged."
        )
    return JudgedSearch(search, measure_of(names[refit], search), refit)


def _of_one_score(search: Any, own: Any, scoring: Any) -> JudgedSearch:
    if scoring is None or scoring == own:
        return JudgedSearch(search, measure_of(_usual(search) if own is None else own, search))
    measure = measure_of(scoring, search)
    if not isinstance(search, GridSearchCV | RandomizedSearchCV) or callable(search.refit):
        raise ValueError(
            f"scoring={scoring!r} is not what this search chooses by: {type(search).__name__} "
            "tells one score alone. Leave scoring out, or let the search choose by it."
        )
    choice = measure_of(_usual(search) if own is None else own, search).scorer
    both = clone(search).set_params(
        scoring={_CHOICE: choice, _ERROR: measure.scorer}, refit=_CHOICE
    )
    return JudgedSearch(both, measure, _ERROR)


def _usual(search: Any) -> Any:
    """What a search without scoring chooses by: its estimator's own score."""
    return "accuracy" if is_classifier(search) else score


def score(estimator: Any, X: Any, y: Any, **params: Any) -> Any:
    """The estimator's own score."""
    return estimator.score(X, y, **params)


def _check_search(search: Any) -> None:
    if isinstance(search, type) or not (hasattr(search, "fit") and hasattr(search, "get_params")):
        raise TypeError(f"search must be a search over hyperparameters, {SEARCHES}, got {search!r}")
    if getattr(search, "refit", True) is False:
        raise ValueError(
            "refit=False: the search must fit its choice to all rows it is given (refit=True), or "
            "there is nothing to test on the outer rows."
        )


def check_choice(fitted: Any) -> None:
    """Raise if what was fitted has chosen nothing."""
    told = hasattr(fitted, "best_score_") or hasattr(fitted, "best_index_")
    if not (told and hasattr(fitted, "best_params_")):
        raise TypeError(
            f"search must be a search over hyperparameters, {SEARCHES}: once fitted, "
            f"{type(fitted).__name__} has no best_params_ and best_score_. For an estimator "
            "without a search, use cross_validate."
        )
