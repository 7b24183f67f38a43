"""Initializers: the variance they promise, one start in both dtypes, and what SELU makes of it."""

import itertools

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal.activations import SELU
from sknnreg.engine.places.signal.initializers import GlorotUniform, LecunNormal

SHAPE = (300, 200)
VARIANCES = {
    GlorotUniform: lambda member: member.gain / 3 / sum(SHAPE),
    LecunNormal: lambda member: 1 / SHAPE[0],
}


def filled(member, shape=SHAPE, dtype=np.float64, seed=0):
    """Weights and biases over what was there before."""
    weight, bias = np.full(shape, np.nan, dtype), np.full((1, shape[1]), np.nan, dtype)
    member.fill(np.random.default_rng(seed), weight, bias)
    return weight, bias


def test_every_initializer_has_a_variance(members):
    assert {each.cls for each in members["initializer"][1]} == VARIANCES.keys()


def test_mean_and_variance(initializer):
    member, n = initializer.configs[0], SHAPE[0] * SHAPE[1]
    weight, bias = filled(member)
    variance = VARIANCES[initializer.cls](member)
    assert abs(weight.mean()) < 5 * np.sqrt(variance / n)
    # the fourth moment is 3 variances squared at most, a normal distribution's
    assert abs(weight.var() / variance - 1) < 5 * np.sqrt(2 / n)
    assert np.abs(bias).max() <= np.abs(weight).max()
    if initializer.cls is LecunNormal:
        assert not bias.any()


def test_both_dtypes_start_alike(initializer):
    exact, single = (filled(initializer.configs[0], dtype=d) for d in (np.float64, np.float32))
    for one, other in zip(exact, single, strict=True):
        np.testing.assert_array_equal(one.astype(np.float32), other)


def test_a_layer_may_have_no_bias(initializer):
    with_bias, without = filled(initializer.configs[0])[0], np.empty(SHAPE)
    initializer.configs[0].fill(np.random.default_rng(0), without, None)
    np.testing.assert_array_equal(with_bias, without)


WIDTHS = {
    "level": [300] * 25,
    "wider and narrower": [100, *(100, 400) * 6],
    "narrower": [1600, 800, 400, 200, 100],
}


def moments(widths, member):
    """Mean and variance of standard normal inputs behind SELU layers that start so."""
    x = np.random.default_rng(1).normal(size=(1000, widths[0]))
    for layer, shape in enumerate(itertools.pairwise(widths)):
        weight, bias = filled(member, shape, seed=layer)
        x = SELU().value(x @ weight + bias, np.empty((len(x), shape[1])))
    return x.mean(), x.var()


@pytest.mark.parametrize("widths", WIDTHS)
def test_selu_normalizes_itself_from_lecun(widths):
    """Klambauer et al. (2017): means stay near 0 and variances near 1 through any depth."""
    mean, variance = moments(WIDTHS[widths], LecunNormal())
    assert abs(mean) < 0.1
    assert abs(variance - 1) < 0.15


@pytest.mark.parametrize("widths", WIDTHS)
def test_from_glorot_it_does_so_between_layers_of_one_width_only(widths):
    """Where 2 / (n_in + n_out) is 1 / n_in; else the mean of the widths is not n_in."""
    _, variance = moments(WIDTHS[widths], GlorotUniform())
    assert (abs(variance - 1) < 0.15) == (widths == "level")


@pytest.mark.parametrize("sizes", [(400,) * 12, (100, 400) * 6])
def test_networks_of_selu_start_so(sizes):
    """What ``fit`` trains: every layer, the output's too."""
    X = np.random.default_rng(0).normal(size=(1000, 100))
    model = MLPRegularizedRegressor(sizes, activation="selu", dtype="float64")
    network = model._plan((X, X[:, 0], None)).recipe.network
    values = network.initialize(Streams([0]), np.dtype(np.float64))
    x, variances = X, []
    for layer, p in zip(network.layers, network.layout.views(values), strict=True):
        if layer.slots:
            assert layer.initializer == LecunNormal()
            x = x @ p.weight[0] + p.bias[0]
        elif isinstance(layer, SELU):
            x = layer.value(x, np.empty_like(x))
            variances.append(x.var())
            assert abs(x.mean()) < 0.15
    assert len(variances) == 12
    assert np.all(np.abs(np.array(variances) - 1) < 0.3)
