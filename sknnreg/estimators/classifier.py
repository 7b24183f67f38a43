"""MLPRegularizedClassifier: labels in, probabilities out."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from scipy import special
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.base import BaseMLPRegularized, takes_steps
from sknnreg.estimators.data.targets import LabelTargets, Targets, class_targets
from sknnreg.estimators.documentation import documented
from sknnreg.estimators.settings.parameters import CONSTRAINTS


def _sees_part(estimator: Any) -> bool:
    """Whether ``partial_fit`` is there: it takes steps, and knows nothing of rows to come."""
    if estimator.class_weight == "balanced":
        raise AttributeError(
            "class_weight='balanced' needs all rows at once, which partial_fit does not see. "
            "Pass the dict that sklearn.utils.class_weight.compute_class_weight gives."
        )
    return takes_steps(estimator)


@documented
class MLPRegularizedClassifier(ClassifierMixin, BaseMLPRegularized):
    """Multilayer perceptron classifier with the classical regularisers.

    A scikit-learn classifier for binary, multiclass and multilabel targets. Its loss is the
    cross-entropy: ``-log p_y`` with softmax outputs, or for two classes and for each label
    ``-y log p - (1 - y) log(1 - p)`` with a logistic output.

    {the map}

    {objective}

    Parameters
    ----------
    {parameters, place 1}

    label_smoothing : float, default=0.0
        Place 1. Share e, in [0, 1), of each target that is spread evenly over all K classes, ``(1 -
        e) y + e / K``, while training; K is 2 for each label of a multilabel target. Validation
        losses are those of the targets as they are. Source: Szegedy et al. (2016).

    {parameters, from adversarial to place 3}

    {parameters, penalties}

    class_weight : dict, "balanced" or None, default=None
        Place 4. Weights of the classes, multiplied with the sample weights, in the validation loss
        too. "balanced" weighs class k by ``n / (n_classes * n_k)``, counting rows by their sample
        weights (King and Zeng, 2001). Not for multilabel targets; "balanced" not with
        ``partial_fit``, which does not see all rows.

    {parameters, places 5 to 7}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels in order, or the numbers of the labels of a multilabel target.

    {attributes}

    out_activation_ : str
        "softmax"; "logistic" for two classes or a multilabel target.

    {inputs}

    Raises
    ------
    {errors}

    See Also
    --------
    MLPRegularizedRegressor : The same for real-valued targets and counts.
    sklearn.neural_network.MLPClassifier : scikit-learn's multilayer perceptron.

    Notes
    -----
    {notes}

    References
    ----------
    * King, G. and Zeng, L. (2001). Logistic regression in rare events data. Political Analysis 9.

    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from sknnreg import MLPRegularizedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> model = MLPRegularizedClassifier(
    ...     (20,), dropout=0.2, l2=1e-3, early_stopping=True, max_iter=1000, random_state=0
    ... )
    >>> model.fit(X_train, y_train).stop_reason_
    'no_improvement'
    >>> model.score(X_test, y_test) > 0.8
    True
    >>> model.predict_proba(X_test).shape
    (38, 3)

    The fitted network is a plain one, whatever it was trained with:

    >>> [weights.shape for weights in model.coefs_]
    [(4, 20), (20, 3)]

    Some other regularisers, for a fixed number of epochs:

    >>> model = MLPRegularizedClassifier(
    ...     (20, 20),
    ...     input_noise=0.1,
    ...     normalization="batch",
    ...     max_norm=3.0,
    ...     max_iter=50,
    ...     n_iter_no_change=float("inf"),
    ...     random_state=0,
    ... )
    >>> model.fit(X_train, y_train).n_iter_
    50
    """

    _parameter_constraints = {
        **CONSTRAINTS,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        *,
        activation: Any = "relu",
        standardize: bool = True,
        input_noise: float = 0.0,
        augmentation: Any = None,
        mixup: float = 0.0,
        label_smoothing: float = 0.0,
        adversarial: float = 0.0,
        dropout: Any = 0.0,
        input_dropout: float = 0.0,
        dropout_kind: str = "bernoulli",
        dropout_scaling: str = "train",
        normalization: str | None = None,
        normalization_position: str = "before",
        normalization_epsilon: float = 1e-5,
        normalization_momentum: float = 0.9,
        normalization_groups: int = 8,
        batch_statistics: str = "moving",
        weight_norm: bool = False,
        drop_connect: float = 0.0,
        drop_connect_inference: str = "mean",
        weight_noise: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        class_weight: Any = None,
        solver: str = "adam",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        learning_rate_min: float = 0.0,
        learning_rate_period: int = 10,
        learning_rate_period_mult: float = 1.0,
        learning_rate_decay: float = 0.95,
        learning_rate_warmup: int = 0,
        power_t: float = 0.5,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_fun: int = 15000,
        weight_decay: float = 0.0,
        gradient_noise: float = 0.0,
        gradient_noise_decay: float = 0.0,
        clip_norm: float | None = None,
        batch_size: int | str = "auto",
        shuffle: bool = True,
        max_norm: float | None = None,
        max_weight_norm: float | None = None,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        early_stopping_scoring: Any = "loss",
        early_stopping_refit: str | None = None,
        weight_averaging: str | None = None,
        averaging_decay: float = 0.999,
        averaging_start: float = 0.75,
        n_snapshots: int = 1,
        max_time: float | None = None,
        warm_start: bool = False,
        dtype: str = "auto",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self._store(locals())

    def _plan_targets(self, y: Any, classes: Any, before: Any) -> Targets:
        if before is not None:
            return before
        if classes is None:
            return class_targets(y)
        if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
            return LabelTargets(y.shape[1])
        return class_targets(y, classes)

    @available_if(_sees_part)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPRegularizedClassifier:
        """Train one epoch on what is given, going on where the last call ended.

        The first call fixes the classes and the scale of the inputs.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call unless y holds them all.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows, as in ``fit``.

        Returns
        -------
        self : object
            The estimator, one epoch further.
        """
        memory = getattr(self, "_memory", None)
        if memory is not None and classes is not None:
            known = memory.targets.classes
            if not np.array_equal(np.unique(classes), known):
                raise ValueError(
                    f"classes={list(classes)!r} differs from the first call's {known.tolist()}. "
                    "Leave classes out, or start anew with sklearn.base.clone."
                )
        validation = (X_val, y_val, sample_weight_val)
        return self._learn(
            (X, y, sample_weight), validation, memory, 1, classes=classes, partial=True
        )

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        return self._probabilities(X, special.expit, special.softmax)

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the class probabilities, all finite.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        return self._probabilities(X, special.log_expit, special.log_softmax)

    def predict(self, X: Any) -> Array:
        """The most probable class, or the labels of probability above a half.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        """
        check_is_fitted(self, "coefs_")
        if isinstance(self._targets, LabelTargets):
            return self._predict_into(X, lambda raw: raw > 0, self.n_outputs_, np.int64)
        classes = self.classes_
        if len(classes) <= 2:
            # A single class is predicted whatever the output.
            last = len(classes) - 1
            return self._predict_into(
                X, lambda raw: classes[np.where(raw[:, 0] > 0, last, 0)], None, classes.dtype
            )
        return self._predict_into(X, lambda raw: classes[raw.argmax(axis=1)], None, classes.dtype)

    def _probabilities(self, X: Any, logistic: Any, softmax: Any) -> Array:
        """The links of one output and of several, or their logarithms."""
        check_is_fitted(self, "coefs_")
        n_classes = len(self.classes_)
        if isinstance(self._targets, LabelTargets):
            return self._predict_into(X, logistic, n_classes)
        if n_classes == 1:
            certain = logistic(np.inf)
            return self._predict_into(X, lambda raw: np.full_like(raw, certain), 1)
        if n_classes == 2:
            return self._predict_into(X, lambda raw: logistic(np.hstack([-raw, raw])), 2)
        return self._predict_into(X, lambda raw: softmax(raw, axis=1), n_classes)

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is welcome."""
        tags = super().__sklearn_tags__()
        # A row with several labels has no one class to weigh it by.
        several = self.class_weight is None
        tags.classifier_tags.multi_label = several
        tags.target_tags.multi_output = several
        return tags
