"""From three errors to bias and variance; the errors are given, or found by cross-validation."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor

from sknnreg.estimators.training.subtasks import Listeners
from sknnreg.model_selection.diagnosis.advice import advice
from sknnreg.model_selection.diagnosis.result import DiagnosisResult
from sknnreg.model_selection.fits.train_and_test import TrainAndTest

# The share of what chance has above the baseline that still is a low gap; and two points in 100.
_LOW_SHARE, _LOW_POINTS = 0.05, 2.0


def diagnose(
    train_error: float,
    validation_error: float,
    baseline_error: float = 0,
    *,
    tolerance: float | None = None,
) -> DiagnosisResult:
    r"""Say which part of an error is avoidable bias and which is variance, and what to try next.

    .. math:: \text{avoidable bias} = E_\text{train} - E_\text{baseline}, \qquad
              \text{variance} = E_\text{validation} - E_\text{train}

    The baseline is the error that cannot be avoided or that one would be content with, for instance
    people's. Without it, a training error of 8 % looks like bias; if people make 7.5 % of errors,
    it is not.

    Parameters
    ----------
    train_error : float
        The error on the training rows.
    validation_error : float
        The error, by the same measure, on rows that were not trained on.
    baseline_error : float, default=0
        The error to be reached.
    tolerance : float, default=None
        The largest gap that counts as low, at least 0. None is two percentage points: 0.02, or 2
        where an error is 1 or more and so must be in percent. Give it for errors in any other unit,
        such as squared errors.

    Returns
    -------
    result : DiagnosisResult
        Numbers, words and suggestions; ``print`` shows all.

    Raises
    ------
    ValueError
        If an error is not a finite number, or ``tolerance`` is below 0.

    See Also
    --------
    diagnose_estimator : Finds the errors, and proposes values of hyperparameters.

    References
    ----------
    A. Ng, Machine Learning Yearning, 2018, chapters 20 to 27.

    Examples
    --------
    >>> from sknnreg.model_selection import diagnose
    >>> print(diagnose(0.01, 0.12))
    error
      baseline               0
      training            0.01   avoidable bias         0.01   low
      validation          0.12   variance               0.11   high
      A gap above 0.02 is high.
    <BLANKLINE>
    High variance: what was learned from the training rows does not carry over to
    others. A larger model would not help.
    <BLANKLINE>
    To try next, one at a time:
      - more training rows, or augmented ones
      - more regularization, or a simpler model
      - a mean over several models, such as an ensemble
      - fewer inputs
    """
    errors = {
        "train_error": train_error,
        "validation_error": validation_error,
        "baseline_error": baseline_error,
    }
    for name, error in errors.items():
        _check_number(name, error)
    if tolerance is None:
        in_percent = max(abs(float(error)) for error in errors.values()) >= 1
        tolerance = _LOW_POINTS if in_percent else _LOW_POINTS / 100
    train, validation = np.array([float(train_error)]), np.array([float(validation_error)])
    return _result(train, validation, float(baseline_error), tolerance, "error", None)


def diagnose_estimator(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    params: dict[str, Any] | None = None,
    baseline_error: float = 0,
    tolerance: float | None = None,
    n_jobs: int | None = None,
    callbacks: Any = None,
) -> DiagnosisResult:
    """Find training and validation errors by cross-validation, and diagnose them.

    As :func:`diagnose`, with the mean errors of all splits. For a network of this package, also
    within a pipeline, values of its hyperparameters are proposed beside the present ones, under the
    names that ``set_params`` takes. All its fits train in one pass, as in ``fit_together()``.

    Parameters
    ----------
    estimator : estimator
        Any classifier or regressor of scikit-learn's kind; not changed.
    X : array-like of shape (n_samples, n_features)
        Whatever the estimator takes.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    cv : int, splitter or iterable, default=None
        The splits, as in scikit-learn; None is 5 folds.
    scoring : str or callable, default=None
        A scorer, whose error is diagnosed: minus the score for scorers of losses, 1 - score for
        others. None is the share of errors of a classifier, the mean squared error of a regressor.
    groups : array-like of shape (n_samples,), default=None
        For the splitter; under metadata routing they go into ``params``.
    params : dict, default=None
        Metadata, such as ``sample_weight``: for ``fit``, or as routed.
    baseline_error : float, default=0
        The error to be reached, by the same measure.
    tolerance : float, default=None
        The largest gap that counts as low, at least 0. None is 5 % of what an estimator that does
        not look at X (``DummyClassifier``, ``DummyRegressor``) has above the baseline.
    n_jobs : int, default=None
        For joblib. None trains networks of this package in one pass.
    callbacks : callback or list of callbacks, default=None
        Callbacks of scikit-learn, such as ``sklearn.callback.ProgressBar()``.

    Returns
    -------
    result : DiagnosisResult
        Numbers, words and suggestions; ``print`` shows all.

    Raises
    ------
    ValueError
        If an error is not finite, a parameter is out of its range, or no estimator that does not
        look at X can be scored: ``tolerance`` is needed then.

    See Also
    --------
    RegularizationPathDisplay : Both errors along one of the hyperparameters.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.model_selection import diagnose_estimator
    >>> X, y = load_iris(return_X_y=True)
    >>> weak = MLPRegularizedClassifier(
    ...     (10,), dropout=0.8, max_iter=10, n_iter_no_change=None, random_state=0
    ... )
    >>> result = diagnose_estimator(weak, X, y, cv=5)
    >>> result.high_bias, result.high_variance
    (True, False)
    >>> result.suggestions[0]
    Suggestion(parameter='dropout', present=0.8, proposed=0.4, why='it holds back ...')
    >>> better = weak.set_params(**result.proposed_params)
    """
    _check_number("baseline_error", baseline_error)
    study = TrainAndTest.of(
        "diagnose_estimator",
        estimator,
        X,
        y,
        cv=cv,
        scoring=scoring,
        groups=groups,
        params=params,
    )
    if tolerance is None:
        tolerance = _LOW_SHARE * abs(_chance_error(study, estimator) - float(baseline_error))
    (train,), (validation,) = study.errors([estimator], n_jobs=n_jobs, callbacks=callbacks)
    return _result(
        train, validation, float(baseline_error), tolerance, study.measure.name, estimator
    )


def _result(
    train: Any, validation: Any, baseline: float, tolerance: float, name: str, estimator: Any
) -> DiagnosisResult:
    _check_number("tolerance", tolerance)
    if tolerance < 0:
        raise ValueError(f"tolerance must be at least 0, got {tolerance!r}.")
    means = float(train.mean()), float(validation.mean())
    for side, mean in zip(("training", "validation"), means, strict=True):
        _check_number(f"the {side} error", mean)
    plain = DiagnosisResult(*means, baseline, float(tolerance), (), name, train, validation)
    given = advice(estimator, bias=plain.high_bias, variance=plain.high_variance)
    return replace(plain, suggestions=given)


def _chance_error(study: TrainAndTest, estimator: Any) -> float:
    """Of what does not look at X, on the same test rows."""
    constant = DummyClassifier() if is_classifier(estimator) else DummyRegressor()
    # What is for the estimator's fit need not be for this one's.
    sample = replace(study.sample, fit_params={})
    try:
        scores = [
            sample.score(
                sample.fitted(Listeners(), constant, train), study.measure.scorer, test, train
            )
            for train, test in study.splits
        ]
        error = float(np.mean(study.measure.error(np.array(scores))))
        _check_number("it", error)
        return error
    except Exception as failed:
        raise ValueError(
            f"tolerance=None needs the {study.measure.name} of {type(constant).__name__}, which "
            f"cannot be found here ({failed}). Give the largest gap that counts as low as "
            "tolerance."
        ) from failed


def _check_number(name: str, value: Any) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not np.isfinite(float(value)):
        raise ValueError(f"{name} must be a finite number, got {value!r}.")
