"""``nested_cross_validate``: a search inside each outer training part, and one on all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.metadata_routing import get_routing_for_object

from sknnreg.estimators.training.subtasks import Listeners
from sknnreg.model_selection.fits.listening import run_tasks
from sknnreg.model_selection.fits.sample import (
    Index,
    Sample,
    checked_params,
    routed_sample,
)
from sknnreg.model_selection.fits.splitting import Split, splitter_of
from sknnreg.model_selection.fits.spread import checked_level, checked_values
from sknnreg.model_selection.nested.result import NestedCrossValidationResult
from sknnreg.model_selection.nested.searches import JudgedSearch, judged_search


def nested_cross_validate(
    search: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    params: dict[str, Any] | None = None,
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    callbacks: Any = None,
) -> NestedCrossValidationResult:
    r"""Estimate the error of a whole search, its choice of hyperparameters included.

    The search runs inside each outer training part, and what it chose there is tested on rows that
    the choice has not seen. The mean of these outer errors :math:`E_i` judges the whole procedure.
    The search also runs on all rows; the best inner error it has there is the estimate
    without nesting, which is too low in the mean, being the best of many:

    .. math:: \text{optimism} = \frac{1}{k} \sum_i E_i - E_\text{non-nested}.

    The interval of the outer error takes into account that the training parts overlap (Nadeau and
    Bengio 2003): with :math:`s^2` the errors' variance,
    :math:`\bar E \pm t_{k-1} \sqrt{(1/k + n_\text{test}/n_\text{train}) s^2}`.

    Parameters
    ----------
    search : search estimator
        `GridSearchCV`, `RandomizedSearchCV`, a halving search, or anything that has
        ``best_params_`` and ``best_score_`` once fitted. It must refit its choice.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    cv : int, splitter or iterable of splits, default=None
        The outer folds, at least 2; None stands for 5. The inner ones are those of ``search``.
    scoring : str or callable, default=None
        Of which score the errors are made. None: the one the search chooses by; where it has none,
        its estimator's own ``score``. `GridSearchCV` and `RandomizedSearchCV` may choose by one,
        such as the log loss, and be judged by another, such as ``"accuracy"``.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together: for the outer folds, and for the inner ones if the search's
        ``cv`` takes groups. Under metadata routing, pass them in ``params``.
    params : dict, default=None
        What else ``search.fit`` is to get, such as ``sample_weight``; under metadata routing, what
        goes to the search, the splitter and the scorer, each as it asks.
    confidence_level : float, default=0.95
        Of the interval, above 0 and below 1.
    n_jobs : int, default=None
        Searches at a time. Inside `fit_together` all networks of all searches train side by side.
    callbacks : callback or list of callbacks, default=None
        Of scikit-learn, such as ``ProgressBar()``; they hear of each search, and by themselves of
        the fits within.

    Returns
    -------
    result : NestedCrossValidationResult
        Errors, choices, how stable these are, and both estimates. ``print(result)`` shows a table.

    Raises
    ------
    TypeError
        If ``search`` is none, or ``scoring`` or ``callbacks`` are not what they should be.
    ValueError
        If the search does not refit, there are less than 2 outer folds, or ``confidence_level`` is
        out of range; and what the search and the splitter raise.

    See Also
    --------
    sklearn.model_selection.cross_validate : For an estimator without a search.

    References
    ----------
    S. Varma and R. Simon, Bias in error estimation when using cross-validation for model selection,
    BMC Bioinformatics 7, 2006.

    C. Nadeau and Y. Bengio, Inference for the generalization error, Machine Learning 52, 2003.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sknnreg.model_selection import nested_cross_validate
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3, 9]})
    >>> print(nested_cross_validate(search, X, y))
    Nested cross-validation: error rate in 5 outer folds
    <BLANKLINE>
    fold           error   inner error    chosen inside
       1         0.08772       0.07692    max_depth=3
       2         0.07895       0.06593    max_depth=9
       3          0.0614       0.06593    max_depth=3
       4         0.05263       0.08571    max_depth=9
       5         0.09735       0.06586    max_depth=9
    <BLANKLINE>
    nested       0.07561    95% interval 0.04127 to 0.11
    non-nested   0.08263    optimism -0.007018
    <BLANKLINE>
    most frequent choice                          share of folds
    max_depth=9                                              60%
    all together                                             60%
    """
    level = checked_level(confidence_level)
    judged = judged_search(search, scoring)
    cv = splitter_of(cv, y, search)
    sample = routed_sample(
        "nested_cross_validate", X, y, estimator=judged.search, cv=cv,
        scorer=judged.measure.scorer, groups=groups,
        params=_for_inner_folds(search, groups, params),
    )  # fmt: skip
    splits = _outer_splits(sample, cv)
    everything = np.arange(len(sample))
    calls = [(sample, judged, *split) for split in [*splits, (everything, None)]]
    *folds, (_, non_nested_error, _, on_all_rows) = run_tasks(
        "nested cross-validation", _one_search, calls, callbacks=callbacks, n_jobs=n_jobs
    )
    errors, inner, chosen, _ = zip(*folds, strict=True)
    return NestedCrossValidationResult(
        measure=judged.measure.name,
        errors=checked_values(list(errors), "the outer error"),
        inner_errors=np.array(inner),
        best_params=list(chosen),
        n_train=np.array([len(train) for train, _ in splits]),
        n_test=np.array([len(test) for _, test in splits]),
        non_nested_error=non_nested_error,
        search=on_all_rows,
        confidence_level=level,
    )


def _outer_splits(sample: Sample, cv: Any) -> list[Split]:
    splits = list(sample.splits(cv))
    if len(splits) < 2:
        raise ValueError(
            f"cv={cv!r} has {len(splits)} outer fold: at least 2 are needed to tell how much the "
            "error varies."
        )
    return splits


def _for_inner_folds(search: Any, groups: Any, params: dict[str, Any] | None) -> dict[str, Any]:
    """``params`` of the search's fit, with the groups where its splitter takes them."""
    given = checked_params(params)
    inner = get_routing_for_object(getattr(search, "cv", None))
    if groups is not None and inner.consumes("split", ["groups"]):
        given.setdefault("groups", groups)
    return given


def _one_search(
    listeners: Listeners, sample: Sample, judged: JudgedSearch, train: Index, test: Index | None
) -> tuple[float | None, float, dict[str, Any], Any]:
    """The outer error, the inner one, what was chosen; the search itself if there is no test."""
    fitted = sample.fitted(listeners, judged.search, train)
    inner = judged.inner_error(fitted)
    if test is None:
        return None, inner, fitted.best_params_, fitted
    score = sample.score(fitted, judged.measure.scorer, test, train)
    return float(judged.measure.error(score)), inner, fitted.best_params_, None
