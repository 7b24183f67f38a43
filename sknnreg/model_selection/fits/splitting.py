"""The splits of a study, drawn once, as often as it asks for."""

from __future__ import annotations

from copy import copy
from numbers import Integral
from typing import Any

from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state

from sknnreg.estimators.data.seeds import drawn_seed
from sknnreg.model_selection.fits.sample import Index, Sample, check_no_missing

Split = tuple[Index, Index]


def splitter_of(cv: Any, y: Any, estimator: Any) -> Any:
    """What scikit-learn makes of ``cv``: by default five folds, stratified for classifiers."""
    if isinstance(cv, type):
        raise TypeError(f"cv={cv.__name__} is a class. Make a splitter of it: {cv.__name__}(...).")
    if y is not None and is_classifier(estimator):
        check_no_missing(y, "y")
    return check_cv(cv, y, classifier=is_classifier(estimator))


def checked_repeats(n_repeats: Any) -> int | None:
    """A whole number of at least 1, or None."""
    if n_repeats is None:
        return None
    if isinstance(n_repeats, bool) or not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(f"n_repeats must be an integer >= 1 or None, got {n_repeats!r}.")
    return int(n_repeats)


def drawn_splits(
    sample: Sample, splitter: Any, n_repeats: int, random_state: Any, *, shuffled: bool
) -> list[list[Split]]:
    """The splits of each repetition; shuffled ones, or more than one, are other random folds.

    A single repetition takes a splitter that shuffles, or cannot, as it is. Without a
    ``random_state`` the splitter's own counts.
    """
    if n_repeats == 1 and not (shuffled and can_shuffle(splitter) and not splitter.shuffle):
        return [list(sample.splits(splitter))]
    if not can_shuffle(splitter):
        raise ValueError(
            f"n_repeats={n_repeats} needs a splitter that can shuffle, such as KFold(5) or "
            f"GroupKFold(5), or cv as a number; {type(splitter).__name__} cannot. "
            "Set n_repeats=1 to use it as it is."
        )
    own = splitter.random_state if random_state is None else random_state
    generator = check_random_state(own)
    drawn = []
    for _ in range(n_repeats):
        other = copy(splitter)
        other.shuffle, other.random_state = True, drawn_seed(generator)
        drawn.append(list(sample.splits(other)))
    return drawn


def can_shuffle(splitter: Any) -> bool:
    """Whether it makes other folds of the same size at another seed."""
    return hasattr(splitter, "shuffle") and hasattr(splitter, "random_state")
