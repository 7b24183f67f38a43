"""compare_estimators: differences of errors on the same splits, and which of them are real."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.training.subtasks import Listeners
from sknnreg.model_selection.comparison.asked import (
    checked_choices,
    checked_estimators,
    measures_of,
)
from sknnreg.model_selection.comparison.paired_tests import (
    Verdict,
    corrected_t,
    correlated_posterior,
    f_of_five_by_two,
)
from sknnreg.model_selection.comparison.result import ComparisonResult
from sknnreg.model_selection.fits.listening import checked_callbacks, run_tasks
from sknnreg.model_selection.fits.measures import Measure
from sknnreg.model_selection.fits.sample import Index, Sample, routed_sample
from sknnreg.model_selection.fits.splitting import Split, can_shuffle, drawn_splits, splitter_of
from sknnreg.model_selection.fits.spread import checked_values, mean_ratio


def compare_estimators(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    test: str = "corrected_t",
    cv: Any = None,
    scoring: Any = None,
    rope: float | None = None,
    confidence_level: float = 0.95,
    groups: Any = None,
    params: dict[str, Any] | None = None,
    n_repeats: int | None = None,
    n_jobs: int | None = None,
    callbacks: Any = None,
    random_state: Any = None,
) -> ComparisonResult:
    """Compare the errors of several estimators, paired on the same splits.

    Each pair's differences d_i = E_i(first) - E_i(second) over k splits are tested:

    - "corrected_t" (Nadeau and Bengio, 2003): t = d / sqrt((1/k + n_test / n_train) S^2) with
      k - 1 degrees of freedom, S^2 the differences' variance.
    - "5x2cv_f" (Alpaydin, 1999): five times two folds, F = sum p_ij^2 / (2 sum s_i^2) with 10 and 5
      degrees of freedom, p_ij the differences and s_i^2 = sum_j (p_ij - p_i)^2.
    - "bayesian" (Corani and Benavoli, 2015): the mean difference has a Student posterior with
      location d, scale sqrt((1/k + rho / (1 - rho)) S^2), rho = n_test / n_samples, and k - 1
      degrees of freedom. Its mass below -rope, within and above rope are the probabilities that the
      first is better, both are practically equivalent, or the second is better.

    With more than two estimators, the p-values of all pairs are also adjusted by Holm's method, so
    that the probability of any false finding stays below the level. Posterior probabilities and
    intervals are each pair's own.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of (str, estimator)
        Two or more, of any kind.
    X : array-like of shape (n_samples, n_features), or a data frame
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    test : {"corrected_t", "5x2cv_f", "bayesian"}, default="corrected_t"
        How differences are judged.
    cv : int, splitter or iterable of (train, test), default=None
        How to split, as in `cross_validate`: None is five folds, stratified for classifiers.
        "5x2cv_f" has two folds: None, 2 or a splitter of two folds that can shuffle.
    scoring : str or callable, default=None
        One scorer; its error is compared, 0 - score for losses ("neg_log_loss") and 1 - score for
        all others ("accuracy"). None is the share of errors, or the mean squared error.
    rope : float >= 0, default=None
        Of "bayesian": differences of errors within (-rope, rope) are practically none. In units
        of the error: 0.01 is one percentage point of an error rate. None is 0.
    confidence_level : float in (0, 1), default=0.95
        Of each pair's interval; of "bayesian", the posterior mass within it.
    groups : array-like of shape (n_samples,), default=None
        For splitters of groups.
    params : dict, default=None
        Metadata for ``fit``, such as ``sample_weight``; under metadata routing, for whom asks.
    n_repeats : int >= 1, default=None
        How often the rows are assigned to folds anew, by shuffling. None is 5 for "5x2cv_f", which
        takes no other, and 1 otherwise, where the splitter is taken as it is.
    n_jobs : int, default=None
        Fits at a time, as joblib counts. Inside `fit_together` all networks train together.
    callbacks : callback or list of callbacks, default=None
        Callbacks of scikit-learn, such as ``sklearn.callback.ProgressBar()``.
    random_state : int, RandomState instance or None, default=None
        For the assignments of rows to folds; None takes the splitter's. Estimators have their own.

    Returns
    -------
    result : ComparisonResult
        Errors, differences and what the test says. It prints as a table and has ``to_frame()`` and
        ``plot()``.

    Raises
    ------
    ValueError
        If there are fewer than two estimators or names are not unique, the test does not exist or
        does not go with ``cv``, ``n_repeats`` or ``rope``, or an error is not finite.
    TypeError
        If ``estimators`` is neither a dict nor a list of pairs.

    See Also
    --------
    estimate_error : The error of one estimator with an interval.

    Notes
    -----
    Over simulated samples, "corrected_t" keeps its level with ten folds and ``n_repeats=10``; with
    ten folds alone it seldom finds anything. "5x2cv_f" finds too much where halves of the sample
    are small for what is learned from them. The guide has the numbers.

    References
    ----------
    E. Alpaydin, Combined 5 x 2 cv F test for comparing supervised classification learning
    algorithms, Neural Computation 11, 1999.

    G. Corani and A. Benavoli, A Bayesian approach for comparing cross-validated algorithms on
    multiple data sets, Machine Learning 100, 2015.

    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6, 1979.

    C. Nadeau and Y. Bengio, Inference for the generalization error, Machine Learning 52, 2003.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sknnreg.model_selection import compare_estimators
    >>> X, y = load_iris(return_X_y=True)
    >>> stump = DecisionTreeClassifier(max_depth=1)
    >>> result = compare_estimators({"bayes": GaussianNB(), "stump": stump}, X, y, cv=10)
    >>> print(result)
    Error rate, 10 splits
    <BLANKLINE>
              mean  standard deviation
    bayes  0.04667             0.04269
    stump   0.3333                   0
    <BLANKLINE>
    corrected t-test
    <BLANKLINE>
    first - second  difference        95% interval       p
    bayes - stump      -0.2867  -0.3334 to -0.2399  <0.001
    """
    level, repeats, rope = checked_choices(test, confidence_level, n_repeats, rope)
    callbacks = checked_callbacks(callbacks)
    named = checked_estimators(estimators)
    measures = measures_of(named, scoring)
    splitter = _splitter(test, cv, y, next(iter(named.values())))
    samples = {
        name: routed_sample(
            "compare_estimators",
            X,
            y,
            estimator=estimator,
            cv=splitter,
            scorer=measures[name].scorer,
            groups=groups,
            params=params,
        )
        for name, estimator in named.items()
    }
    splits = _splits(test, next(iter(samples.values())), splitter, repeats, random_state)
    contenders = {name: (samples[name], named[name], measures[name]) for name in named}
    errors = _errors(contenders, splits, callbacks, n_jobs)
    return _judged(contenders, errors, test, mean_ratio(splits), rope, level)


def _splitter(test: str, cv: Any, y: Any, estimator: Any) -> Any:
    if test != "5x2cv_f":
        return splitter_of(cv, y, estimator)
    splitter = splitter_of(2 if cv is None else cv, y, estimator)
    if not can_shuffle(splitter):
        raise ValueError(
            f"test='5x2cv_f' draws two folds five times, {type(splitter).__name__} cannot shuffle. "
            "Leave cv out, or give a splitter such as GroupKFold(2)."
        )
    return splitter


def _splits(
    test: str, sample: Sample, splitter: Any, n_repeats: int, random_state: Any
) -> list[Split]:
    """The same for all estimators."""
    shuffled = test == "5x2cv_f"
    repetitions = drawn_splits(sample, splitter, n_repeats, random_state, shuffled=shuffled)
    splits = [split for repetition in repetitions for split in repetition]
    if test == "5x2cv_f" and len(splits) != 10:
        raise ValueError(
            f"test='5x2cv_f' has five repetitions of two folds, cv gives {len(splits)} splits. "
            "Leave cv out, or give a splitter of two folds."
        )
    if len(splits) < 2:
        raise ValueError(f"a test needs at least 2 splits, got {len(splits)}. Use more folds.")
    return splits


def _errors(
    contenders: dict[str, tuple[Sample, Any, Measure]],
    splits: list[Split],
    callbacks: Any,
    n_jobs: int | None,
) -> Array:
    """Of each estimator on each split, ``(n_estimators, k)``."""
    calls = [(*each, *split) for each in contenders.values() for split in splits]
    done = run_tasks("compare_estimators", _error, calls, callbacks=callbacks, n_jobs=n_jobs)
    k = len(splits)
    parts = {name: done[at * k : (at + 1) * k] for at, name in enumerate(contenders)}
    return np.array([checked_values(part, f"{name!r}: the error") for name, part in parts.items()])


def _judged(
    contenders: dict[str, tuple[Sample, Any, Measure]],
    errors: Array,
    test: str,
    ratio: float,
    rope: float,
    level: float,
) -> ComparisonResult:
    """What the test says of all pairs."""
    pairs = list(combinations(range(len(errors)), 2))
    differences = np.array([errors[a] - errors[b] for a, b in pairs])
    verdicts = [_verdict(test, each, ratio, rope, level) for each in differences]
    _, _, measure = next(iter(contenders.values()))
    return ComparisonResult.of_verdicts(
        verdicts,
        names=tuple(contenders),
        measure=measure.name,
        test=test,
        confidence_level=level,
        rope=rope,
        errors=errors,
        pairs=pairs,
        differences=differences,
    )


def _error(
    listeners: Listeners,
    sample: Sample,
    estimator: Any,
    measure: Measure,
    train: Index,
    test: Index,
) -> Any:
    fitted = sample.fitted(listeners, estimator, train)
    return measure.error(sample.score(fitted, measure.scorer, test, train))


def _verdict(test: str, differences: Array, ratio: float, rope: float, level: float) -> Verdict:
    if test == "5x2cv_f":
        return f_of_five_by_two(differences.reshape(5, 2), level)
    if test == "bayesian":
        return correlated_posterior(differences, ratio, rope, level)
    return corrected_t(differences, ratio, level)
