"""``bias_variance``: the same estimators on many training samples, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold
from sklearn.utils import _safe_indexing

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.training.subtasks import Listeners
from sknnreg.model_selection.bias_and_variance.losses import LOSSES, Loss
from sknnreg.model_selection.bias_and_variance.result import BiasVarianceResult
from sknnreg.model_selection.bias_and_variance.samples import SAMPLINGS, Rows
from sknnreg.model_selection.bias_and_variance.truth import Truth, checked_loss, truth_of
from sknnreg.model_selection.fits.listening import run_tasks
from sknnreg.model_selection.fits.sample import Index, Sample, routed_sample
from sknnreg.model_selection.fits.train_and_test import together_if_ours


def bias_variance(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    X_test: Any = None,
    y_test: Any = None,
    f_test: Any = None,
    n_rounds: int = 50,
    loss: str | None = None,
    sampling: str = "bootstrap",
    groups: Any = None,
    params: dict[str, Any] | None = None,
    random_state: Any = None,
    n_jobs: int | None = None,
    callbacks: Any = None,
) -> BiasVarianceResult:
    r"""Take the loss over training samples apart into bias, variance and noise.

    The estimator is fitted to ``n_rounds`` training samples; :math:`P_r(x)` is what the r-th
    predicts, :math:`E` the mean over samples, and :math:`f` what would be best.

    - ``"squared"``: :math:`E (P - y)^2 = (E P - f)^2 + E (P - E P)^2 + (y - f)^2` in the mean over
      y. Both parts are estimated without bias: the :math:`1/R` of the variance that a mean of R has
      is taken off bias², which may get it below 0 where there is none.
    - ``"zero_one"`` (Domingos 2000): the main prediction is the most frequent label. Bias is 1
      where it is wrong. The variance, the share of other labels, costs where it is right (unbiased
      variance), and where it is wrong it saves the share of right labels (biased variance);
      ``variance`` is the first minus the second, and can be below 0.
    - ``"log"`` (Heskes 1998): the main prediction q is the normalized geometric mean,
      :math:`q \propto \exp E \log P`; bias :math:`\text{KL}(f, q)`, variance
      :math:`E\,\text{KL}(q, P)`, noise the entropy of f.

    The terms add up to the loss, to rounding. All are means over the test rows.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor. With a whole number as its ``random_state``, all rounds start
        alike and the variance is that of the samples; with None, the start's is in it.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Inputs that training samples are drawn from.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets. Losses of several outputs are averaged.
    X_test : {array-like, sparse matrix, dataframe} of shape (n_test, n_features), default=None
        Rows to predict. None: a quarter of the rows of ``X`` is held out from all samples.
    y_test : array-like of shape (n_test,) or (n_test, n_outputs), and (..., m), default=None
        Targets of ``X_test``. With m measurements of each row along a last axis, their spread is
        the noise; with one alone, the noise is part of the bias.
    f_test : array-like of shape (n_test,), (n_test, n_outputs) or (n_test, n_classes), default=None
        What is known to be best at ``X_test``: the mean of y; for ``"zero_one"`` the label, for
        ``"log"`` the probabilities of the sorted classes. Without ``y_test``, the loss is that
        against ``f_test``. With it, the noise is what is left, in expectation that of y.
    n_rounds : int, default=50
        Number of training samples, at least 2.
    loss : {"squared", "zero_one", "log"}, default=None
        None: ``"squared"`` for a regressor, ``"zero_one"`` for a classifier.
    sampling : {"bootstrap", "subsample"}, default="bootstrap"
        ``"bootstrap"`` draws as many rows as there are, with replacement; samples then have rows in
        common, and the variance is that of sampling from these rows. ``"subsample"`` divides the
        rows into ``n_rounds`` parts, as independent as the rows are.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together: samples take whole groups. Under metadata routing, pass them in
        ``params``.
    params : dict, default=None
        What else ``fit`` is to get, such as ``sample_weight``, of which each sample gets its rows.
    random_state : int, RandomState instance or None, default=None
        For the samples. An int gives the same ones at every call.
    n_jobs : int, default=None
        Fits at a time. With None, networks of this package train side by side, in one pass of
        `fit_together`.
    callbacks : callback or list of callbacks, default=None
        Of scikit-learn, such as ``ProgressBar()``.

    Returns
    -------
    result : BiasVarianceResult
        The terms, in the mean and by test row. ``print(result)`` shows a table.

    Raises
    ------
    ValueError
        If a parameter is out of range, ``loss`` is not for this kind of estimator, or the rows are
        too few for the samples; and what the estimator raises.

    See Also
    --------
    BiasVarianceDisplay.from_estimator : Along a hyperparameter, as a picture.

    References
    ----------
    S. Geman, E. Bienenstock and R. Doursat, Neural networks and the bias/variance dilemma, Neural
    Computation 4, 1992.

    P. Domingos, A unified bias-variance decomposition, ICML 2000.

    T. Heskes, Bias/variance decompositions for likelihood-based estimators, Neural Computation 10,
    1998.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from sknnreg.model_selection import bias_variance
    >>> X, y = load_diabetes(return_X_y=True)
    >>> result = bias_variance(DecisionTreeRegressor(random_state=0), X, y, random_state=0)
    >>> print(result)
    Bias and variance of the squared error on 111 test rows:
    50 bootstrap training samples of 331 rows
    <BLANKLINE>
    bias^2 (with noise)             3005         50%
    variance                        3024         50%
    loss                            6029        100%
    """
    asked = {"X_test": X_test, "y_test": y_test, "f_test": f_test}
    asked |= {"n_rounds": n_rounds, "loss": loss, "sampling": sampling, "groups": groups}
    asked |= {"params": params, "random_state": random_state}
    asked |= {"n_jobs": n_jobs, "callbacks": callbacks}
    return studied("bias_variance", [estimator], X, y, **asked)[0]


def studied(
    caller: str,
    estimators: Sequence[Any],
    X: Any,
    y: Any,
    *,
    X_test: Any = None,
    y_test: Any = None,
    f_test: Any = None,
    n_rounds: int = 50,
    loss: str | None = None,
    sampling: str = "bootstrap",
    groups: Any = None,
    params: dict[str, Any] | None = None,
    random_state: Any = None,
    n_jobs: int | None = None,
    callbacks: Any = None,
) -> list[BiasVarianceResult]:
    """As `bias_variance` for each of some estimators of one kind, on the same samples."""
    name = checked_loss(loss, estimators[0])
    _check(y, n_rounds, sampling, X_test, y_test, f_test)
    # The splitter stands for the samples: it takes groups.
    sample = routed_sample(
        caller, X, y, estimator=estimators[0], cv=GroupKFold(), groups=groups, params=params
    )
    classes = np.ravel(sample.y) if LOSSES[name].of_classes else None
    rows = Rows(len(sample), classes, sample.split_params.get("groups"), random_state)
    if X_test is None:
        test = rows.hold_out()
        X_test, y_test = _safe_indexing(sample.X, test), sample.y_of(test)
    truth = truth_of(X_test, y_test, f_test, sample.y, name)
    samples = rows.samples(sampling, n_rounds)
    calls = [(sample, each, drawn, truth, LOSSES[name]) for each in estimators for drawn in samples]
    with together_if_ours(list(estimators), n_jobs):
        found: list[Array] = run_tasks(
            "bias and variance", _one_fit, calls, callbacks=callbacks, n_jobs=n_jobs
        )
    predictions = np.array(found).reshape(len(estimators), n_rounds, *found[0].shape)
    return [_taken_apart(name, each, truth, samples, sampling) for each in predictions]


def _taken_apart(
    name: str, predictions: Array, truth: Truth, samples: list[Index], sampling: str
) -> BiasVarianceResult:
    """The result of one estimator's predictions ``(R, n, ...)``."""
    terms = LOSSES[name].terms(predictions, truth.targets, truth.known)
    main = terms.main
    if name == "zero_one" and truth.classes is not None:
        main = truth.classes[main]
    return BiasVarianceResult.of(name, terms, main, samples, sampling)


def _one_fit(
    listeners: Listeners, sample: Sample, estimator: Any, rows: Index, truth: Truth, loss: Loss
) -> Array:
    return truth.numbers(sample.fitted(listeners, estimator, rows), loss)


def _check(y: Any, n_rounds: Any, sampling: Any, X_test: Any, y_test: Any, f_test: Any) -> None:
    if y is None:
        raise ValueError("y is None: pass the targets of X.")
    if not isinstance(n_rounds, Integral) or isinstance(n_rounds, bool) or n_rounds < 2:
        raise ValueError(f"n_rounds={n_rounds!r} must be a whole number of at least 2.")
    if sampling not in SAMPLINGS:
        raise ValueError(f"sampling={sampling!r} must be one of {list(SAMPLINGS)}.")
    if X_test is None and not (y_test is None and f_test is None):
        raise ValueError("y_test and f_test are of the rows of X_test: pass X_test too.")
    if X_test is not None and y_test is None and f_test is None:
        raise ValueError(
            "X_test needs targets: pass y_test, or what is known of them as f_test, or both."
        )
