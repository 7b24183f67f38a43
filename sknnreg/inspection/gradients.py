"""Differences against backpropagation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sknnreg.engine.arrays.batches import Batch, Batches
from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.base import BaseMLPRegularized, training_plan
from sknnreg.inspection.comparison import SMALLEST_STEP, gradient_errors
from sknnreg.inspection.networks import check_network, clone_with


def check_gradients(
    estimator: BaseMLPRegularized,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    step: float = 2.0**-5,
    max_entries: int = 100,
) -> dict[str, float]:
    r"""Check backpropagation against differences, in float64.

    For every trained array of the network that the estimator's hyperparameters build, with all rows
    as one batch, compare the derivatives :math:`e` that backpropagation finds with derivatives
    :math:`a` that need no backpropagation: central differences

    .. math:: a(h) = \frac{J(w + h d) - J(w - h d)}{2 h}

    at steps :math:`h, h / 2, h / 4, \dots`, extrapolated to :math:`h = 0` by Ridders' method, which
    also tells what :math:`a` can be wrong by, :math:`u`: the change by the last step and the last
    order, and the rounding of J divided by the smallest step. Only what exceeds :math:`u` is an
    error, and only if it does not go away with smaller first steps, as long as these can tell:
    neither curvature nor a kink nearby (relu, absolute_error) is taken for one.

    The objective :math:`J` has the data term, the penalties that have a gradient, and what
    variational dropout adds. (L1 acts after the step and has no gradient; ``augmentation`` is left
    out.) What draws, draws the same numbers at every evaluation. The weights :math:`w` are the
    starting weights, each moved by 10 to 30 percent of its array's typical size: where a
    normalization's scale is 1 and its shift 0, a factor that is missing does not show. All is
    compared twice, for one network by itself and for a stack of two, which differ in their seeds
    and in the order of the rows.

    Parameters
    ----------
    estimator : MLPRegularizedClassifier or MLPRegularizedRegressor
        Its hyperparameters are used; it need not be fitted and is not changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs; a few dozen rows are enough.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights.
    step : float, default=0.03125
        The first and largest step :math:`h`, in the units of the weights; from 1e-8 to 1.
    max_entries : int, default=100
        Entries compared per array, one by one; at least 1. Where an array has more, they are drawn
        at random, and four directions :math:`d` that mix all entries are compared beside them.

    Returns
    -------
    errors : dict of str to float
        For each trained array the largest relative error of its entries and directions,
        :math:`\max(|a - e| - u, 0) / (|a| + |e|)`, between 0 and 1, or infinite where :math:`e` is
        not finite. Below 1e-7 is right. A derivative smaller than :math:`u` cannot be judged and
        counts as right: of a J near 1, one below some 1e-13.

    Raises
    ------
    TypeError
        For other estimators; of a pipeline, give the last step.
    ValueError
        For unusable data or hyperparameters, as ``fit`` does, and if J is not finite.

    References
    ----------
    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering
    Software 4 (2), 1982; ``dfridr`` in W. H. Press et al., Numerical Recipes, 3rd edition, 2007.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.inspection import check_gradients
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPRegularizedClassifier(
    ...     (5,), activation="tanh", dropout=0.5, normalization="batch", l2=0.1, random_state=0
    ... )
    >>> errors = check_gradients(model, X, y)
    >>> list(errors)
    ['Dense 0 weight', 'BatchNormalization 0 scale', 'BatchNormalization 0 shift', ...]
    >>> max(errors.values()) < 1e-7
    True
    """
    if not SMALLEST_STEP <= step <= 1 or max_entries < 1:
        raise ValueError(
            f"step must be between {SMALLEST_STEP} and 1 and max_entries at least 1, "
            f"got {step!r} and {max_entries!r}."
        )
    check_network(estimator, "check_gradients")
    settings = {"early_stopping": False, "early_stopping_refit": None, "warm_start": False}
    plan = training_plan(clone_with(estimator, settings), X, y, sample_weight)
    prepared = plan.prepared
    recipe = replace(plan.recipe, dtype="float64")
    batches = Batches([prepared.train], len(prepared.train), np.dtype(np.float64))
    batch = next(iter(batches.epoch(None)))
    # A single network's arrays have no network axis: that and a stack are two ways to go wrong.
    with np.errstate(all="ignore"):
        alone = gradient_errors(recipe, batch, [prepared.seed], step, max_entries)
        seeds = [prepared.seed, prepared.seed + 1]
        beside = gradient_errors(recipe, _and_reversed(batch), seeds, step, max_entries)
    return {name: max(error, beside[name]) for name, error in alone.items()}


def _and_reversed(batch: Batch) -> Batch:
    """The batch for one network, and its rows in reverse for another."""

    def both(array: Array) -> Array:
        return np.concatenate([array, array[:, ::-1]])

    weights = (None if array is None else both(array) for array in batch[2:])
    return Batch(both(batch.x), both(batch.y), *weights)
