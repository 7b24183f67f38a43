"""Batches of weighted rows: their gradients are exact, and on average those of all rows."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.batches import Batch, Batches
from sknnreg.engine.arrays.stack import simplify, stack
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.adversarial import backpropagate_adversarial
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.data import bind_augmentations
from sknnreg.engine.places.signal import Phase
from sknnreg.estimators.base import training_plan

N, SEEDS = 23, [1, 2]
NO_STATISTICS = {
    "plain": {},
    "linear": {"hidden_layer_sizes": ()},
    "weight norm": {"weight_norm": True},
    "layer normalization": {"normalization": "layer"},
    "label smoothing": {"label_smoothing": 0.2},
}
OTHERS = {
    "batch": {"normalization": "batch"},
    "batch behind": {"normalization": "batch", "normalization_position": "after"},
    "mean-only batch": {"normalization": "mean_only_batch"},
    "mixup": {"mixup": 0.5, "normalization": "batch"},
    "input noise": {"input_noise": 0.3, "dropout": 0.2},
    "adversarial": {"adversarial": 0.1, "normalization": "batch"},
    "variational": {"dropout": 0.2, "dropout_kind": "variational", "normalization": "batch"},
}


@pytest.fixture
def made():
    """Two networks of one recipe, each with rows and weights of its own."""

    def make(settings, n=N):
        rng = np.random.default_rng(0)
        plans = []
        for seed in SEEDS:
            model = MLPRegularizedClassifier(
                **{"hidden_layer_sizes": (5,), "activation": "tanh", **settings},
                random_state=seed,
                dtype="float64",
            )
            X, y = rng.normal(size=(n, 3)), rng.integers(0, 3, n)
            plans.append(training_plan(model, X, y, rng.lognormal(0, 2, n)))
        return Stack(plans)

    return make


class Stack:
    """A stack of networks at their start, and the objective of any batch."""

    def __init__(self, plans):
        self.sets = [plan.prepared.train for plan in plans]
        self.recipe = simplify(stack([plan.recipe for plan in plans]))
        values = self.recipe.network.initialize(Streams(SEEDS), np.dtype(np.float64))
        self.grads = np.zeros((len(SEEDS), self.recipe.network.layout.n_trainable))
        self.network = BoundNetwork(self.recipe.network, values, self.grads)
        self.phase = Phase(Streams(SEEDS))

    def batches(self, batch_size):
        return Batches(self.sets, batch_size, np.dtype(np.float64), join_single=True)

    def value(self, batch):
        """What the batch adds to the objective ``(M,)``; fills the gradients."""
        streams = Streams(SEEDS)
        augment = bind_augmentations((), self.recipe.augmentations, batch.x.shape, np.float64)
        x, y = augment(batch.x, batch.y, streams, batch.share)
        batch = Batch(x.copy(), y.copy(), *batch[2:])
        self.phase.streams = streams
        self.phase.weigh(batch.share, batch.total)
        if self.recipe.adversarial:
            (member,) = self.recipe.adversarial
            value = backpropagate_adversarial(
                member, self.network, self.phase, batch, self.recipe.loss
            )
        else:
            bound = self.network.bound(batch.x.shape[1], self.phase)
            value = bound.backpropagate(batch.x, batch.y, batch.weight, self.recipe.loss)
        costs = self.network.costs()
        return value.copy() if costs is None else value + costs

    def differences(self, batch, column, step=1e-5):
        values = self.network.values
        at = values[:, column].copy()
        found = []
        for sign in (1, -1):
            values[:, column] = at + sign * step
            found.append(self.value(batch))
        values[:, column] = at
        return (found[0] - found[1]) / (2 * step)


@pytest.mark.parametrize("name", [*NO_STATISTICS, *OTHERS])
def test_the_gradient_of_each_batch_is_that_of_its_objective(name, made):
    """Statistics take shares of the batch, the loss what the batch weighs: both at once."""
    each = made({**NO_STATISTICS, **OTHERS}[name])
    columns = np.random.default_rng(1).permutation(each.grads.shape[1])[:25]
    uneven = 0.0
    for batch in each.batches(6).epoch(Streams(SEEDS)):
        each.value(batch)
        exact = each.grads.copy()
        found = np.stack([each.differences(batch, column) for column in columns], axis=1)
        np.testing.assert_allclose(found, exact[:, columns], rtol=1e-5, atol=1e-8)
        uneven = max(uneven, np.abs(batch.weight.sum(axis=(1, 2)) - 1).max())
    assert uneven > 0.5  # the batches do differ in what they weigh


@pytest.mark.parametrize("name", NO_STATISTICS)
@pytest.mark.parametrize("batch_size", [1, 6, 11])
def test_the_mean_of_an_epochs_gradients_is_that_of_all_rows(name, batch_size, made):
    """By rows: a last batch of fewer has its part in it."""
    each = made(NO_STATISTICS[name])
    value, gradient = 0.0, 0.0
    batches = each.batches(batch_size)
    for batch, fraction in zip(batches.epoch(Streams(SEEDS)), batches.fractions, strict=True):
        value += fraction * each.value(batch)
        gradient += fraction[:, None] * each.grads
    (everything,) = each.batches(N).epoch(None)
    np.testing.assert_allclose(value, each.value(everything), rtol=1e-12)
    np.testing.assert_allclose(gradient, each.grads, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("batch_size", [3, 8, 20])
def test_an_epoch_of_weighted_rows_by_hand(batch_size):
    """w <- w - r (sum_i s_i (x_i w + b - y_i) x_i / (B mean s) + l2 w), and what it tells."""
    rng = np.random.default_rng(0)
    X, y, s = rng.normal(size=(20, 3)), rng.normal(size=20), rng.lognormal(0, 2, 20)
    rate, l2 = 0.05, 0.3
    settings = {
        "solver": "sgd", "momentum": 0.0, "learning_rate_init": rate, "l2": l2, "shuffle": False,
        "batch_size": batch_size, "standardize": False, "dtype": "float64", "random_state": 0,
    }  # fmt: skip
    start = MLPRegularizedRegressor((), **{**settings, "learning_rate_init": 1e-300})
    start.partial_fit(X, y, sample_weight=s)
    w, b = start.coefs_[0][:, 0].copy(), start.intercepts_[0][0]
    told = 0.0
    for at in range(0, 20, batch_size):
        rows = slice(at, min(at + batch_size, 20))
        share = s[rows] / (len(y[rows]) * s.mean())
        residual = X[rows] @ w + b - y[rows]
        told += len(y[rows]) / 20 * (share @ residual**2 / 2 + l2 / 2 * w @ w)
        w, b = w - rate * ((share * residual) @ X[rows] + l2 * w), b - rate * (share @ residual)
    model = MLPRegularizedRegressor((), **settings).partial_fit(X, y, sample_weight=s)
    np.testing.assert_allclose(model.coefs_[0][:, 0], w, rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[0][0], b, rtol=1e-12)
    np.testing.assert_allclose(model.loss_curve_[0], told, rtol=1e-12)


def test_lbfgs_reads_many_rows_in_parts_and_finds_the_weighted_minimum():
    """4096 rows at a time: the parts add up to the weighted mean over all rows."""
    rng = np.random.default_rng(0)
    n, l2 = 5000, 0.3
    X, s = rng.normal(size=(n, 3)), rng.lognormal(0, 2, 5000)
    y = X[:, 0] ** 2 + X[:, 1] + 0.1 * rng.normal(size=n)
    model = MLPRegularizedRegressor((), solver="lbfgs", l2=l2, tol=1e-9, standardize=False)
    model.fit(X, y, sample_weight=s)
    ridge = Ridge(alpha=l2 * s.sum()).fit(X, y, sample_weight=s)
    np.testing.assert_allclose(model.coefs_[0][:, 0], ridge.coef_, rtol=1e-5)
    residual = y - ridge.predict(X)
    minimum = s @ residual**2 / (2 * s.sum()) + l2 / 2 * ridge.coef_ @ ridge.coef_
    assert model.loss_ == pytest.approx(minimum, rel=1e-9)


def test_proportions_count_within_a_call_of_partial_fit():
    rng = np.random.default_rng(0)
    X, y, s = rng.normal(size=(60, 3)), rng.normal(size=60), rng.lognormal(0, 2, 60)
    settings = {"batch_size": 7, "random_state": 0, "normalization": "layer"}
    one, other = (MLPRegularizedRegressor((5,), **settings) for _ in range(2))
    for number in range(3):
        rows = slice(20 * number, 20 * number + 20)
        one.partial_fit(X[rows], y[rows], sample_weight=s[rows])
        other.partial_fit(X[rows], y[rows], sample_weight=1024**number * s[rows])
    assert np.array_equal(one.predict(X), other.predict(X))
    assert one.loss_curve_ == other.loss_curve_
