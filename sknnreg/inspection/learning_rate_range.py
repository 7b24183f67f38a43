"""The learning-rate range test: one sweep over all step sizes."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknnreg.engine.arrays.batches import DataSet
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import spawn
from sknnreg.engine.loop.training import losses_by_update
from sknnreg.engine.places.update.schedules.custom import Custom
from sknnreg.engine.problem import Problem
from sknnreg.estimators.base import BaseMLPRegularized, training_plan
from sknnreg.inspection.learning_rate_range_display import LearningRateRangeDisplay
from sknnreg.inspection.networks import check_network, clone_with

# Nothing that acts on the course of training has a say in a sweep.
_PLAIN = {
    "learning_rate": "constant",
    "learning_rate_warmup": 0,
    "early_stopping": False,
    "early_stopping_refit": None,
    "weight_averaging": None,
    "n_snapshots": 1,
    "warm_start": False,
}


def learning_rate_range_test(
    estimator: BaseMLPRegularized,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    min_learning_rate: float = 1e-6,
    max_learning_rate: float = 10.0,
    n_updates: int = 300,
    n_repeats: int = 10,
    smoothing: float = 0.1,
) -> LearningRateRangeDisplay:
    r"""Train for a few batches with an ever larger step size, and see what the loss does.

    At update :math:`t = 0, 1, \dots, n - 1` the step size is

    .. math:: a_t = a_\text{min} (a_\text{max} / a_\text{min})^{t / (n - 1)}.

    First the loss stays where it is, then it falls, flattens, and explodes. Several copies of the
    network from different starts train side by side, in one stack. Their median loss is smoothed
    over neighbouring step sizes.

    Parameters
    ----------
    estimator : MLPRegularizedClassifier or MLPRegularizedRegressor
        Its hyperparameters are used, regularizers and ``batch_size`` included; its
        ``learning_rate``, ``early_stopping`` and the like are not. It need not be fitted and is not
        changed.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Inputs. If there are more rows than the sweep needs, it draws as many as it needs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights.
    min_learning_rate, max_learning_rate : float, default=1e-6, 10.0
        The ends of the sweep, greater than 0.
    n_updates : int, default=300
        Number of updates, each on a batch of its own; at least 10.
    n_repeats : int, default=10
        Number of networks.
    smoothing : float, default=0.1
        Standard deviation, at least 0, of the Gaussian that smooths the loss, in powers of ten of
        the step size.

    Returns
    -------
    display : LearningRateRangeDisplay
        The curve, with suggestions: ``learning_rate_init`` for a constant step size or one that
        falls, and ``learning_rate_min`` and ``learning_rate_max`` as bounds of a cycle.

    Raises
    ------
    ValueError
        For unusable data or hyperparameters, as ``fit`` does; for ``solver="lbfgs"``, which finds
        its own step sizes; if the loss falls nowhere.
    TypeError
        For any other estimator.

    See Also
    --------
    TrainingCurveDisplay : How training went.

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks, WACV 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.inspection import learning_rate_range_test
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPRegularizedClassifier((50,), batch_size=50, random_state=0)
    >>> sweep = learning_rate_range_test(model, X, y)
    >>> bool(1e-4 < sweep.learning_rate_init < 1e-2)
    True
    >>> model = model.set_params(learning_rate_init=sweep.learning_rate_init)

    Cycles between the bounds:

    >>> model = model.set_params(
    ...     learning_rate="cyclic",
    ...     learning_rate_decay=1.0,
    ...     learning_rate_min=sweep.learning_rate_min,
    ...     learning_rate_init=sweep.learning_rate_max,
    ... )
    """
    check_network(estimator, "learning_rate_range_test")
    _check(estimator, min_learning_rate, max_learning_rate, n_updates, n_repeats, smoothing)
    ratio = max_learning_rate / min_learning_rate
    problem = _problem(estimator, (X, y, sample_weight), n_updates)
    recipe = replace(
        problem.recipe,
        schedule=Custom(lambda t: ratio ** (t / (n_updates - 1))),
        learning_rate=float(min_learning_rate),
        max_iter=n_updates,
    )
    seeds = spawn(problem.seed, "range test").integers(np.iinfo(np.int32).max, size=n_repeats)
    copies = [replace(problem, recipe=recipe, seed=int(seed)) for seed in seeds]
    losses, rates = losses_by_update(copies, n_updates)
    return LearningRateRangeDisplay(rates, losses, smoothing * n_updates / np.log10(ratio))


def _check(
    estimator: BaseMLPRegularized,
    smallest: float,
    largest: float,
    n_updates: int,
    n_repeats: int,
    smoothing: float,
) -> None:
    if estimator.solver == "lbfgs":
        raise ValueError(
            "solver='lbfgs' finds its own step sizes: there is none to test. Use solver='sgd', "
            "'rmsprop', 'adam' or 'amsgrad'."
        )
    given = (smallest, largest, smoothing)
    if not all(isinstance(each, Real) for each in given) or not 0 < smallest < largest < np.inf:
        raise ValueError(
            f"min_learning_rate={smallest!r} must be above 0 and below "
            f"max_learning_rate={largest!r}, which must be finite."
        )
    whole = isinstance(n_updates, Integral) and isinstance(n_repeats, Integral)
    if not whole or n_updates < 10 or n_repeats < 1 or not 0 <= smoothing < np.inf:
        raise ValueError(
            "n_updates must be a whole number of at least 10, n_repeats one of at least 1 and "
            f"smoothing at least 0, got n_updates={n_updates!r}, n_repeats={n_repeats!r} and "
            f"smoothing={smoothing!r}."
        )


def _problem(estimator: BaseMLPRegularized, given: tuple[Any, Any, Any], n_updates: int) -> Problem:
    """What to train on, with no more rows than the sweep meets."""
    plan = training_plan(clone_with(estimator, _PLAIN), *given)
    problem = plan.prepared.problem(plan.recipe)
    n_needed = n_updates * plan.recipe.batch_size
    if len(problem.train) <= n_needed:
        return problem
    rows = spawn(problem.seed, "range test rows").permutation(len(problem.train))[:n_needed]
    raw = None if problem.raw is None else _take(problem.raw, rows)
    return replace(problem, train=_take(problem.train, rows), raw=raw)


def _take(data: DataSet, rows: Array) -> DataSet:
    weight = None if data.weight is None else data.weight[rows]
    return DataSet(data.x.take(rows), data.y.take(rows), weight)
