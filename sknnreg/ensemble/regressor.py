"""CrossFittedRegressor: the mean of the members' predictions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import r2_score

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.folds import Strata
from sknnreg.ensemble.table import Table
from sknnreg.ensemble.uncertainty import RegressorUncertainty
from sknnreg.estimators import MLPRegularizedRegressor
from sknnreg.estimators.data.numbers import check_numbers
from sknnreg.sklearn_types import RegressorMixin


class CrossFittedRegressor(RegressorMixin, RegressorUncertainty):
    """An ensemble of regressors that hold out a fold each; they train in one pass.

    Each member learns from all rows but those of its own fold, which serve as its validation rows.
    So all rows serve for training and all for validation, and the rows' out-of-fold predictions are
    an honest estimate for the price of the fit. The prediction is the mean over members,
    ``y = sum_m w_m y_m``.

    Parameters
    ----------
    estimator : estimator, default=None
        An ``MLPRegularizedRegressor``, or a ``Pipeline``, nested ones too, whose last step is
        one; None stands for ``MLPRegularizedRegressor()``. Each member is a clone, whose every
        ``random_state`` is drawn from that of the ensemble. With ``early_stopping=True`` members
        stop by the rows that they hold out; ``early_stopping_refit`` is refused, since it learns
        from these.

    n_members : int, default=8
        How many members are averaged, at least 1. Most of the gain is there at 4.

    cv : int, splitter, iterable or None, default=None
        Which rows are held out: member m holds out fold m modulo the number of folds. A number of
        at least 2 is that of folds, None as many as members (or rows, or groups, if these are
        fewer). Rows are dealt at random, groups,
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
        time the one that makes the squared error (in units of each output's variance) of the mean
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
    members_ : list of estimators
        The fitted members. They predict and can be looked into like any other, but cannot go on
        training: what that takes, several times the network itself, is let go.

    weights_ : ndarray of shape (n_networks,)
        The members' weights in the mean, which sum to 1: equal ones, except with
        ``param_distributions``.

    held_out_rows_ : list of ndarray, or None
        For each member, the numbers of the rows that it held out. None with ``validation=None``.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Out-of-fold predictions for the rows of ``fit``: the mean over the members that held a row
        out. NaN for rows that all members learned from. None with ``validation=None``.

    oof_score_ : float or None
        What ``score`` would say of ``oof_prediction_``, over the rows that have one, weighted by
        ``sample_weight``.

    noise_std_ : float, ndarray of shape (n_outputs,) or None
        The standard deviation of y around the members, in units of y: ``s**2 = E (y -
        oof_prediction_)**2 - E v``, v being the variance of the members, and at least a tenth of
        the first term. None with ``validation=None``. The first term is the error of a member,
        mostly more than that of the mean, so that intervals are rather too wide.

    candidates_, candidate_losses_ : list of dict and ndarray, or None
        The settings drawn from ``param_distributions``, and the loss of each one's out-of-fold
        predictions by itself.

    n_iter_ : ndarray of shape (n_networks,)
        The members' numbers of epochs.

    n_outputs_ : int
        Number of targets.

    n_features_in_ : int
        Number of features in ``fit``.

    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X was a data frame whose columns all have text names.

    See Also
    --------
    fit_together : How networks train in one pass.
    sklearn.ensemble.BaggingRegressor : Members on random parts of the rows; works too, within
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
    >>> from sklearn.datasets import load_diabetes
    >>> from sknnreg import MLPRegularizedRegressor
    >>> from sknnreg.ensemble import CrossFittedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = MLPRegularizedRegressor((20,), early_stopping=True, max_iter=500)
    >>> model = CrossFittedRegressor(network, n_members=5, random_state=0).fit(X, y)
    >>> model.oof_score_ > 0.4
    True
    >>> mean, std = model.predict(X[:3], return_std=True)
    >>> std.shape
    (3,)
    """

    _kind: ClassVar[type] = MLPRegularizedRegressor
    _method: ClassVar[str] = "predict"

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

    def predict(self, X: Any, *, return_std: bool = False) -> Any:
        """The mean of the members' predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.
        return_std : bool, default=False
            Whether to return the standard deviation across members too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        std : ndarray of the same shape, only with ``return_std=True``
            ``sqrt(sum_m w_m (y_m - y)^2)`` with the members' weights w_m, which sum to 1. It tells
            how far members disagree, not how far targets scatter.
        """
        if not return_std:
            return self._as_given(self._predict_into(X, self._mean, self._width))
        mean, variance = self._mean_and_variance(X)
        return self._as_given(mean), self._as_given(np.sqrt(variance))

    def _as_given(self, prediction: Array) -> Array:
        return prediction[:, 0] if self._one_dimensional else prediction

    def _check_y(self, y: Any) -> tuple[Any, Strata]:
        y = check_numbers(y, "y")
        self._one_dimensional = y.ndim == 1
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return y, Strata(np.zeros(len(y), np.intp), kept=False)

    def _score(self, prediction: Array, table: Table) -> float:
        if len(prediction) < 2:
            return np.nan
        return float(r2_score(table.y, self._as_given(prediction), sample_weight=table.weight))

    def _loss(self, prediction: Array, table: Table) -> float:
        """Squared error, each output in units of its variance."""
        y = table.y.reshape(prediction.shape)
        variance = np.var(y, axis=0)
        error = np.square(prediction - y) / np.where(variance > 0, variance, 1.0)
        return float(np.average(error.mean(axis=1), weights=table.weight))

    def __sklearn_tags__(self) -> Any:
        """As the members'."""
        return self._with_tags_of_members(super().__sklearn_tags__())
