"""What may come in as a classifier's y, and what it then means; labels of groups."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import type_of_target

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import CHUNK
from sknnreg.estimators.data.numbers import MISSING, check_same_length
from sknnreg.estimators.data.targets import ClassTargets, LabelTargets


def check_labels(y: Any, name: str, *, min_samples: int = 1) -> Any:
    """Labels of one type, none of them missing: an array, or CSR; errors speak of ``name``."""
    labels = _as_array(y, name, min_samples)
    if sparse.issparse(labels):
        labels = _in_whole_entries(labels)
    kind = labels.dtype.kind
    if kind == "O":
        _check_types({type(each) for each in labels.ravel()}, labels, name)
    elif kind in "SU" and isinstance(y, list | tuple) and labels.ndim == 1:
        # NumPy has made texts, or bytes, of them all.
        _check_types({type(each) for each in y}, y, name)
    elif kind in "mM":
        if np.isnat(labels).any():
            raise ValueError(f"{name} contains NaT, no label. Leave these rows out.")
    elif kind not in "biufcUS":
        raise ValueError(f"Unknown label type: {name} holds {labels.dtype}.")
    else:
        assert_all_finite(labels, input_name=name)
    return labels


def _as_array(y: Any, name: str, min_samples: int) -> Any:
    if type(y) is np.ndarray and y.dtype.kind in "biuf" and y.ndim == 1 and len(y):
        return y
    checks = {"ensure_2d": False, "dtype": None, "ensure_min_samples": min_samples}
    try:
        # Of what is missing among objects, scikit-learn does not say where it is.
        return check_array(y, accept_sparse="csr", ensure_all_finite=False, **checks)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error


def _check_types(types: set[type], labels: Any, name: str) -> None:
    """Raise unless all labels are texts: of other objects nobody knows how they compare."""
    if all(issubclass(each, str) for each in types):
        return
    missing = [each for each in np.asarray(labels, object).ravel() if is_missing(each)]
    if missing:
        raise ValueError(f"{name} contains {missing[0]!r}, no label. Leave these rows out.")
    names = sorted(each.__name__ for each in types)
    if len(names) > 1:
        raise ValueError(
            f"{name} holds labels of different types, {' and '.join(names)}, which cannot be "
            "compared. Make all of them strings, or all of them numbers."
        )
    raise ValueError(
        f"Unknown label type: {name} holds Python objects ({names[0]}). Make them numbers by "
        "astype(int), or strings by astype(str)."
    )


def is_missing(value: Any) -> bool:
    """Whether it stands for a missing value in Python, NumPy or a data frame."""
    return not isinstance(value, str) and str(value) in MISSING


def check_classes(classes: Any) -> Any:
    """All labels that will ever come, as ``partial_fit`` is told them; None stays None."""
    if classes is None:
        return None
    labels = check_labels(classes, "classes", min_samples=0)
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(
            f"classes={classes!r} must be a list of all labels that will ever come, such as "
            "np.unique(y) of the whole y."
        )
    return np.unique(labels)


def class_targets(y: Any, classes: Any = None) -> ClassTargets | LabelTargets:
    """The targets that a validated y (or an explicit list of classes) asks for."""
    if sparse.issparse(y) or (y.ndim == 2 and y.shape[1] > 1):
        return _label_targets(y, classes)
    if classes is not None:
        _check_discrete(classes, "classes")
        return ClassTargets(classes)
    y = y if y.ndim == 1 else column_or_1d(y, warn=True)
    parts = [np.unique(y[start : start + CHUNK]) for start in range(0, len(y), CHUNK)]
    classes = parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))
    _check_discrete(classes, "y")
    # As many as scikit-learn allows without a word.
    if classes.dtype.kind in "iuf" and len(y) > 20 and len(classes) > round(0.5 * len(y)):
        warnings.warn(
            f"y holds {len(classes)} different numbers in {len(y)} rows, and each is learned as a "
            "class of its own. If they are amounts, use MLPRegularizedRegressor.",
            UserWarning,
            stacklevel=2,
        )
    return ClassTargets(classes)


def _label_targets(y: Any, classes: Any) -> LabelTargets:
    targets = LabelTargets(y.shape[1])
    if classes is not None:
        if not np.array_equal(classes, targets.classes):
            raise ValueError(
                f"classes={classes.tolist()} must be the numbers of the labels, "
                f"{targets.classes.tolist()[:10]}, where y is an indicator matrix of shape "
                f"{y.shape}; or leave classes out."
            )
        return targets
    kind = type_of_target(y, input_name="y")
    if kind.startswith("continuous"):
        raise ValueError(_continuous("y", kind))
    if kind != "multilabel-indicator":
        raise ValueError(
            "y should be a 1d array of labels, or an indicator matrix of 0 and 1 with a column for "
            f"each label, got an array of shape {y.shape} ({kind})."
        )
    return targets


def _check_discrete(classes: Array, name: str) -> None:
    if classes.dtype.kind == "f" and (classes != np.floor(classes)).any():
        raise ValueError(_continuous(name, "continuous"))


def _continuous(name: str, kind: str) -> str:
    return (
        f"Unknown label type: {kind}. {name} holds real numbers, and a classifier learns discrete "
        "labels. To predict numbers, use MLPRegularizedRegressor."
    )


def _in_whole_entries(labels: Any) -> Any:
    """A CSR matrix whose entries that come twice count as their sum; the one given stays."""
    if labels.has_canonical_format:
        return labels
    whole = labels.copy()
    whole.sum_duplicates()
    return whole


def check_groups(groups: Any, X: Any) -> Array | None:
    """A label per row that can be compared and sorted; None stays None."""
    if groups is None:
        return None
    checks = {"ensure_2d": False, "ensure_min_samples": 0, "dtype": None}
    with _speaking_of_groups():
        groups = check_array(groups, input_name="groups", **checks)
    if groups.ndim != 1:
        raise ValueError(f"groups must be 1D, one label per row of X, got shape {groups.shape}.")
    check_same_length(X, groups, "groups")
    with _speaking_of_groups():
        np.unique(groups)
    return np.asarray(groups)


@contextmanager
def _speaking_of_groups() -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(
            "groups must be labels of one type, such as integers or strings, none of them missing; "
            f"a row that is in no group is a group of its own. {error}"
        ) from error
