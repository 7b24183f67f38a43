"""Networks that keep snapshots, on every kind of target, and what the snapshots should be.

A test that names ``any_target`` runs once for each row of the table.
"""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

# Cycles end after 4, 8 and 12 epochs.
BASE = {"hidden_layer_sizes": (4,), "batch_size": 16, "learning_rate": "cosine_restarts",
        "learning_rate_period": 4, "learning_rate_init": 0.1, "max_iter": 12, "n_snapshots": 3,
        "n_iter_no_change": None, "random_state": 0}  # fmt: skip
N_ROWS = 50


def _data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 4))
    return X, (X[:, 0] + rng.normal(size=N_ROWS) > 0).astype(int)


def _noisy(column):
    return _data()[0][:, column] + np.random.default_rng(1).normal(size=N_ROWS)


def _words():
    return np.array(["green", "red", "blue"])[np.digitize(_noisy(0), (-0.7, 0.7))]


def _counts(column=0):
    return np.random.default_rng(2).poisson(np.exp(_data()[0][:, column]))


# The estimator, its settings, and targets: all that a mean of predictions can be a mean of.
TARGETS = {
    "two classes": (MLPRegularizedClassifier, {}, _data()[1]),
    "two words": (MLPRegularizedClassifier, {}, np.array(["no", "yes"])[_data()[1]]),
    "three words": (MLPRegularizedClassifier, {}, _words()),
    "one class": (MLPRegularizedClassifier, {}, np.full(N_ROWS, "only")),
    "labels": (
        MLPRegularizedClassifier,
        {},
        np.stack([_noisy(0) > 0, _noisy(1) > 0.5, _noisy(2) > -1], axis=1).astype(int),
    ),
    "numbers": (MLPRegularizedRegressor, {}, 100 + 7 * _noisy(0)),
    "several numbers": (
        MLPRegularizedRegressor,
        {},
        np.stack([_noisy(0), 50 * _noisy(1), _noisy(2) ** 2], axis=1),
    ),
    "raw numbers": (MLPRegularizedRegressor, {"standardize": False}, _noisy(0)),
    "counts": (MLPRegularizedRegressor, {"loss": "poisson"}, _counts()),
    "several counts": (
        MLPRegularizedRegressor,
        {"loss": "poisson"},
        np.stack([_counts(), 9 * _counts(1)], axis=1),
    ),
}


def pytest_generate_tests(metafunc):
    if "any_target" in metafunc.fixturenames:
        metafunc.parametrize("any_target", TARGETS)


@pytest.fixture
def data():
    return _data()


def _make(Estimator, **params):
    return Estimator(**{**BASE, **params})


@pytest.fixture(scope="session")
def make():
    """``make(Estimator, ...)``: snapshots after 4, 8 and 12 epochs unless told otherwise."""
    return _make


@pytest.fixture
def fit():
    """``fit(target, X, ...)``: a network fitted to a row of the table, and y."""

    def fitted(target, X=None, **params):
        Estimator, settings, y = TARGETS[target]
        X = _data()[0] if X is None else X
        return _make(Estimator, **{**settings, **params}).fit(X, y), y

    return fitted


def _until(Estimator, n_epochs, **params):
    return _make(Estimator, **{**params, "n_snapshots": 1, "max_iter": n_epochs}).fit(*_data())


@pytest.fixture(scope="session")
def until():
    """``until(Estimator, n_epochs, ...)``: the network that trains, after so many epochs."""
    return _until


@pytest.fixture(scope="session")
def assert_snapshots_of(assert_same_weights):
    """The snapshots are the network as it was after so many epochs each, bit for bit."""

    def check(est, epochs, **params):
        X, _ = _data()
        expected = [_until(type(est), e, **params) for e in epochs]
        found = [est] if len(epochs) == 1 else est.snapshots_
        for snapshot, network in zip(found, expected, strict=True):
            assert_same_weights(snapshot, network)
            np.testing.assert_array_equal(snapshot.predict(X), network.predict(X))
        assert_same_weights(est, expected[-1])

    return check


@pytest.fixture(scope="session")
def assert_means():
    """Predictions are means over the snapshots' predictions."""

    def check(est, X):
        each, close = est.snapshots_, {"rtol": 1e-10, "atol": 1e-12}
        if isinstance(est, MLPRegularizedRegressor):
            mean = np.mean([network.predict(X) for network in each], axis=0)
            np.testing.assert_allclose(est.predict(X), mean, **close)
            return
        mean = np.mean([network.predict_proba(X) for network in each], axis=0)
        np.testing.assert_allclose(est.predict_proba(X), mean, **close)
        np.testing.assert_allclose(est.predict_log_proba(X), np.log(mean), **close)
        if est.predict(X).ndim == 1:
            expected = est.classes_[mean.argmax(axis=1)]
        else:
            expected = (mean > 0.5).astype(int)
        np.testing.assert_array_equal(est.predict(X), expected)

    return check


@pytest.fixture(scope="session")
def assert_same(assert_same_training, assert_same_weights):
    """The networks, their snapshots and what is told of training."""

    def check(one, other):
        assert_same_training(one, other)
        assert (one.snapshots_ is None) == (other.snapshots_ is None)
        for a, b in zip(one.snapshots_ or [], other.snapshots_ or [], strict=True):
            assert_same_weights(a, b)

    return check
