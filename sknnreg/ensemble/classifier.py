"""CrossFittedClassifier: the mean of the members' probabilities."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy import special
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.folds import Strata
from sknnreg.ensemble.table import Table
from sknnreg.ensemble.uncertainty import ClassifierUncertainty
from sknnreg.estimators import MLPRegularizedClassifier
from sknnreg.estimators.data.labels import check_labels, class_targets
from sknnreg.estimators.data.targets import LabelTargets
from sknnreg.sklearn_types import ClassifierMixin


class CrossFittedClassifier(ClassifierMixin, ClassifierUncertainty):
    """An ensemble of classifiers that hold out a fold each; they train in one pass.

    Each member learns from all rows but those of its own fold, which serve as its validation rows.
    So all rows serve for training and all for validation, and the rows' out-of-fold predictions are
    an honest estimate for the price of the fit. The probability of class k is the mean over
    members, ``p_k = sum_m w_m p_mk``.

    Parameters
    ----------
    estimator : estimator, default=None
        An ``MLPRegularizedClassifier``, or a ``Pipeline``, nested ones too, whose last step is
        one; None stands for ``MLPRegularizedClassifier()``. Each member is a clone, whose every
        ``random_state`` is drawn from that of the ensemble. With ``early_stopping=True`` members
        stop by the rows that they hold out; ``early_stopping_refit`` is refused, since it learns
        from these.

    n_members : int, default=8
        How many members are averaged, at least 1. Most of the gain is there at 4.

    cv : int, splitter, iterable or None, default=None
        Which rows are held out: member m holds out fold m modulo the number of folds. A number of
        at least 2 is that of folds, None as many as members (or rows, or groups, if these are
        fewer). Rows are dealt at random, each class' evenly, groups,
        if ``fit`` is given any, as a whole. Or a splitter of ``sklearn.model_selection``, or a list
        of (train, test) row numbers. Without effect with ``validation=None``.

    validation : {"fold", None}, default="fold"
        "fold": each member learns from all rows but one fold, and has that fold as its validation
        rows, ``X_val`` and ``y_val`` of the network's ``fit``. A pipeline's transformers learn from
        the member's training rows only. None: all members learn from all rows and differ in their
        seeds; there are no out-of-fold predictions then.

    param_distributions : dict or list of dict, default=None
        Parameters of ``estimator`` by name, with lists or distributions to draw from, as
        ``RandomizedSearchCV`` takes them. ``n_candidates`` settings are drawn and fitted on every
        fold, all in one pass; then ``n_members`` of them are picked one after the other, each
        time the one that makes the log loss of the mean
        out-of-fold prediction least, the same one again if it is (Caruana et al., 2004; Wenzel et
        al., 2020). The members are the networks of all folds of those that were picked.

    n_candidates : int, default=24
        How many settings are drawn from ``param_distributions``, at least 1; all of them, where
        these are lists of fewer combinations. Without effect if that is None.

    random_state : int, RandomState instance or None, default=None
        Draws the folds, the members' seeds and the candidates. An int gives the same ensemble in
        every call.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels of all rows. A member that has seen none of a class gives it probability 0. With
        folds by ``cv=None`` or a number, that can happen with groups alone: the only row of a
        class, or the only group with it, is never held out, and so all members learn from it.

    members_ : list of estimators
        The fitted members. They predict and can be looked into like any other, but cannot go on
        training: what that takes, several times the network itself, is let go.

    weights_ : ndarray of shape (n_networks,)
        The members' weights in the mean, which sum to 1: equal ones, except with
        ``param_distributions``.

    held_out_rows_ : list of ndarray, or None
        For each member, the numbers of the rows that it held out. None with ``validation=None``.

    oof_prediction_ : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), or None
        Out-of-fold predictions for the rows of ``fit``: the mean over the members that held a row
        out. NaN for rows that all members learned from. None with ``validation=None``.

    oof_score_ : float or None
        What ``score`` would say of ``oof_prediction_``, over the rows that have one, weighted by
        ``sample_weight``.

    candidates_, candidate_losses_ : list of dict and ndarray, or None
        The settings drawn from ``param_distributions``, and the loss of each one's out-of-fold
        predictions by itself.

    n_iter_ : ndarray of shape (n_networks,)
        The members' numbers of epochs.

    n_features_in_ : int
        Number of features in ``fit``.

    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X was a data frame whose columns all have text names.

    See Also
    --------
    fit_together : How networks train in one pass.
    sklearn.ensemble.BaggingClassifier : Members on random parts of the rows; works too, within
        ``fit_together()``.

    Notes
    -----
    The members are those that M single fits on the same rows with the same seeds would give, bit
    for bit; they train as stacks, on all cores. ``with fit_together(n_jobs=1):`` around ``fit``
    limits the cores, and ``max_memory`` there the memory. Within such a block, the members of
    several ensembles, as in a search, meet too.

    Each row is judged by members that have not learned from it, so ``oof_score_`` is an unbiased
    estimate of what a single member scores on fresh rows. The mean of all members mostly scores
    better. Two things make the estimate optimistic: early stopping, which chooses the epoch by the
    same rows (on regressions of 150, 400 and 1,000 rows in 4 folds, the squared error of a member
    came out 8, 3 and 2 % too low, that of the ensemble 0, 5 and 5 % too high), and
    ``param_distributions``, which chooses settings by them.

    References
    ----------
    Krogh and Vedelsby (1995), Neural network ensembles, cross validation, and active learning.
    Caruana et al. (2004), Ensemble selection from libraries of models.
    Wenzel et al. (2020), Hyperparameter ensembles for robustness and uncertainty quantification.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.ensemble import CrossFittedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPRegularizedClassifier((20,), early_stopping=True, max_iter=500)
    >>> model = CrossFittedClassifier(network, n_members=5, random_state=0).fit(X, y)
    >>> model.oof_prediction_.shape
    (150, 3)
    >>> model.oof_score_ > 0.9
    True
    >>> model.disagreement(X).shape
    (150,)
    """

    _kind: ClassVar[type] = MLPRegularizedClassifier
    _method: ClassVar[str] = "predict_proba"

    def __init__(
        self,
        estimator: Any = None,
        n_members: int = 8,
        *,
        cv: Any = None,
        validation: str | None = "fold",
        param_distributions: Any = None,
        n_candidates: int = 24,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_members = n_members
        self.cv = cv
        self.validation = validation
        self.param_distributions = param_distributions
        self.n_candidates = n_candidates
        self.random_state = random_state

    def predict_proba(self, X: Any) -> Array:
        """The mean of the members' class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        check_is_fitted(self, "members_")
        return self._predict_into(X, self._mean, len(self.classes_))

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of ``predict_proba``, exact where a probability would be rounded to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        check_is_fitted(self, "members_")
        weights = self.weights_[:, None, None]
        return self._predict_into(
            X,
            lambda logs: special.logsumexp(logs, axis=0, b=weights),
            len(self.classes_),
            method="predict_log_proba",
        )

    def predict(self, X: Any) -> Array:
        """The class of the largest mean probability, or the labels of one above a half.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        """
        return self._labels(self.predict_proba(X))

    def disagreement(self, X: Any) -> Array:
        """How far the members disagree about each row: what they know of it beside their mean.

        The mutual information between the label and the member, in nats: the entropy of the mean
        probabilities less the mean entropy of the members', which is also the mean divergence
        ``KL(p_m || p)`` of the members from their mean. 0 where all agree.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        information : ndarray of shape (n_samples,) or (n_samples, n_labels)
            At least 0 and at most log n_classes; of several labels, each by itself.
        """
        check_is_fitted(self, "members_")
        if self._multilabel:
            return self._predict_into(X, self._information, len(self.classes_))
        return self._predict_into(X, self._information, 1)[:, 0]

    def _information(self, given: Array) -> Array:
        mean = self._mean(given)
        divergence = special.rel_entr(given, mean)
        if self._multilabel:
            return self._mean(divergence + special.rel_entr(1 - given, 1 - mean)).clip(0)
        return self._mean(divergence.sum(axis=-1, keepdims=True)).clip(0)

    def _labels(self, proba: Array) -> Array:
        if self._multilabel:
            return (proba > 0.5).astype(np.int64)
        labels: Array = self.classes_[proba.argmax(axis=1)]
        return labels

    def _check_y(self, y: Any) -> tuple[Any, Strata]:
        y = check_labels(y, "y")
        targets = class_targets(y)
        self.classes_, self._multilabel = targets.classes, isinstance(targets, LabelTargets)
        y = y if self._multilabel else column_or_1d(y)
        codes = targets.strata(targets.encode(y, "y"))
        assert codes is not None
        return y, Strata(codes, kept=targets.exclusive)

    def _score(self, prediction: Array, table: Table) -> float:
        if len(prediction) == 0:
            return np.nan
        labels = self._labels(prediction)
        return float(accuracy_score(table.y, labels, sample_weight=table.weight))

    def _loss(self, prediction: Array, table: Table) -> float:
        """Log loss, of several labels their sum."""
        if self._multilabel:
            y = np.asarray(table.y.todense() if hasattr(table.y, "todense") else table.y)
            each = np.where(y == 1, prediction, 1 - prediction)
        else:
            codes = np.searchsorted(self.classes_, table.y)
            each = np.take_along_axis(prediction, codes[:, None], axis=1)
        smallest = np.finfo(np.float64).tiny
        loss = -np.log(np.maximum(each, smallest)).sum(axis=1)
        return float(np.average(loss, weights=table.weight))

    def __sklearn_tags__(self) -> Any:
        """As the members'."""
        return self._with_tags_of_members(super().__sklearn_tags__())
