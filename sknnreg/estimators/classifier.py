"""MLPRegularizedClassifier: labels in, probabilities out."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.stack import Array
from sknnreg.estimators.base import BaseMLPRegularized, takes_steps
from sknnreg.estimators.parameters import CONSTRAINTS
from sknnreg.estimators.targets import ClassTargets, LabelTargets, Targets, class_targets


class MLPRegularizedClassifier(ClassifierMixin, BaseMLPRegularized):
    """TODO."""

    _parameter_constraints = {**CONSTRAINTS, "class_weight": [dict, StrOptions({"balanced"}), None]}

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        *,
        activation: Any = "relu",
        standardize: bool = True,
        input_noise: float = 0.0,
        dropout: Any = 0.0,
        input_dropout: float = 0.0,
        dropout_scaling: str = "train",
        normalization: str | None = None,
        normalization_position: str = "before",
        normalization_epsilon: float = 1e-5,
        normalization_momentum: float = 0.9,
        batch_statistics: str = "moving",
        weight_noise: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        class_weight: Any = None,
        solver: str = "adam",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
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
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        early_stopping_scoring: Any = "loss",
        max_time: float | None = None,
        warm_start: bool = False,
        dtype: str = "auto",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self._store(locals())

    def _plan_targets(self, y: Any, classes: Any) -> Targets:
        if classes is None:
            return class_targets(y)
        if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
            return LabelTargets(y.shape[1])
        classes = np.unique(classes)
        check_classification_targets(classes)
        return ClassTargets(classes)

    @available_if(takes_steps)
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
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all rows at once, which partial_fit does not see. "
                "Pass the dict that sklearn.utils.class_weight.compute_class_weight gives."
            )
        memory = getattr(self, "_memory", None)
        if memory is not None and classes is not None:
            known = memory.targets.classes
            if not np.array_equal(np.unique(classes), known):
                raise ValueError(
                    f"classes={list(classes)!r} differs from the first call's {known.tolist()}."
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
        check_is_fitted(self)
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
        check_is_fitted(self)
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
        tags.classifier_tags.multi_label = True
        return tags
