"""Which networks an estimator holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sknnreg.estimators.base import BaseMLPRegularized


def check_network(estimator: object, function: str) -> None:
    """Raise unless it is one of this package's estimators."""
    if not isinstance(estimator, BaseMLPRegularized):
        raise TypeError(
            f"{function} needs an MLPRegularizedClassifier or MLPRegularizedRegressor, got "
            f"{type(estimator).__name__}. Of a pipeline, give its last step."
        )


def clone_with(estimator: BaseMLPRegularized, settings: dict[str, Any]) -> BaseMLPRegularized:
    """A clone with these hyperparameters, whether or not its constructor takes them."""
    cloned: BaseMLPRegularized = clone(estimator)
    vars(cloned).update(settings)
    return cloned


def networks_in(estimator: Any) -> Iterator[BaseMLPRegularized]:
    """The networks in a fitted estimator: itself, a pipeline's last step, a search's best one.

    Of an ensemble or a sequence, all.
    """
    if isinstance(estimator, BaseMLPRegularized):
        yield estimator
    elif isinstance(estimator, Pipeline):
        yield from networks_in(estimator[-1])
    elif hasattr(estimator, "best_estimator_"):
        yield from networks_in(estimator.best_estimator_)
    elif hasattr(estimator, "members_"):
        yield from networks_in(estimator.members_)
    elif hasattr(estimator, "estimators_"):
        yield from networks_in(estimator.estimators_)
    elif isinstance(estimator, Iterable) and not isinstance(estimator, str | bytes):
        for each in estimator:
            yield from networks_in(each)
