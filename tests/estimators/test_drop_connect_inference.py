"""drop_connect_inference="gaussian": the average over many sampled masks, deterministically."""

import itertools

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.estimators.fitted.forward import N_SAMPLES

RATE = 0.4
QUICK = {"hidden_layer_sizes": (12,), "activation": "tanh", "drop_connect": RATE, "max_iter": 15,
         "n_iter_no_change": None, "learning_rate_init": 0.05, "random_state": 0,
         "dtype": "float64"}  # fmt: skip
SETTINGS = [{}, {"normalization": "batch"}, {"weight_norm": True}, {"normalization": "layer"},
            {"normalization": "batch", "normalization_position": "after"},
            {"standardize": False}]  # fmt: skip


def data(n=50):
    X = np.random.default_rng(0).normal(1.0, 2.0, (n, 6))
    return X, X[:, 0] * X[:, 1]


def fit(**settings):
    X, y = data()
    settings = {**QUICK, "drop_connect_inference": "gaussian", **settings}
    model = MLPRegularizedRegressor(**settings)
    return model.fit(X, y)


@pytest.mark.parametrize("settings", SETTINGS)
def test_draws_are_common_to_all_rows(settings):
    model, (X, _) = fit(**settings), data()
    whole = model.predict(X)
    np.testing.assert_array_equal(model.predict(X), whole)
    parts = [model.predict(X[i : i + 7]) for i in range(0, len(X), 7)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12)
    mean = MLPRegularizedRegressor(**QUICK, **settings).fit(*data())
    np.testing.assert_array_equal(mean.coefs_[0], model.coefs_[0])
    assert np.abs(mean.predict(X) - whole).max() > 1e-3


@pytest.mark.parametrize("layer", [0, 1])
def test_pre_activations_have_the_moments_of_all_masks(layer):
    """Exactly: by enumeration of the masks of each unit's incoming weights."""
    model, (X, _) = fit(hidden_layer_sizes=(5, 4)), data(4)
    q, sampled = 1 - RATE, model._between[layer].sampled
    inputs = X if layer == 0 else np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    u = inputs * sampled.scale + sampled.shift
    # The weights that were trained: those that were folded, without the mean and the scale.
    weights = model.coefs_[layer] / sampled.scale[:, None] / q
    masks = np.array(list(itertools.product([0, 1], repeat=len(weights))))
    share = np.prod(np.where(masks, q, RATE), axis=1)
    for unit in range(weights.shape[1]):
        z = u @ (masks * weights[:, unit]).T
        mean = z @ share
        variance = (z - mean[:, None]) ** 2 @ share
        np.testing.assert_allclose(np.square(u) @ sampled.variance[:, unit], variance, rtol=1e-4)


def test_it_is_the_average_over_many_masks():
    model, (X, _) = fit(), data()
    sampled = model._between[0].sampled
    u = X * sampled.scale + sampled.shift
    weights = model.coefs_[0] / sampled.scale[:, None] / (1 - RATE)
    bias = model.intercepts_[0] - sampled.shift @ weights * (1 - RATE)
    rng = np.random.default_rng(1)
    masks = rng.random((4000, *weights.shape)) < 1 - RATE
    sampled = np.tanh(np.einsum("bi,sij->sbj", u, masks * weights) + bias).mean(axis=0)
    expected = sampled @ model.coefs_[1] + model.intercepts_[1]
    # Five standard errors of 100 common draws; a normal distribution stands for six dropped inputs.
    error = 5 * np.abs(model.coefs_[1]).sum() / np.sqrt(N_SAMPLES) * 0.7
    assert np.abs(model.predict(X)[:, None] - expected).max() < error
    mean = np.tanh(X @ model.coefs_[0] + model.intercepts_[0]) @ model.coefs_[1]
    far = np.abs(mean + model.intercepts_[1] - expected).mean()
    assert np.abs(model.predict(X)[:, None] - expected).mean() < 0.5 * far


@pytest.mark.parametrize("standardize", [True, False])
def test_sparse_inputs(standardize):
    X = sparse.random_array((40, 6), density=0.4, rng=0).tocsr()
    y = np.arange(40) % 2
    settings = {**QUICK, "standardize": standardize, "drop_connect_inference": "gaussian"}
    model = MLPRegularizedClassifier(**settings).fit(X, y)
    dense = model.predict_proba(X.toarray())
    np.testing.assert_allclose(model.predict_proba(X), dense, rtol=1e-10)


def test_without_dropped_weights_it_is_the_plain_network():
    X, y = data()
    settings = {**QUICK, "drop_connect": 0.0}
    plain = MLPRegularizedRegressor(**settings).fit(X, y)
    sampled = MLPRegularizedRegressor(**settings, drop_connect_inference="gaussian").fit(X, y)
    np.testing.assert_array_equal(plain.predict(X), sampled.predict(X))
