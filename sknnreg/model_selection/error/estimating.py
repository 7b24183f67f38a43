"""estimate_error: the error of an estimator on fresh rows, with an interval."""

from __future__ import annotations

from typing import Any

import numpy as np

from sknnreg.model_selection.error.nested_fits import fold_numbers, nested_losses
from sknnreg.model_selection.error.nested_moments import nested_moments
from sknnreg.model_selection.error.result import ErrorEstimateResult
from sknnreg.model_selection.error.row_losses import MeanLoss, row_losses_of, users_losses
from sknnreg.model_selection.fits.listening import checked_callbacks, run_tasks
from sknnreg.model_selection.fits.measures import Measure, measure_of
from sknnreg.model_selection.fits.sample import Sample, routed_sample
from sknnreg.model_selection.fits.splitting import (
    Split,
    checked_repeats,
    drawn_splits,
    splitter_of,
)
from sknnreg.model_selection.fits.spread import (
    checked_level,
    checked_values,
    mean_ratio,
    t_interval,
)
from sknnreg.model_selection.fits.train_and_test import errors_of_split

METHODS = ("corrected", "nested_cv", "naive")
NESTED_REPEATS = 20


def estimate_error(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    loss: Any = None,
    method: str = "corrected",
    confidence_level: float = 0.95,
    groups: Any = None,
    params: dict[str, Any] | None = None,
    n_repeats: int | None = None,
    n_jobs: int | None = None,
    callbacks: Any = None,
    random_state: Any = None,
) -> ErrorEstimateResult:
    """Estimate an estimator's error on fresh rows by cross-validation, with an interval.

    The k splits' errors E_i have the mean E and the variance s^2 = (1/k) sum (E_i - E)^2. Their
    training parts have rows in common, so that s^2 / k is too small for an interval. Methods:

    - "corrected" (Nadeau and Bengio, 2003): E +- t sqrt((1/k + n_test / n_train) S^2), with
      S^2 = k / (k - 1) s^2 and t of k - 1 degrees of freedom. Any splitter, any scorer, no
      further fits.
    - "nested_cv" (Bates, Hastie and Tibshirani, 2024): folds are left out one by one and in pairs,
      k + k (k - 1) / 2 fits for each of ``n_repeats`` random assignments of rows to folds. With
      e_out the mean loss in a fold and e_in that of cross-validation among the others,
      (e_in - e_out)^2 - var(e_out) estimates the squared error of cross-validation itself, for
      the model that was trained on such data. The interval is a normal one around the mean of all
      e_in, less a bias of (1 + (k - 2) / k) times what a second fold left out adds to the error;
      its standard error is that estimate's root times sqrt((k - 1) / k), kept between the naive
      sqrt(s^2 / n) of the n rows' losses and sqrt(k) times that.
    - "naive": E +- t sqrt(S^2 / k), as if the splits were independent. For comparison.

    Parameters
    ----------
    estimator : object
        Any estimator of scikit-learn, or a pipeline or search. It is cloned, never fitted.
    X : array-like of shape (n_samples, n_features), or a data frame
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    cv : int, splitter or iterable of (train, test), default=None
        How to split, as in `cross_validate`: None is five folds, stratified for a classifier.
        "nested_cv" needs at least three folds that share out all rows.
    scoring : str or callable, default=None
        One scorer; its error is reported, 0 - score for losses ("neg_log_loss") and 1 - score for
        all others ("accuracy"). None is the share of errors, or the mean squared error.
        "nested_cv" takes means over rows: "accuracy", "neg_log_loss", "neg_brier_score",
        "neg_mean_squared_error", "neg_mean_absolute_error".
    loss : callable, default=None
        In place of ``scoring``, a function of (y_true, y_pred) that gives the loss of each row, an
        array of shape (n_samples,); y_pred is from ``predict``.
    method : {"corrected", "nested_cv", "naive"}, default="corrected"
        How the interval is made.
    confidence_level : float in (0, 1), default=0.95
        In how many of all samples the interval is to hold the error.
    groups : array-like of shape (n_samples,), default=None
        For splitters of groups. Rows of one group then count as one draw in "nested_cv".
    params : dict, default=None
        Metadata for ``fit``, such as ``sample_weight``; under metadata routing, for whom asks.
    n_repeats : int >= 1, default=None
        How often the rows are assigned to folds anew, by shuffling. None is 20 for "nested_cv" and
        1 otherwise, where the splitter is taken as it is. More make "nested_cv" steadier.
    n_jobs : int, default=None
        Fits at a time, as joblib counts. Inside `fit_together` all networks train together.
    callbacks : callback or list of callbacks, default=None
        Callbacks of scikit-learn, such as ``sklearn.callback.ProgressBar()``.
    random_state : int, RandomState instance or None, default=None
        For the assignments of rows to folds; None takes the splitter's. Estimators have their own.

    Returns
    -------
    result : ErrorEstimateResult
        Errors, their mean and variance, training error, optimism, and the interval. It prints as a
        table and has ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError
        If the method does not exist or does not go with the measure, the splitter or the sample,
        or an error is not finite.
    TypeError
        If ``scoring`` is no single scorer, or ``loss`` no function.

    See Also
    --------
    compare_estimators : Differences of errors, and which of them are real.

    Notes
    -----
    Cross-validation judges the learning algorithm: "corrected" is an interval for the mean error of
    models trained on n_train rows. "nested_cv" aims at the model trained on all n rows.

    References
    ----------
    C. Nadeau and Y. Bengio, Inference for the generalization error, Machine Learning 52, 2003.

    S. Bates, T. Hastie and R. Tibshirani, Cross-validation: what does it estimate and how well does
    it do it?, Journal of the American Statistical Association 119, 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sknnreg.model_selection import estimate_error
    >>> X, y = load_diabetes(return_X_y=True)
    >>> result = estimate_error(Ridge(0.1), X, y, cv=10, scoring="neg_mean_absolute_error")
    >>> print(result)
    Mean absolute error of Ridge, 10 splits
    <BLANKLINE>
    error of the splits            44.46   standard deviation 5.181
    training error                 43.67
    optimism                      0.7904
    95% interval          38.79 to 50.14   training parts overlap: corrected

    >>> nested = estimate_error(Ridge(0.1), X, y, method="nested_cv", random_state=0)
    >>> nested.losses.shape  # repetitions, folds, rows
    (20, 5, 442)
    """
    level = _checked_choices(method, confidence_level, scoring, loss)
    n_repeats = checked_repeats(n_repeats)
    callbacks = checked_callbacks(callbacks)
    measure = _measure(scoring, loss, estimator)
    splitter = splitter_of(cv, y, estimator)
    sample = routed_sample(
        "estimate_error",
        X,
        y,
        estimator=estimator,
        cv=splitter,
        scorer=measure.scorer,
        groups=groups,
        params=params,
    )
    nested = method == "nested_cv"
    repeats = n_repeats or (NESTED_REPEATS if nested else 1)
    repetitions = drawn_splits(sample, splitter, repeats, random_state, shuffled=nested)
    estimates = _by_nested_cv if nested else _by_splits
    return estimates(sample, estimator, measure, repetitions, method, level, callbacks, n_jobs)


def _checked_choices(method: str, level: Any, scoring: Any, loss: Any) -> float:
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}.")
    if scoring is not None and loss is not None:
        raise ValueError("scoring and loss both name an error: give one of them.")
    return checked_level(level)


def _measure(scoring: Any, loss: Any, estimator: Any) -> Measure:
    if loss is None:
        return measure_of(scoring, estimator)
    losses = users_losses(loss)
    return Measure(losses.name, MeanLoss(losses), 0.0)


def _by_splits(
    sample: Sample,
    estimator: Any,
    measure: Measure,
    repetitions: list[list[Split]],
    method: str,
    level: float,
    callbacks: Any,
    n_jobs: int | None,
) -> ErrorEstimateResult:
    """From the errors of all splits."""
    splits = [split for repetition in repetitions for split in repetition]
    if len(splits) < 2:
        raise ValueError(
            f"an interval needs at least 2 splits, got {len(splits)}: one does not tell how much "
            "errors differ. Use more folds or repetitions."
        )
    calls = [(sample, estimator, measure, *split) for split in splits]
    done = run_tasks("estimate_error", errors_of_split, calls, callbacks=callbacks, n_jobs=n_jobs)
    errors = checked_values([each[1] for each in done], f"the {measure.name}")
    train_errors = checked_values([each[0] for each in done], f"the training {measure.name}")
    ratio = mean_ratio(splits) if method == "corrected" else 0.0
    return ErrorEstimateResult(
        estimator=type(estimator).__name__,
        measure=measure.name,
        method=method,
        confidence_level=level,
        errors=errors,
        train_errors=train_errors,
        n_train=np.array([len(train) for train, _ in splits]),
        n_test=np.array([len(test) for _, test in splits]),
        **vars(t_interval(errors, ratio, level)),
    )


def _by_nested_cv(
    sample: Sample,
    estimator: Any,
    measure: Measure,
    repetitions: list[list[Split]],
    method: str,
    level: float,
    callbacks: Any,
    n_jobs: int | None,
) -> ErrorEstimateResult:
    """From the losses of all rows, with folds left out one by one and in pairs."""
    row_losses = row_losses_of(measure)
    if sample.score_params:
        raise ValueError(
            f"method='nested_cv' takes the plain mean over rows: {sorted(sample.score_params)} "
            "cannot go to the scorer. Use method='corrected'."
        )
    groups = sample.split_params.get("groups")
    groups = None if groups is None else np.asarray(groups)
    folds = np.array([fold_numbers(splits, len(sample), groups) for splits in repetitions])
    found = nested_losses(sample, estimator, row_losses, folds, callbacks=callbacks, n_jobs=n_jobs)
    moments = nested_moments(found.losses, folds, groups)
    tests = [
        (r, f, test) for r, splits in enumerate(repetitions) for f, (_, test) in enumerate(splits)
    ]
    return ErrorEstimateResult(
        estimator=type(estimator).__name__,
        measure=measure.name,
        method=method,
        confidence_level=level,
        errors=np.array([found.losses[place].mean() for place in tests]),
        train_errors=found.train_errors.ravel(),
        n_train=np.array([len(sample) - len(test) for _, _, test in tests]),
        n_test=np.array([len(test) for _, _, test in tests]),
        **vars(moments.interval(level)),
        losses=found.losses,
        folds=folds,
        moments=moments,
    )
