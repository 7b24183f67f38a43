"""Percentiles of a layer's inputs: against the layers' products, and under normalization."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.inspection import ActivationDistributionDisplay, ActivationRecorder

LEVELS = (15, 50, 85)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def network(**settings):
    settings = {"max_iter": 4, "n_iter_no_change": None, "random_state": 0} | settings
    return MLPRegularizedClassifier((6, 5), activation="tanh").set_params(**settings)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.mark.parametrize("layer", [0, 1, -1, -2])
def test_the_last_epoch_is_the_fitted_network(iris, layer):
    X, y = iris
    recorder = ActivationRecorder(layer)
    model = network().set_callbacks(recorder).fit(X, y)
    first = X @ model.coefs_[0] + model.intercepts_[0]
    second = np.tanh(first) @ model.coefs_[1] + model.intercepts_[1]
    inputs = (first, second)[layer]
    (run,) = recorder.runs_
    assert run["all"].shape == (4, 3)
    np.testing.assert_allclose(run["all"][-1], np.percentile(inputs, LEVELS), rtol=1e-6)
    np.testing.assert_allclose(run["units"][-1], np.percentile(inputs, LEVELS, axis=0), rtol=1e-6)


@pytest.mark.parametrize("position", ["before", "after"])
def test_layer_normalization_stands_where_it_acts(iris, position):
    X, y = iris
    recorder = ActivationRecorder(0, percentiles=[50])
    model = network(normalization="layer", normalization_position=position, max_iter=1)
    model.set_callbacks(recorder).fit(X, y)
    inputs = X @ model.coefs_[0] + model.intercepts_[0]
    if position == "before":
        inputs = model._between[0].before(inputs)
    np.testing.assert_allclose(recorder.runs_[0]["all"][-1], np.median(inputs), rtol=1e-6)


def test_training_is_not_changed(iris):
    X, y = iris
    alone = network(dropout=0.5).fit(X, y)
    heard = network(dropout=0.5).set_callbacks(ActivationRecorder()).fit(X, y)
    for one, other in zip(alone.coefs_, heard.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("setting", [{"solver": "lbfgs"}, {"drop_connect": 0.5}])
def test_other_networks(iris, setting):
    if "drop_connect" in setting:
        setting = setting | {"drop_connect_inference": "gaussian"}
    display = ActivationDistributionDisplay.from_estimator(network(**setting), *iris)
    assert np.isfinite(display.values).all()


def test_rows_are_spread_evenly_over_x(iris):
    X, y = iris
    recorder = ActivationRecorder(0, n_rows=50)
    model = network().set_callbacks(recorder).fit(X, y)
    rows = np.linspace(0, 149, 50).astype(int)
    inputs = X[rows] @ model.coefs_[0] + model.intercepts_[0]
    np.testing.assert_allclose(
        recorder.runs_[0]["all"][-1], np.percentile(inputs, LEVELS), rtol=1e-6
    )


@pytest.mark.parametrize("convert", [pd.DataFrame, sparse.csr_array, np.ndarray.tolist])
def test_x_in_any_form(iris, convert):
    X, y = iris
    model = network(standardize=False)
    expected = ActivationDistributionDisplay.from_estimator(model, X, y).values
    found = ActivationDistributionDisplay.from_estimator(model, convert(X), y).values
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_each_fit_of_a_cross_validation_is_a_run(iris):
    X, y = iris
    recorders = ActivationRecorder(), ActivationRecorder()
    for recorder, together in zip(recorders, (False, True), strict=True):
        model = make_pipeline(StandardScaler(), network().set_callbacks(recorder))
        if together:
            with fit_together():
                cross_validate(model, X, y, cv=3)
        else:
            cross_validate(model, X, y, cv=3)
        assert [run["all"].shape for run in recorder.runs_] == [(4, 3)] * 3
    for alone, within in zip(*(r.runs_ for r in recorders), strict=True):
        np.testing.assert_array_equal(alone["units"], within["units"])


def test_of_a_search_and_beside_other_callbacks(iris):
    other = ActivationRecorder(0)
    search = GridSearchCV(network().set_callbacks(other), {"l2": [0.0, 0.1]}, cv=2)
    search.set_callbacks(ProgressBar())
    display = ActivationDistributionDisplay.from_estimator(search, *iris)
    assert display.values.shape == (4, 3)
    # Two values on two folds, and the refit.
    assert len(other.runs_) == 5


def test_batch_normalization_holds_the_distribution_in_place():
    """Of the last of three layers of sigmoids, as in Ioffe and Szegedy's figure 1."""
    X, y = load_digits(return_X_y=True)
    widths = {}
    for normalization in (None, "batch"):
        model = MLPRegularizedClassifier(
            (50, 50, 50),
            activation="logistic",
            normalization=normalization,
            batch_size=60,
            max_iter=10,
            n_iter_no_change=None,
            random_state=0,
        )
        values = ActivationDistributionDisplay.from_estimator(model, X, y).values
        spread = values[:, 2] - values[:, 0]
        widths[normalization] = spread.max() / spread.min()
    assert widths["batch"] < 2
    assert widths[None] > 5


def test_drawn_are_a_line_and_bands(iris):
    _, ax = plt.subplots()
    display = ActivationDistributionDisplay.from_estimator(
        network(), *iris, percentiles=(85, 5, 50, 95, 15), unit=2, ax=ax
    )
    assert display.ax_ is ax
    drawn = np.array([line.get_ydata() for line in display.lines_])
    assert (np.diff(drawn, axis=0) >= 0).all()
    np.testing.assert_array_equal(drawn.T, np.sort(display.values, axis=1))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "5th to 95th percentile" in labels
    assert "50th percentile" in labels


def test_bad_input_is_named(iris):
    X, y = iris
    show = ActivationDistributionDisplay.from_estimator
    with pytest.raises(TypeError, match="needs an MLPRegularizedClassifier"):
        show(Ridge(), X, y)
    with pytest.raises(ValueError, match=r"layer=2 is none of the network's 2 hidden layers"):
        show(network(), X, y, layer=2)
    with pytest.raises(ValueError, match="no hidden layer"):
        show(MLPRegularizedRegressor((), max_iter=2), X, y)
    with pytest.raises(ValueError, match="unit=5 is none of the layer's 5 units"):
        show(network(), X, y, unit=5)
    with pytest.raises(ValueError, match="percentiles must be numbers from 0 to 100"):
        show(network(), X, y, percentiles=(50, 101))
    with pytest.raises(ValueError, match="n_rows"):
        ActivationRecorder(n_rows=0)
    with pytest.raises(ValueError, match="layer must be a whole number"):
        ActivationRecorder(0.5)
    with pytest.raises(ValueError, match="run=-1 is none of the 0 fits"):
        ActivationDistributionDisplay.from_results(ActivationRecorder())
