"""Activations equal their textbook formulas, anywhere on the line."""

import numpy as np
import pytest
from scipy import special, stats

from sknnreg.engine.places.signal import activations as layers
from sknnreg.engine.places.signal.initializers import GlorotUniform, LecunNormal

ALPHA, SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
FORMULAS = {
    layers.Identity: lambda x: x,
    layers.ReLU: lambda x: np.where(x > 0, x, 0),
    layers.LeakyReLU: lambda x: np.where(x > 0, x, 0.01 * x),
    layers.Logistic: special.expit,
    layers.Tanh: lambda x: 2 * special.expit(2 * x) - 1,
    layers.ELU: lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    layers.SELU: lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
    layers.GELU: lambda x: x * stats.norm.cdf(x),
    layers.SiLU: lambda x: x * special.expit(x),
    layers.Mish: lambda x: x * np.tanh(np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)),
    layers.Softplus: lambda x: np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0),
}


def test_every_activation_has_a_formula(members):
    assert {each.cls for each in members["activation"][1]} == FORMULAS.keys()


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-13), (np.float32, 2e-6)])
def test_formula(activation, dtype, rtol):
    x = np.linspace(-30, 30, 2401).astype(dtype)
    y = activation.stacked.value(x, np.empty_like(x))
    assert y.dtype == dtype
    np.testing.assert_allclose(
        y, FORMULAS[activation.cls](x.astype(float)), rtol=rtol, atol=np.finfo(dtype).eps
    )


def test_in_place(activation, rng):
    x = rng.normal(size=(3, 5, 4))
    expected = activation.stacked.value(x.copy(), np.empty_like(x))
    here = x.copy()
    assert activation.stacked.value(here, here) is here
    assert np.array_equal(here, expected)


def test_a_layer_is_its_function(activation, bound_layer, rng):
    x = rng.normal(size=(3, 5, 4))
    expected = activation.stacked.value(x, np.empty_like(x))
    np.testing.assert_array_equal(
        bound_layer(activation.stacked, [1, 2, 3]).forward(x, None), expected
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_far_out(activation, dtype):
    x = np.array([-1e4, -100, -20, -1e-6, 0, 1e-6, 20, 100, 1e4], dtype)
    y = activation.stacked.value(x, np.empty_like(x))
    slope = activation.stacked.derivative(x, y, np.empty_like(x))
    assert np.isfinite(y).all()
    assert np.isfinite(slope).all()
    assert slope.dtype == dtype


def test_level_variance(activation):
    """MLPClassifier's Glorot gains, 2 for logistic, else 6; SELU's source has LeCun's weights."""
    others = {layers.Logistic: GlorotUniform(2.0), layers.SELU: LecunNormal()}
    assert activation.cls.initializer == others.get(activation.cls, GlorotUniform(6.0))


def test_selu_keeps_mean_zero_and_variance_one():
    x = stats.norm.ppf((np.arange(1_000_000) + 0.5) / 1_000_000)
    y = layers.SELU().value(x, np.empty_like(x))
    assert abs(y.mean()) < 1e-4
    assert abs(y.var() - 1) < 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_derivative_in_one_are_those_one_by_one(activation, dtype):
    x = np.linspace(-25, 25, 1003).astype(dtype)
    y = activation.stacked.value(x, np.empty_like(x))
    slope = activation.stacked.derivative(x, y, np.empty_like(x))
    both = activation.stacked.value_and_derivative(x, np.empty_like(x), np.empty_like(x))
    assert np.array_equal(both[0], y)
    assert np.array_equal(both[1], slope)


def test_derivatives_in_single_precision_are_those_in_double(activation):
    x = np.linspace(-25, 25, 1003).astype(np.float32)
    exact = x.astype(np.float64)
    of_value = [activation.stacked.value(each, np.empty_like(each)) for each in (x, exact)]
    single, double = (
        activation.stacked.derivative(each, y, np.empty_like(each))
        for each, y in zip((x, exact), of_value, strict=True)
    )
    np.testing.assert_allclose(single, double, rtol=2e-6, atol=4 * np.finfo(np.float32).eps)
