"""Fitted estimators of scikit-learn as one that is their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from sknnreg.engine.arrays.stack import Array


def voting(members: Sequence[Any], weights: Array, like: Any, classes: Array | None) -> Any:
    """A fitted voting of fitted members; ``like`` knows the names of the inputs.

    Those of a classifier have the classes 0, 1, ..., as it would have fitted them.
    """
    named = [(f"network{number}", member) for number, member in enumerate(members)]
    # Equal weights are none, as a user would write it.
    given = None if np.ptp(weights) == 0 else weights.tolist()
    if classes is None:
        fitted = VotingRegressor(named, weights=given)
    else:
        fitted = VotingClassifier(named, voting="soft", weights=given, flatten_transform=False)
        fitted.le_ = LabelEncoder().fit(classes)
        fitted.classes_ = fitted.le_.classes_
    fitted.estimators_ = [member for _, member in named]
    fitted.named_estimators_ = Bunch(**dict(named))
    if hasattr(like, "feature_names_in_"):
        _name_inputs(fitted, like.feature_names_in_)
    return fitted


def _name_inputs(fitted: Any, names: Array) -> None:
    """Also for those who vote, which are given the same rows; pipelines know theirs."""
    fitted.feature_names_in_ = names
    for each in getattr(fitted, "estimators_", []):
        if not isinstance(each, Pipeline):
            _name_inputs(each, names)
