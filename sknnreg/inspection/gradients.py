"""Central differences against backpropagation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone

from sknnreg.engine.arrays.batches import Batch, Batches
from sknnreg.engine.arrays.matrix import Column
from sknnreg.engine.arrays.stack import simplify, stack
from sknnreg.engine.arrays.streams import Streams, spawn
from sknnreg.engine.loop.adversarial import backpropagate_adversarial
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.data import bind_augmentations
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.problem import Recipe
from sknnreg.estimators.base import BaseMLPRegularized, training_plan
from sknnreg.inspection.networks import check_network


def check_gradients(
    estimator: BaseMLPRegularized,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    step: float = 1e-5,
    max_entries: int = 100,
) -> dict[str, float]:
    r"""Check backpropagation against central differences, in float64.

    For every trained array of the network that the estimator's hyperparameters build, at its
    starting weights and for all rows as one batch, compare the derivatives :math:`e` that
    backpropagation finds with

    .. math:: a_i = \frac{J(w_i + h) - J(w_i - h)}{2 h}

    where the objective :math:`J` has the data term and the L2 penalty. (L1 acts after the step
    and has no gradient.) What draws, draws the same numbers at every evaluation.

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
    step : float, default=1e-5
        The step :math:`h`, in the units of the weights.
    max_entries : int, default=100
        Entries compared per array, drawn at random where it has more.

    Returns
    -------
    errors : dict of str to float
        For each trained array the relative error
        :math:`\|a - e\| / (\|a\| + \|e\|)`, where what rounding of J explains counts as no
        difference. Below 1e-7 is right; at a kink of the activation (relu, leaky_relu) or the
        loss a single array may show more.

    Raises
    ------
    ValueError
        For unusable data or hyperparameters, as ``fit`` does.

    References
    ----------
    A. Griewank and A. Walther, Evaluating Derivatives, 2nd edition, 2008.

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
    if not step > 0 or max_entries < 1:
        raise ValueError(
            f"step must be above 0 and max_entries at least 1, got {step!r} and {max_entries!r}."
        )
    check_network(estimator, "check_gradients")
    estimator = clone(estimator).set_params(
        early_stopping=False, early_stopping_refit=None, warm_start=False
    )
    plan = training_plan(estimator, X, y, sample_weight)
    prepared = plan.prepared
    recipe = simplify(stack([replace(plan.recipe, dtype="float64")]))
    batches = Batches([prepared.train], len(prepared.train), np.dtype(np.float64))
    objective = _Objective(recipe, next(iter(batches.epoch(None))), prepared.seed)
    return objective.errors(step, max_entries)


class _Objective:
    """J at one batch with the draws frozen."""

    def __init__(self, recipe: Recipe, batch: Batch, seed: int) -> None:
        self._recipe, self._batch = recipe, batch
        self._streams = Streams([seed])
        self._values = recipe.network.initialize(self._streams, np.dtype(np.float64))
        self._layout = recipe.network.layout
        self._gradient = np.zeros((1, self._layout.n_trainable))
        self._network = BoundNetwork(recipe.network, self._values, self._gradient)
        self._phase = Phase(self._streams)
        self._phase.weigh(batch.weight, batch.total)
        self._pass = self._network.bind(batch.x.shape[1], self._phase)
        self._augment = bind_augmentations((), recipe.augmentations, batch.x.shape, np.float64)
        self._seed = seed

    def errors(self, step: float, max_entries: int) -> dict[str, float]:
        """The relative error of each trained array."""
        value = self._evaluate(with_gradient=True)
        exact = self._gradient.copy()
        # What rounding of J leaves of a difference: where the gradient is 0 there is nothing else.
        rounding = 3 * np.finfo(np.float64).eps * max(abs(value), 1.0) / step
        rng = spawn(self._seed, "gradient check")
        errors = {}
        for name, column in self._arrays():
            places = np.arange(column.columns.start, column.columns.stop)
            if len(places) > max_entries:
                places = rng.choice(places, max_entries, replace=False)
            approximate = np.array([self._difference(place, step) for place in places])
            expected = exact[0, places]
            scale = float(np.linalg.norm(approximate) + np.linalg.norm(expected))
            distance = float(np.linalg.norm(approximate - expected))
            beyond = max(0.0, distance - rounding * np.sqrt(len(places)))
            errors[name] = beyond / max(scale, np.finfo(np.float64).tiny)
        return errors

    def _arrays(self) -> list[tuple[str, Column]]:
        """The trained arrays and their names: the layer's kind and number, the array."""
        layers = self._recipe.network.layers
        seen: Counter[str] = Counter()
        numbers = []
        for layer in layers:
            kind = type(layer).__name__
            numbers.append(f"{kind} {seen[kind]}")
            seen[kind] += 1
        trained = [column for column in self._layout.columns if column.slot.role != "buffer"]
        return [
            (f"{numbers[column.layer]} {column.slot.name}", column)
            for column in sorted(trained, key=lambda column: column.layer)
        ]

    def _difference(self, place: int, step: float) -> float:
        at = self._values[0, place]
        self._values[0, place] = at + step
        above = self._evaluate()
        self._values[0, place] = at - step
        below = self._evaluate()
        self._values[0, place] = at
        return (above - below) / (2 * step)

    def _evaluate(self, *, with_gradient: bool = False) -> float:
        recipe, batch, streams = self._recipe, self._batch, self._streams.copy()
        x, y = batch.x, batch.y
        x, y = self._augment(x, y, streams, batch.weight)
        self._phase.streams = streams
        if recipe.adversarial:
            moved = Batch(x, y, batch.weight, batch.total)
            (member,) = recipe.adversarial
            value = backpropagate_adversarial(
                member, self._network, self._phase, moved, recipe.loss
            )
        else:
            value = self._pass.backpropagate(x, y, batch.weight, recipe.loss)
        weights = self._values[:, : self._layout.n_weights]
        smooth = [p for p in recipe.penalties if not p.proximal]
        if with_gradient:
            by_weight = self._gradient[:, : self._layout.n_weights]
            for penalty in smooth:
                penalty.add_gradient(weights, by_weight, np.empty_like(weights))
        costs = self._network.costs()
        own = 0.0 if costs is None else float(costs[0])
        return float(value.item() + own + sum(penalty.value(weights)[0] for penalty in smooth))
