"""What is to be predicted: measured targets, what is known of them, and classes as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import _num_samples

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.bias_and_variance.losses import LOSSES, Loss
from sknnreg.model_selection.fits.sample import check_no_missing

SMALLEST = np.finfo(np.float64).eps


def checked_loss(loss: Any, estimator: Any) -> str:
    """The loss, by default that of the estimator's kind; raise if it is not for it."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(f"estimator must be an estimator, such as Ridge(), got {estimator!r}.")
    if not (is_classifier(estimator) or is_regressor(estimator)):
        raise ValueError(
            f"{type(estimator).__name__} is neither a classifier nor a regressor: it has no loss "
            "to take apart."
        )
    if loss is None:
        return "zero_one" if is_classifier(estimator) else "squared"
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"loss={loss!r} must be one of {sorted(LOSSES)}, or None.")
    asked = LOSSES[loss]
    if asked.of_classes != is_classifier(estimator):
        kind = "classifiers" if asked.of_classes else "regressors"
        others = [name for name, each in LOSSES.items() if each.of_classes != asked.of_classes]
        raise ValueError(
            f"loss={loss!r} is for {kind}, and {type(estimator).__name__} is none: use "
            f"loss={' or '.join(map(repr, others))}."
        )
    if not hasattr(estimator, asked.method):
        raise ValueError(f"loss={loss!r} needs {asked.method}, which {estimator!r} has not.")
    return loss


@dataclass(frozen=True, eq=False)
class Truth:
    """The test rows; m measurements ``(n, ..., m)`` and what is known, or None of one of them."""

    X: Any
    targets: Array | None
    known: Array | None
    # The shape of one row's target; a classifier's labels, sorted: their places stand for them.
    shape: tuple[int, ...]
    classes: Array | None

    def numbers(self, fitted: Any, loss: Loss) -> Array:
        """A fitted estimator's predictions, as ``loss`` takes them."""
        given = np.asarray(getattr(fitted, loss.method)(self.X))
        if loss.method == "predict_proba":
            assert self.classes is not None
            # A sample may lack classes.
            p = np.zeros((len(given), len(self.classes)))
            p[:, _codes(fitted.classes_, self.classes)] = given
            # As scikit-learn's log_loss: one row that is certain and wrong would be infinite.
            p = np.clip(p, SMALLEST, 1 - SMALLEST)
            return np.asarray(np.log(p / p.sum(axis=1, keepdims=True)))
        if self.classes is not None:
            return _codes(given.ravel(), self.classes)
        numbers = given.astype(float).reshape(len(given), *self.shape)
        if not np.isfinite(numbers).all():
            raise ValueError(f"{type(fitted).__name__} predicts numbers that are not finite.")
        return numbers


def truth_of(X_test: Any, y_test: Any, f_test: Any, y: Any, name: str) -> Truth:
    """The test rows checked, with labels as numbers where ``y`` has classes."""
    y = np.asarray(y)
    shape = y.shape[1:] if y.shape[1:] != (1,) else ()
    of_classes = LOSSES[name].of_classes
    if of_classes and shape:
        raise ValueError(
            f"loss={name!r} is for one column of labels, got y of shape {y.shape}: decompose each "
            "output by itself."
        )
    n_rows = _num_samples(X_test)
    measured = None if y_test is None else _measurements(y_test, (n_rows, *shape), y.ndim)
    known = None if f_test is None else np.asarray(f_test)
    if not of_classes:
        measured = None if measured is None else _finite(measured, "y_test")
        known = None if known is None else _finite(_shaped(known, (n_rows, *shape)), "f_test")
        return Truth(X_test, measured, known, shape, None)
    if measured is not None:
        check_no_missing(measured, "y_test")
    labels = [y.ravel()] if measured is None else [y.ravel(), measured.ravel()]
    if known is not None and name == "zero_one":
        labels.append(known.ravel())
    classes = np.unique(np.concatenate(labels))
    if known is not None and name == "zero_one":
        known = _codes(_shaped(known, (n_rows,)), classes)
    elif known is not None:
        known = _probabilities(_shaped(known, (n_rows, len(classes))))
    targets = None if measured is None else _codes(measured, classes)
    return Truth(X_test, targets, known, shape, classes)


def _measurements(y_test: Any, shape: tuple[int, ...], y_ndim: int) -> Array:
    """The measurements along a last axis; one, where ``y_test`` has the shape of targets."""
    given = np.asarray(y_test)
    if given.shape == shape or given.shape == (*shape, 1):
        return given.reshape(*shape, 1)
    if given.shape[:-1] == shape and given.shape[-1] > 0:
        return given
    raise ValueError(
        f"y_test has the shape {given.shape}, but must have {shape}, or {(*shape, 'm')} for m "
        "measurements of each row of X_test."
    )


def _shaped(f_test: Array, shape: tuple[int, ...]) -> Array:
    if f_test.size != np.prod(shape) or len(f_test) != shape[0]:
        raise ValueError(f"f_test has the shape {f_test.shape}, but must have {shape}.")
    return f_test.reshape(shape)


def _finite(values: Array, name: str) -> Array:
    try:
        numbers = np.asarray(values, dtype=float)
    except ValueError as error:
        raise ValueError(f"{name} must hold numbers: {error}.") from error
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} holds NaN or infinite numbers.")
    return numbers


def _probabilities(f_test: Array) -> Array:
    p = _finite(f_test, "f_test")
    if (p < 0).any() or not np.allclose(p.sum(axis=1), 1, atol=1e-6):
        raise ValueError(
            "f_test must hold the classes' probabilities for loss='log', in the order of the "
            "sorted classes: at least 0, with the sum 1 in each row."
        )
    return p


def _codes(labels: Any, classes: Array) -> Array:
    """The places of labels among the sorted classes."""
    labels = np.asarray(labels)
    places: Array = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    strange = classes[places] != labels
    if strange.any():
        raise ValueError(f"the label {labels[strange][0]!r} is none of the classes {classes}.")
    return places
