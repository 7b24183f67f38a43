"""Predictions that are means over augmented copies of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from sknnreg.sklearn_types import BaseEstimator, MetaEstimatorMixin, available_if

if TYPE_CHECKING:
    from typing import Self

# Numbers of augmented rows that are in memory at once.
NUMBERS_AT_ONCE = 1 << 22


def _predicts_probabilities(self: Any) -> bool:
    return hasattr(getattr(self, "estimator_", self.estimator), "predict_proba")


class TestTimeAugmentation(MetaEstimatorMixin, BaseEstimator):
    r"""Predict the mean over augmented copies of each row.

    .. math:: \hat{p}(x) = \frac{1}{D + 1} \Big( p(x) + \sum_{d=1}^{D} p(a_d(x)) \Big)

    with p the estimator's probabilities, or a regressor's predictions, and :math:`a_d(x)` draws of
    the augmentation. All draws are predicted in one call for as many rows as bounded memory allows.
    Source: Krizhevsky, Sutskever and Hinton (2012).

    Parameters
    ----------
    estimator : object
        A classifier with ``predict_proba``, or a regressor; trained with the same augmentation as a
        rule. A ``sklearn.frozen.FrozenEstimator`` is not trained again.
    augmentation : object
        One of `sknnreg.augmentation` or a function ``(X, y, rng) -> (X, y)``, which is given None
        as y. One that mixes rows is refused.
    n_draws : int, default=10
        At least 1: D. Time grows in proportion.
    keep_original : bool, default=True
        Whether the row itself counts as well, as above.
    random_state : int, RandomState or None, default=None
        A number makes predictions for the same X equal. What is drawn for a row depends on its
        place in X.

    Attributes
    ----------
    estimator_ : object
        The fitted estimator.
    classes_ : ndarray
        Of a classifier, its classes.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.augmentation import RandomShift, TestTimeAugmentation
    >>> X, y = load_digits(return_X_y=True)
    >>> shift = RandomShift((8, 8), max_shift=0.05)
    >>> network = MLPRegularizedClassifier((50,), augmentation=shift, random_state=0)
    >>> model = TestTimeAugmentation(network, shift, random_state=0).fit(X[:1000], y[:1000])
    >>> model.predict_proba(X[1000:]).shape
    (797, 10)
    """

    # No test, whatever its name says to pytest.
    __test__ = False

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit"])],
        "augmentation": [callable],
        "n_draws": [Interval(Integral, 1, None, closed="left")],
        "keep_original": ["boolean"],
        "random_state": ["random_state"],
    }

    estimator_: Any
    n_features_in_: int

    def __init__(
        self,
        estimator: Any,
        augmentation: Any,
        *,
        n_draws: int = 10,
        keep_original: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.augmentation = augmentation
        self.n_draws = n_draws
        self.keep_original = keep_original
        self.random_state = random_state

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Fit the estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of numbers.
        y : array-like
            Their targets.
        **params : dict
            What else the estimator's ``fit`` takes, such as ``sample_weight``; with metadata
            routing, what it asks for.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._check()
        X = validate_data(self, X, dtype="numeric", ensure_min_samples=1)
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "fit", **params).estimator.fit
        self.estimator_ = clone(self.estimator).fit(X, y, **params)
        # Of several labels a row has any number.
        self._decides_each = type_of_target(y) == "multilabel-indicator"
        return self

    def _check(self) -> None:
        self._validate_params()
        if isinstance(self.augmentation, type):
            raise ValueError(
                f"augmentation={self.augmentation.__name__} is a class. Make one of it, such as "
                f"{self.augmentation.__name__}(...)."
            )
        if not (is_classifier(self.estimator) or is_regressor(self.estimator)):
            raise ValueError(
                f"estimator={self.estimator!r} is neither a classifier nor a regressor: of "
                "probabilities and of amounts there are means, of other predictions not."
            )
        if getattr(self.augmentation, "mixes_rows", False):
            raise ValueError(
                f"augmentation={self.augmentation!r} mixes rows: a prediction would depend on "
                "which other rows are predicted. Leave that member out here."
            )
        if is_classifier(self.estimator) and not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"estimator={self.estimator!r} has no predict_proba, and labels have no mean. "
                "sklearn.calibration.CalibratedClassifierCV gives it one."
            )

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes of the fitted classifier."""
        classes: NDArray[Any] = self.estimator_.classes_
        return classes

    def predict(self, X: Any) -> NDArray[Any]:
        """The mean prediction, or the class with the largest mean probability.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of numbers.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        """
        check_is_fitted(self)
        if not is_classifier(self.estimator_):
            return self._mean(X, self.estimator_.predict)
        mean = self._mean(X, self.estimator_.predict_proba)
        if self._decides_each:
            return (mean > 0.5).astype(np.int64)
        return np.asarray(self.classes_[mean.argmax(axis=1)])

    @available_if(_predicts_probabilities)
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """The mean probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of numbers.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            A column for each of ``classes_``.
        """
        check_is_fitted(self)
        return self._mean(X, self.estimator_.predict_proba)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy of a classifier, R² of a regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of numbers.
        y : array-like
            Their true targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            Larger is better.
        """
        check_is_fitted(self)
        measure = accuracy_score if is_classifier(self.estimator_) else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    def _mean(self, X: Any, method: Callable[[Any], NDArray[Any]]) -> NDArray[Any]:
        """The mean over all copies, a bounded number of rows at a time."""
        self._check()
        X = validate_data(self, X, reset=False, dtype="numeric")
        means = []
        for copies, n_copies in self._copies(X):
            values = method(copies)
            if isinstance(values, list):
                raise ValueError(
                    f"estimator={self.estimator!r} predicts several targets of classes, whose "
                    "probabilities are a list. sklearn.multioutput.ClassifierChain, or a network "
                    "with an indicator matrix as y, predicts an array."
                )
            values = np.asarray(values)
            means.append(values.reshape(n_copies, -1, *values.shape[1:]).mean(axis=0))
        return np.concatenate(means)

    def _copies(self, X: NDArray[Any]) -> Iterator[tuple[NDArray[Any], int]]:
        """Blocks of rows, as often as there are draws, one copy of the block after the other."""
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        rng = np.random.default_rng(seed)
        n_copies = self.n_draws + bool(self.keep_original)
        # Whole numbers would be rounded after each draw.
        dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
        step = max(1, NUMBERS_AT_ONCE // (n_copies * X.shape[1]))
        for start in range(0, len(X), step):
            block = np.asarray(X[start : start + step], dtype)
            copies = np.tile(block, (self.n_draws, 1))
            drawn = self._drawn(copies, rng)
            yield (np.concatenate([block, drawn]) if self.keep_original else drawn), n_copies

    def _drawn(self, copies: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """What the augmentation makes of rows."""
        returned = self.augmentation(copies, None, rng)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise ValueError(
                f"augmentation={self.augmentation!r} must return a tuple (X, y), got "
                f"{type(returned).__name__}."
            )
        drawn = np.asarray(returned[0])
        if drawn.shape != copies.shape:
            raise ValueError(
                f"augmentation={self.augmentation!r} must return X in the shape it was given, "
                f"{copies.shape}, got {drawn.shape}."
            )
        if drawn.dtype.kind not in "biuf" or not np.isfinite(drawn).all():
            raise ValueError(
                f"augmentation={self.augmentation!r} must return finite numbers as X, got an array "
                f"of {drawn.dtype} in which others are."
            )
        return drawn

    def get_metadata_routing(self) -> Any:
        """Everything goes to the estimator's ``fit``.

        Returns
        -------
        routing : MetadataRouter
            What is passed on.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags = inner.target_tags
        tags.non_deterministic = True
        return tags
