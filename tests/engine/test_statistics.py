"""Batch statistics at inference: running averages and those of the training set, by hand."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.arrays.batches import Batches
from sknnreg.engine.arrays.matrix import Layout
from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.loop.evaluation import population_statistics
from sknnreg.engine.loop.training import train
from sknnreg.engine.places.signal import Phase, Site
from sknnreg.engine.places.signal.batch_normalization import BatchNormalization

M, F = 2, 3


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def bind(layer, n_rows, phase, dtype=np.float64):
    layout = Layout([layer.slots])
    (p,) = layout.views(np.zeros((M, layout.n_columns), dtype))
    (g,) = layout.views(np.zeros((M, layout.n_trainable), dtype))
    layer.initialize(p, Streams([1, 2]))
    forward, _ = layer.bind(Site(p, g, M, n_rows, np.dtype(dtype), phase))
    return p, forward


def gathered(recipe, sets):
    """The batches a recipe trains on."""
    return Batches(sets, recipe.batch_size, np.dtype(recipe.dtype), join_single=True)


def corrected(values, keep):
    """m_t = k m_(t-1) + (1 - k) x_t from 0, divided by 1 - k^t: after each t."""
    found, average = [], 0.0
    for t, value in enumerate(values, 1):
        average = keep * average + (1 - keep) * value
        found.append(average / (1 - keep**t))
    return found


@pytest.mark.parametrize("weighted", [False, True])
def test_running_statistics(weighted, rng):
    keeps, n_rows = (0.9, 0.3), 6
    layer = stack([BatchNormalization(F, keep, 1e-5) for keep in keeps])
    phase = Phase()
    p, forward = bind(layer, n_rows, phase)
    means, variances = [], []
    for t in range(5):
        x = rng.normal(size=(M, n_rows, F)) * 3 + 1
        s = rng.uniform(1, 3, (M, n_rows, 1)) if weighted else np.ones((M, n_rows, 1))
        total = s.sum(axis=1, keepdims=True)
        if weighted:
            phase.weight, phase.total = s / total, total
        y = forward(x)
        mean = (s * x).sum(axis=1, keepdims=True) / total
        variance = (s * (x - mean) ** 2).sum(axis=1, keepdims=True) / total
        np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 1e-5), rtol=1e-11)
        means.append(mean)
        variances.append(variance * total / (total - 1))
        for row, keep in enumerate(keeps):
            expected = corrected([m[row] for m in means], keep)[t]
            np.testing.assert_allclose(p.mean[row], expected, rtol=1e-12)
            expected = corrected([v[row] for v in variances], keep)[t]
            np.testing.assert_allclose(p.variance[row], expected, rtol=1e-12)
        assert np.all(p.count == t + 1)


def test_the_first_batch_alone_is_all_there_is(rng):
    """Bias-corrected: no trace of where the averages started."""
    x = rng.normal(size=(M, 6, F))
    p, forward = bind(
        stack([BatchNormalization(F, keep, 1e-5) for keep in (0.99, 0.0)]), 6, Phase()
    )
    forward(x)
    np.testing.assert_allclose(p.mean[:, 0], x.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(p.variance[:, 0], x.var(axis=1, ddof=1), rtol=1e-13)


@pytest.mark.parametrize("cumulative", [False, True])
def test_a_batch_of_mass_three_counts_as_three(cumulative, rng):
    first, second = rng.normal(size=(2, M, 6, F))
    share = np.full((M, 6, 1), 1 / 6)
    layer = stack([BatchNormalization(F, keep, 1e-5) for keep in (0.9, 0.0)])
    heavy, thrice = Phase(cumulative=cumulative), Phase(cumulative=cumulative)
    p, forward = bind(layer, 6, heavy)
    other, forward_often = bind(layer, 6, thrice)
    for x, mass in ((first, 1), (second, 3), (first, 2)):
        heavy.weigh(share, np.full((M, 1, 1), 6.0), np.full((M, 1, 1), float(mass)))
        forward(x)
        for _ in range(mass):
            forward_often(x)
    for name in ("mean", "variance", "count"):
        np.testing.assert_allclose(getattr(p, name), getattr(other, name), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cumulative", [False, True])
def test_a_batch_that_weighs_nothing_is_forgotten(cumulative, dtype, rng):
    """Unless it is all there is."""
    first, second = rng.normal(size=(2, M, 6, F)).astype(dtype)
    phase = Phase(None, np.full((M, 6, 1), 1 / 6, dtype), np.full((M, 1, 1), 6.0))
    phase.cumulative = cumulative
    p, forward = bind(stack([BatchNormalization(F, 0.9, 1e-5)] * M), 6, phase, dtype)
    phase.mass = np.zeros((M, 1, 1))
    forward(first)
    np.testing.assert_allclose(p.mean[:, 0], first.mean(axis=1), rtol=1e-5, atol=1e-7)
    phase.mass = np.ones((M, 1, 1))
    forward(second)
    np.testing.assert_allclose(p.mean[:, 0], second.mean(axis=1), rtol=1e-4, atol=1e-4)


def test_a_batch_of_one_row_has_no_variance(rng):
    """B / (B - 1) is undefined: it is left out, and nothing becomes infinite."""
    x = rng.normal(size=(M, 1, F))
    p, forward = bind(stack([BatchNormalization(F, 0.9, 1e-5)] * M), 1, Phase())
    assert np.array_equal(forward(x), np.zeros_like(x))
    assert not p.variance.any()
    np.testing.assert_allclose(p.mean, x, rtol=1e-13)


def test_cumulative_statistics_are_plain_means(rng):
    p, forward = bind(stack([BatchNormalization(F, 0.9, 1e-5)] * M), 6, Phase(cumulative=True))
    batches = rng.normal(size=(7, M, 6, F))
    for x in batches:
        forward(x)
    np.testing.assert_allclose(p.mean[:, 0], batches.mean(axis=(0, 2)), rtol=1e-12)
    expected = batches.var(axis=2, ddof=1).mean(axis=0)
    np.testing.assert_allclose(p.variance[:, 0], expected, rtol=1e-12)


def test_whole_weights_are_repeated_rows(rng):
    x, times = rng.normal(size=(M, 5, F)), np.array([1, 3, 0, 2, 1])
    s = np.broadcast_to(times[:, None].astype(float), (M, 5, 1))
    layer = stack([BatchNormalization(F, 0.9, 1e-5)] * M)
    p, forward = bind(layer, 5, Phase(None, s / times.sum(), np.full((M, 1, 1), times.sum())))
    y = forward(x).copy()
    long, forward_long = bind(layer, times.sum(), Phase())
    y_long = forward_long(x.repeat(times, axis=1))
    np.testing.assert_allclose(y.repeat(times, axis=1), y_long, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(p.mean, long.mean, rtol=1e-12)
    np.testing.assert_allclose(p.variance, long.variance, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 0.1, 0.5])
def test_small_weights_count_as_rows(scale, rng):
    """No row counts as less than one in B / (B - 1): the statistics do not see the scale."""
    x, s = rng.normal(size=(M, 6, F)), rng.uniform(0.5, 1, (M, 6, 1))
    layer, found = stack([BatchNormalization(F, 0.9, 1e-5)] * M), []
    for factor in (1, scale):
        total = (factor * s).sum(axis=1, keepdims=True)
        p, forward = bind(layer, 6, Phase(None, factor * s / total, total))
        forward(x)
        found.append(p.variance)
    variance = s * (x - (s * x).sum(axis=1, keepdims=True) / s.sum(axis=1, keepdims=True)) ** 2
    expected = variance.sum(axis=1, keepdims=True) / s.sum(axis=1, keepdims=True) * 6 / 5
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)
    np.testing.assert_allclose(found[1], expected, rtol=1e-12)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "batch_size"), [(30, 10), (25, 10), (31, 10), (20, 20)])
def test_population_statistics(weighted, n, batch_size, shuffled, rng):
    """Mean of batch means, mean of B / (B - 1) batch variances: first layer's, by hand.

    Batches count by what their rows weigh on average.
    """
    prepared = []
    for _ in range(M):
        X, y = rng.normal(size=(n, 4)) * 2 + 1, rng.normal(size=n)
        weight = rng.uniform(1, 3, n) if weighted else None
        model = MLPRegularizedRegressor(
            (5, 2),
            activation="tanh",
            normalization="batch",
            batch_size=batch_size,
            dtype="float64",
            standardize=False,
            dropout=0.5,
            weight_noise=0.3,
        )
        planned = model._plan((X, y, weight))
        prepared.append((X, weight, planned.prepared, planned.recipe))
    recipe = stack([plan for *_, plan in prepared])
    layout = recipe.network.layout
    values = recipe.network.initialize(Streams([1, 2]), np.dtype(np.float64))
    batches = gathered(recipe, [each.train for _, _, each, _ in prepared])
    # A generator for each network, and without any the rows as they stand.
    orders = Streams([3, 4]).orders(n) if shuffled else [np.arange(n)] * M
    population_statistics(recipe, values, batches, Streams([3, 4]) if shuffled else None)
    before = values.copy()
    population_statistics(recipe, values, batches, Streams([3, 4]) if shuffled else None)
    np.testing.assert_allclose(values, before, rtol=1e-13)  # what was there before does not count

    (index,) = [
        i
        for i, layer in enumerate(recipe.network.layers)
        if isinstance(layer, BatchNormalization) and layer.n_units == 5
    ]
    views = layout.views(values)
    (dense,) = [
        view.weight for view in views if hasattr(view, "weight") and view.weight.shape[1] == 4
    ]
    bounds = list(range(0, n, batch_size))
    if n - bounds[-1] == 1:
        bounds.pop()  # a last batch of one row joins the one before it
    for row, (X, weight, *_) in enumerate(prepared):
        signal, s = X @ dense[row], np.ones(n) if weight is None else weight
        signal, s = signal[orders[row]], s[orders[row]]
        means, variances, masses = [], [], []
        for start, stop in zip(bounds, [*bounds[1:], n], strict=True):
            z, w = signal[start:stop], s[start:stop, None]
            mean = (w * z).sum(axis=0) / w.sum()
            variance = (w * (z - mean) ** 2).sum(axis=0) / w.sum()
            means.append(mean)
            variances.append(variance * w.sum() / (w.sum() - 1))
            masses.append(w.mean() / s.mean())
        for name, each in (("mean", means), ("variance", variances)):
            expected = np.average(each, axis=0, weights=masses)
            np.testing.assert_allclose(getattr(views[index], name)[row, 0], expected, rtol=1e-12)
        np.testing.assert_allclose(views[index].count[row], np.sum(masses), rtol=1e-12)
        if n % batch_size == 0:
            everything = np.average(signal, axis=0, weights=s)
            np.testing.assert_allclose(views[index].mean[row, 0], everything, rtol=1e-12)


@pytest.mark.parametrize("shuffled", [False, True])
def test_population_statistics_change_nothing_else(shuffled, rng):
    X, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    model = MLPRegularizedRegressor((5,), normalization="batch", dtype="float64")
    planned = model._plan((X, y, None))
    prepared, plan = planned.prepared, planned.recipe
    recipe = stack([plan])
    layout = recipe.network.layout
    values = recipe.network.initialize(Streams([1]), np.dtype(np.float64))
    before = values.copy()
    batches = gathered(recipe, [prepared.train])
    population_statistics(recipe, values, batches, Streams([1]) if shuffled else None)
    n = layout.n_trainable
    assert np.array_equal(values[:, :n], before[:, :n])
    assert not np.array_equal(values[:, n:], before[:, n:])
    network = BoundNetwork(recipe.network, values, np.zeros((1, n)))
    assert np.isfinite(network.infer(rng.normal(size=(1, 7, 4)))).all()


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_fit_ends_with_the_statistics_of_shuffled_rows(shuffle, rng):
    """In an order from generators of their own, the seed's first; or as they stand."""
    X = np.sort(rng.normal(size=(60, 2)), axis=0)
    model = MLPRegularizedRegressor(
        (3,), normalization="batch", batch_statistics="population", shuffle=shuffle,
        batch_size=20, dtype="float64", n_iter_no_change=None, random_state=0,
    )  # fmt: skip
    planned = model._plan((X, X[:, 0], None), max_iter=2)
    prepared, plan = planned.prepared, planned.recipe
    (result,) = train([prepared.problem(plan)])
    expected = {}
    for name, streams in (("shuffled", Streams([prepared.seed])), ("as they stand", None)):
        expected[name] = result.state.values.copy()
        batches = gathered(plan, [prepared.train])
        population_statistics(stack([plan]), expected[name], batches, streams)
    here, there = expected.values() if shuffle else reversed(expected.values())
    np.testing.assert_allclose(result.values, here, rtol=1e-12)
    views = [plan.network.layout.views(each) for each in (here, there)]
    own, other = (next(v.variance for v in each if hasattr(v, "variance")) for each in views)
    assert np.all(np.abs(own / other - 1) > 0.1), "the order makes a difference"


def test_population_statistics_standardize_the_training_set(rng):
    """However the rows are ordered: a unit's output over all rows has its gamma for a spread."""
    X = np.sort(rng.normal(size=(400, 1)), axis=0)
    model = MLPRegularizedRegressor(
        (3,), normalization="batch", dtype="float64", batch_size=20, activation="identity"
    )
    planned = model._plan((X, X[:, 0], None))
    prepared, plan = planned.prepared, planned.recipe
    recipe = stack([plan])
    values = recipe.network.initialize(Streams([1]), np.dtype(np.float64))
    views = recipe.network.layout.views(values)
    (dense,) = [v.weight for v in views if hasattr(v, "weight") and v.weight.shape[1:] == (1, 3)]
    (norm,) = [v for v in views if hasattr(v, "variance")]
    x = (X - X.mean()) / X.std()

    def spread(streams):
        population_statistics(recipe, values, gathered(recipe, [prepared.train]), streams)
        z = (x @ dense[0] - norm.mean[0]) / np.sqrt(norm.variance[0])
        return z.std(axis=0)

    np.testing.assert_allclose(spread(Streams([1])), 1, rtol=0.1)
    assert np.all(spread(None) > 2)  # which is what the shuffling is for
