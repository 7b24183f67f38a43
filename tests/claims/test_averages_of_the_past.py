"""Averages of the past: x <- b x + (1 - b) x_n looks back over about (1 + b) / (1 - b) points.

Started at 0 it expects 1 - b^n of what it should, which weight_averaging="ema" takes out again;
weight_averaging="swa" is a plain mean of the last epochs. Averaged weights are not any weights
that training had: batch statistics have to be theirs.
"""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.places.time.averaging import EpochAverage, ExponentialAverage, RunningAverage

# So many points, and the b that looks back over them: (1 + b) / (1 - b) = n.
REACHES = pytest.mark.parametrize(("n", "b"), [(1, 0.0), (3, 0.5), (19, 0.9), (199, 0.99)])
N, BATCH_SIZE, MAX_ITER = 60, 16, 12
DECAY = 0.8
EMA = {"weight_averaging": "ema", "averaging_decay": DECAY}
SWA = {"weight_averaging": "swa", "averaging_start": 0.6}  # 7.2 of 12 epochs: 8 is the first


def average_of(member, points):
    """The engine's average of ``points (T, P)``, an epoch of one update each."""
    values, average = np.zeros((1, points.shape[1])), np.zeros((1, points.shape[1]))
    running = RunningAverage(stack([member]), values, average, np.zeros(1, np.int64))
    for epoch, point in enumerate(points):
        running.begin_epoch(np.array([epoch]), 1)
        values[...] = point
        running.after_update(0)
        running.after_epoch(np.array([epoch + 1]))
    return average[0]


def weights_of(member, n_points):
    """What each point counts for in their average: point i is 1 in column i and 0 elsewhere."""
    return average_of(member, np.eye(n_points))


def from_zero(points, b):
    """X <- b x + (1 - b) x_n, started at 0 and left as it is."""
    x = np.zeros_like(points[0])
    for point in points:
        x = b * x + (1 - b) * point
    return x


@REACHES
def test_it_is_as_steady_as_a_plain_mean_of_so_many_points(n, b):
    """Of white noise an average has the variance that its squared weights add up to.

    A plain mean of n points has 1 / n, and so has (1 - b) / (1 + b) the exponential average of
    all the past; of T points it has (1 + b^T) / (1 - b^T) times that.
    """
    plain = weights_of(EpochAverage(0.0), n)
    np.testing.assert_allclose(np.square(plain).sum(), 1 / n, rtol=1e-12)
    for length in (1, 2, n, 12 * n):
        weights = weights_of(ExponentialAverage(b), length)
        expected = (1 - b) / (1 + b) * (1 + b**length) / (1 - b**length)
        np.testing.assert_allclose(np.square(weights).sum(), expected, rtol=1e-11)
    # Behind b^T = e^-24 there is nothing left.
    np.testing.assert_allclose(np.square(weights).sum(), 1 / n, rtol=1e-9)


@REACHES
def test_its_points_are_as_old_as_those_of_a_plain_mean_of_so_many(n, b):
    """On average (n - 1) / 2 = b / (1 - b) points, the newest being 0 old."""
    ages = np.arange(40.0 * n)[::-1, None]
    np.testing.assert_allclose(average_of(EpochAverage(0.0), ages[-n:]), (n - 1) / 2, rtol=1e-12)
    old = average_of(ExponentialAverage(b), ages)
    np.testing.assert_allclose(old, (n - 1) / 2, rtol=1e-11)
    np.testing.assert_allclose(old, b / (1 - b), rtol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 10, 300])
@pytest.mark.parametrize("b", [0.5, 0.9, 0.999])
def test_started_at_zero_it_expects_too_little_until_that_is_corrected(b, n):
    """Its weights add up to 1 - b^n: of a mean of 3, with b = 0.999, 0.03 is seen after 10."""
    points = np.eye(n)
    uncorrected, corrected = from_zero(points, b), weights_of(ExponentialAverage(b), n)
    np.testing.assert_allclose(uncorrected.sum(), 1 - b**n, rtol=1e-10)
    np.testing.assert_allclose(corrected.sum(), 1, rtol=1e-12)
    np.testing.assert_allclose(corrected, uncorrected / (1 - b**n), rtol=1e-10)


def classes():
    X, y = make_classification(n_samples=N, n_features=6, random_state=0)
    return MLPRegularizedClassifier, X, y


def responses():
    X, y = make_regression(n_samples=N, n_features=6, noise=1.0, random_state=1)
    return MLPRegularizedRegressor, X, y / y.std()


TASKS = pytest.mark.parametrize("task", [classes, responses], ids=lambda task: task.__name__)
BATCHES = pytest.mark.parametrize("batch_size", [N, BATCH_SIZE], ids=["all rows", "mini-batches"])


def model(task, batch_size, **parameters):
    settings = {
        "activation": "tanh",
        "standardize": False,
        "dtype": "float64",
        "shuffle": False,
        "batch_size": batch_size,
        "learning_rate_init": 0.02,
        "max_iter": MAX_ITER,
        "n_iter_no_change": None,
        "random_state": 3,
    }
    return task()[0]((5, 4), **{**settings, **parameters})


def by_update(task, batch_size, look, **parameters):
    """What ``look(network)`` is after each single update of a training without averages.

    An epoch over the rows of one batch is one update.
    """
    (_, X, y), network = task(), model(task, batch_size, **parameters)
    classes_known = {"classes": np.unique(y)} if hasattr(network, "predict_proba") else {}
    seen = []
    for _ in range(MAX_ITER):
        for start in range(0, N, batch_size):
            rows = slice(start, start + batch_size)
            seen.append(look(network.partial_fit(X[rows], y[rows], **classes_known)))
    return seen


def averaged(averaging, seen):
    """The average as its formula has it, of arrays by update."""
    if averaging is EMA:
        return from_zero(seen, DECAY) / (1 - DECAY ** len(seen))
    per_epoch = len(seen) // MAX_ITER
    ends = seen[per_epoch - 1 :: per_epoch]
    return np.mean(ends[7:], axis=0)


def arrays(network):
    """All weights and biases in one vector."""
    return np.concatenate([array.ravel() for array in (*network.coefs_, *network.intercepts_)])


@TASKS
@BATCHES
@pytest.mark.parametrize("averaging", [EMA, SWA], ids=["ema", "swa"])
def test_the_network_that_is_kept_is_the_average_of_those_that_were_trained(
    averaging, batch_size, task
):
    """Of all updates by the corrected formula, or of the epochs behind the start, alike."""
    _, X, y = task()
    seen = by_update(task, batch_size, arrays)
    kept = arrays(model(task, batch_size, **averaging).fit(X, y))
    np.testing.assert_allclose(kept, averaged(averaging, seen), rtol=0, atol=1e-13)
    assert np.abs(kept - seen[-1]).max() > 0.01, "it is not the last one"
    if averaging is EMA:
        # After 12 updates 7 % of it are missing without the correction, after 48 there are 2e-5.
        uncorrected = np.abs(kept - from_zero(seen, DECAY)).max()
        assert uncorrected == pytest.approx(DECAY ** len(seen) * np.abs(kept).max(), rel=1e-6)


@TASKS
@BATCHES
def test_the_average_of_one_is_that_one(batch_size, task):
    """decay 0 keeps the last update, a start at 11 of 12 epochs the last epoch."""
    _, X, y = task()
    last = model(task, batch_size).fit(X, y)
    for parameters in (
        {"weight_averaging": "ema", "averaging_decay": 0.0},
        {"weight_averaging": "swa", "averaging_start": 11 / 12},
    ):
        kept = model(task, batch_size, **parameters).fit(X, y)
        np.testing.assert_array_equal(arrays(kept), arrays(last))


@TASKS
@pytest.mark.parametrize("averaging", [EMA, SWA], ids=["ema", "swa"])
def test_averaging_only_watches(averaging, task):
    """The networks that train are those that train without it: the same losses, bit for bit."""
    _, X, y = task()
    watched, alone = (model(task, BATCH_SIZE, **p).fit(X, y) for p in (averaging, {}))
    assert watched.loss_curve_ == alone.loss_curve_


class Normalized:
    """The network of a row of trained numbers, with batch normalization before each activation.

    It has its own statistics: of the batches as they come, means of their means and of their
    unbiased variances, each batch normalized by its own moments on its way to the next layer.
    """

    def __init__(self, network, row, X, batch_size):
        layers = network._plan((X, np.arange(len(X)) % 2, None)).recipe.network.layout
        views = [vars(view) for view in layers.views(row[None]) if vars(view)]
        self.views = [{name: array[0] for name, array in view.items()} for view in views]
        self.epsilon = network.normalization_epsilon
        self.own = []
        batches = [X[start : start + batch_size] for start in range(0, len(X), batch_size)]
        for dense, norm in zip(self.views[:-1:2], self.views[1::2], strict=True):
            signals = [batch @ dense["weight"] for batch in batches]
            means = [z.mean(axis=0) for z in signals]
            variances = [z.var(axis=0, ddof=1) for z in signals]
            self.own.append((np.mean(means, axis=0), np.mean(variances, axis=0)))
            batches = [self._normalized(z, z.mean(axis=0), z.var(axis=0), norm) for z in signals]

    @property
    def running(self):
        """The statistics that the row has."""
        return [(norm["mean"], norm["variance"]) for norm in self.views[1::2]]

    def __call__(self, X, statistics):
        for dense, norm, moments in zip(
            self.views[:-1:2], self.views[1::2], statistics, strict=True
        ):
            X = self._normalized(X @ dense["weight"], *moments, norm)
        return X @ self.views[-1]["weight"] + self.views[-1]["bias"]

    def _normalized(self, z, mean, variance, norm):
        scaled = (z - mean) / np.sqrt(variance + self.epsilon)
        return np.tanh(scaled * norm["scale"] + norm["shift"])


@pytest.mark.parametrize("batch_size", [N, 15], ids=["all rows", "mini-batches"])
@pytest.mark.parametrize("averaging", [EMA, SWA], ids=["ema", "swa"])
def test_batch_statistics_are_those_of_the_averaged_weights(averaging, batch_size):
    """Not the average of statistics, which belongs to no network."""
    _, X, y = responses()
    fresh = np.random.default_rng(5).normal(size=(40, 6))
    settings = {"normalization": "batch", "learning_rate_init": 0.05}
    seen = by_update(
        responses,
        batch_size,
        lambda network: network._continuation.state.values[0].copy(),
        **settings,
    )
    network = model(responses, batch_size, **settings, **averaging).fit(X, y)
    by_hand = Normalized(network, averaged(averaging, seen), X, batch_size)
    expected = by_hand(fresh, by_hand.own)[:, 0]
    np.testing.assert_allclose(network.predict(fresh), expected, rtol=0, atol=1e-12)
    naive = by_hand(fresh, by_hand.running)[:, 0]
    assert np.abs(naive - expected).max() > 0.01
