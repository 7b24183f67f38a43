"""Fits whose weights are averaged, the averages by definition, and rows to judge them by."""

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.metrics import log_loss

# 50 rows in batches of 16 are 4 updates. Steps so long that the weights move about.
BASE = {"hidden_layer_sizes": (4,), "batch_size": 16, "learning_rate_init": 0.1, "max_iter": 12,
        "n_iter_no_change": None, "random_state": 0, "dtype": "float64"}  # fmt: skip
# The second starts behind epoch 6 of 12.
AVERAGES = {
    "ema": {"weight_averaging": "ema", "averaging_decay": 0.8},
    "swa": {"weight_averaging": "swa", "averaging_start": 0.5},
    None: {},
}


def _data(n, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


@pytest.fixture
def data():
    return _data(50, seed=0)


@pytest.fixture
def own():
    """Rows to judge by, as arguments of ``fit``."""
    return dict(zip(("X_val", "y_val"), _data(40, seed=1), strict=True))


@pytest.fixture(scope="session")
def averages():
    """Settings by the kind of average; of no average by None."""
    return AVERAGES


def _make(Estimator, kind=None, **params):
    return Estimator(**{**BASE, **AVERAGES[kind], **params})


@pytest.fixture(scope="session")
def make():
    """``make(Estimator, kind, ...)``; without a kind no weights are averaged."""
    return _make


@pytest.fixture
def after_each_epoch(data, weights_of):
    """The numbers of the network that trains, after 1, 2, ... n epochs."""

    def rows(Estimator, n, **params):
        fits = (_make(Estimator, **params, max_iter=e).fit(*data) for e in range(1, n + 1))
        return np.array([weights_of(est) for est in fits])

    return rows


@pytest.fixture(scope="session")
def exponential():
    """sum of decay**(T - t) w_t over the sum of these powers."""

    def mean(rows, decay):
        powers = decay ** np.arange(len(rows) - 1, -1, -1.0)
        return powers @ rows / powers.sum()

    return mean


@pytest.fixture(scope="session")
def validation_loss():
    """Computed from predictions alone."""

    def loss(est, X_val, y_val):
        if is_classifier(est):
            return log_loss(y_val, est.predict_proba(X_val))
        scale = est._targets.standardization.scale[0]
        return np.mean(0.5 * np.square((est.predict(X_val) - y_val) / scale))

    return loss
