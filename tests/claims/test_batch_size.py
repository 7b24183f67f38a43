"""Batch normalization's error grows as batches shrink; layer and group norm ignore the batch."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import make_regression

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.places.signal.activations import Tanh
from sknnreg.engine.places.signal.batch_normalization import (
    BatchNormalization,
    MeanOnlyBatchNormalization,
)
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.group_normalization import GroupNormalization, LayerNormalization

SIGMAS = 5
SIZES = [2, 4, 8, 16, 32, 64, 128]
N_DRAWS = 20_000  # units of a layer, each a sample of its own
MEAN, STD = 3.0, 2.0


def errors(bench, rng, layer, size, scale):
    """Squared, of a training batch's outputs against normalization by the population's numbers.

    For each unit's sample of ``size`` rows, their mean.
    """
    x = rng.normal(MEAN, STD, size=(size, N_DRAWS))
    ideal = (x - MEAN) / scale
    return np.square(bench(layer).train(x) - ideal).mean(axis=0)


@pytest.mark.parametrize("size", SIZES)
def test_the_error_of_the_mean_is_the_variance_over_the_batch_size(bench, rng, size):
    """Exactly var / B for the mean alone: 20,000 batches, within 5 standard errors."""
    found = errors(bench, rng, MeanOnlyBatchNormalization(N_DRAWS, 0.9), size, 1.0)
    error = found.std(ddof=1) / np.sqrt(N_DRAWS)
    assert abs(found.mean() - STD**2 / size) < SIGMAS * error
    assert found.mean() > 10 * SIGMAS * error


def test_batch_normalizations_error_falls_with_the_batch_size(bench, rng):
    """At each doubling, by more than the Monte Carlo error; about as 1 / B where batches are large.

    A normal sample's standard deviation is uncertain by var / 2B, so that with it the error is
    half as large again as the mean's alone.
    """
    layer = BatchNormalization(N_DRAWS, 0.9, 1e-12)
    found = [errors(bench, rng, layer, size, STD) for size in SIZES]
    means = np.array([each.mean() for each in found])
    error = np.array([each.std(ddof=1) for each in found]) / np.sqrt(N_DRAWS)
    assert np.all(means[:-1] - means[1:] > SIGMAS * np.hypot(error[:-1], error[1:]))
    np.testing.assert_allclose(means[-2:] * SIZES[-2:], 1.5, rtol=0.05)


def test_in_a_batch_of_two_only_the_order_is_left(bench, rng):
    """Outputs are -1 and 1, whatever the two rows."""
    y = bench(BatchNormalization(7, 0.9, 1e-30)).train(rng.normal(size=(2, 7)))
    np.testing.assert_allclose(np.abs(y), 1, rtol=1e-12)
    np.testing.assert_allclose(y[0], -y[1], rtol=1e-12)


ROW_LAYERS = {
    "layer": lambda n: LayerNormalization(n, 1e-5),
    "group": lambda n: GroupNormalization(n, 1e-5, 4),
}
BY_KIND = pytest.mark.parametrize("kind", ROW_LAYERS)


def network(bench, rng, kind):
    norm = ROW_LAYERS[kind](8)
    model = bench(Dense("0", 5, 8), norm, Tanh(), Dense("1", 8, 2))
    model.p[1].scale[...] = rng.uniform(0.5, 2, 8)
    model.p[1].shift[...] = rng.normal(size=8)
    return model


@BY_KIND
def test_a_rows_output_and_gradient_are_the_same_in_any_batch(bench, rng, kind):
    """Alone, with some others or with all: to the rounding of the products."""
    model = network(bench, rng, kind)
    x, grad_y = rng.normal(size=(64, 5)), rng.normal(size=(64, 2))
    y, grad_x = model.train(x, grad_y)
    for size in (1, 2, 3, 10, 33):
        y_part, grad_part = model.train(x[:size], grad_y[:size])
        np.testing.assert_allclose(y_part, y[:size], rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(grad_part, grad_x[:size], rtol=1e-12, atol=1e-14)
    # Other neighbours, of other sizes.
    x[1:] *= rng.uniform(0, 100, size=(63, 1))
    np.testing.assert_allclose(model.train(x)[0], y[0], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("epsilon", [1e-30, 0.5])
@BY_KIND
def test_each_group_of_a_row_ends_with_mean_0_and_variance_1(bench, rng, kind, epsilon):
    """var / (var + epsilon), to be exact."""
    layer = replace(ROW_LAYERS[kind](8), epsilon=epsilon)
    x = 3 * rng.normal(size=(10, 8)) + 1
    y = bench(layer).train(x).reshape(10, layer.groups, -1)
    var = x.reshape(y.shape).var(axis=2)
    np.testing.assert_allclose(y.mean(axis=2), 0, atol=1e-14)
    np.testing.assert_allclose(y.var(axis=2), var / (var + epsilon), rtol=1e-12)


@BY_KIND
def test_training_and_inference_do_not_differ(bench, rng, kind):
    """Bit for bit: there is nothing to estimate."""
    model, x = network(bench, rng, kind), rng.normal(size=(16, 5))
    np.testing.assert_array_equal(model.train(x), model.infer(x))


def test_for_batch_normalization_neither_holds(bench, rng):
    model = bench(Dense("0", 5, 8), BatchNormalization(8, 0.9, 1e-5), Tanh(), Dense("1", 8, 2))
    x = rng.normal(size=(64, 5))
    y = model.train(x)
    assert np.abs(model.train(x[:4]) - y[:4]).max() > 0.1
    assert np.abs(model.infer(x) - model.train(x)).max() > 0.01


@BY_KIND
def test_rows_are_predicted_one_by_one_as_together(kind):
    """By an estimator too."""
    X, y = make_regression(n_samples=50, n_features=4, noise=1.0, random_state=0)
    model = MLPRegularizedRegressor(
        (8,), normalization=kind, normalization_groups=4, batch_size=10, max_iter=5,
        n_iter_no_change=None, random_state=0,
    ).fit(X, y)  # fmt: skip
    alone = np.concatenate([model.predict(X[[i]]) for i in range(50)])
    np.testing.assert_allclose(alone, model.predict(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
def test_group_norm_with_one_group_is_layer_norm(position, epsilon):
    """The same network, bit for bit, after training."""
    X, y = make_regression(n_samples=60, n_features=4, noise=1.0, random_state=0)

    def fit(**kind):
        return MLPRegularizedRegressor(
            (8, 6), normalization_position=position, normalization_epsilon=epsilon,
            batch_size=20, max_iter=10, n_iter_no_change=None, random_state=0, **kind,
        ).fit(X, y)  # fmt: skip

    one, other = fit(normalization="group", normalization_groups=1), fit(normalization="layer")
    for mine, theirs in zip(
        [*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    two = fit(normalization="group", normalization_groups=2)
    assert np.abs(two.coefs_[0] - one.coefs_[0]).max() > 1e-3


def test_a_group_is_layer_norm_of_its_units(bench, rng):
    """Two groups are two layers side by side."""
    x = 3 * rng.normal(size=(9, 8)) + 1
    whole = bench(GroupNormalization(8, 1e-5, 2)).train(x)
    half = bench(LayerNormalization(4, 1e-5))
    sides = np.hstack([half.train(x[:, :4]), half.train(x[:, 4:])])
    np.testing.assert_allclose(whole, sides, rtol=1e-13)
