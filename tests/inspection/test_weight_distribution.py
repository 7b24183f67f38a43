"""Histograms of weights by layer."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedRegressor
from sknnreg.inspection import WeightDistributionDisplay


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    X, y = load_diabetes(return_X_y=True)
    return X * np.arange(1, 11), y


def network(**settings):
    return MLPRegularizedRegressor(
        (8,), max_iter=20, n_iter_no_change=None, random_state=0
    ).set_params(**settings)


def test_histograms_and_zeros_are_those_of_the_coefficients(data):
    X, y = data
    model = network(l1=0.03).fit(X, y)
    display = WeightDistributionDisplay.from_estimator(model, bins=20)
    assert display.sparsity == model.sparsity_
    assert 0 < display.sparsity[0] < 1
    for coef, outline in zip(model.coefs_, display.lines_, strict=True):
        density, edges, _ = outline.get_data()
        expected = np.histogram(coef[coef != 0], 20, density=True)
        np.testing.assert_array_equal(density, expected[0])
        np.testing.assert_array_equal(edges, expected[1])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[0] == f"layer 0: 10 x 8, {model.sparsity_[0]:.1%} zeros"


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_with_x_the_first_layer_is_in_standard_deviations(data, form):
    X, y = data
    model = network().fit(X, y)
    display = WeightDistributionDisplay.from_estimator(model, form(X))
    np.testing.assert_allclose(
        display.weights[0], model.coefs_[0] * X.std(axis=0)[:, None], rtol=1e-9
    )
    np.testing.assert_array_equal(display.weights[1], model.coefs_[1])


def test_all_zeros_and_sparse_coefficients(data):
    X, y = data
    model = network(l1=100.0).fit(X, y).sparsify()
    display = WeightDistributionDisplay.from_estimator(model, X)
    assert display.sparsity[0] == 1.0


def test_pipelines_and_given_axes(data):
    _, ax = plt.subplots()
    model = make_pipeline(StandardScaler(), network()).fit(*data)
    display = WeightDistributionDisplay.from_estimator(model, ax=ax)
    assert display.ax_ is ax
    assert len(display.lines_) == 2


def test_bad_input_is_named(data):
    with pytest.raises(NotFittedError):
        WeightDistributionDisplay.from_estimator(network())
    with pytest.raises(ValueError, match="Ridge holds 0 networks"):
        WeightDistributionDisplay.from_estimator(Ridge().fit(*data))
    ensemble = CrossFittedRegressor(network(), n_members=2, random_state=0).fit(*data)
    with pytest.raises(ValueError, match="holds 2 networks"):
        WeightDistributionDisplay.from_estimator(ensemble)
    with pytest.raises(ValueError, match="bins must be"):
        WeightDistributionDisplay.from_estimator(network().fit(*data), bins=0)
