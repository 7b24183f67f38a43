"""What the tests of ensembles share: small data, quick networks, members fitted by hand."""

import numpy as np
import pytest
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor

QUICK = {"hidden_layer_sizes": (5,), "max_iter": 8, "n_iter_no_change": None,
         "learning_rate_init": 0.02}  # fmt: skip
KINDS = {
    "classifier": (CrossFittedClassifier, MLPRegularizedClassifier, "predict_proba"),
    "regressor": (CrossFittedRegressor, MLPRegularizedRegressor, "predict"),
}


class _Kind:
    """An ensemble, its network, and data for both."""

    def __init__(self, name, n=61):
        self.name = name
        self.Ensemble, self.Network, self.method = KINDS[name]
        rng = np.random.default_rng(0)
        self.X = rng.normal(size=(n, 3))
        signal = self.X[:, 0] + self.X[:, 1] ** 2 + 0.3 * rng.normal(size=n)
        labels = np.digitize(signal, [0.3, 1.5])
        self.y = signal if name == "regressor" else np.array(["low", "mid", "top"])[labels]
        self.weight = rng.integers(1, 4, size=n) / 2

    def network(self, **params):
        return self.Network(**{**QUICK, **params})

    def ensemble(self, estimator=None, n_members=4, **params):
        estimator = self.network() if estimator is None else estimator
        return self.Ensemble(estimator, n_members, **{"random_state": 0, **params})

    def outputs(self, est, X):
        return getattr(est, self.method)(X)


def _by_hand(member, X, y, held_out):
    """A single fit, with the same seeds, on the rows that the member does not hold out."""
    learned = np.setdiff1d(np.arange(len(X)), held_out)
    return clone(member).fit(X[learned], y[learned], X_val=X[held_out], y_val=y[held_out])


@pytest.fixture(params=KINDS)
def kind(request):
    return _Kind(request.param)


@pytest.fixture
def classes():
    return _Kind("classifier")


@pytest.fixture
def numbers():
    return _Kind("regressor")


@pytest.fixture(scope="session")
def by_hand():
    return _by_hand


@pytest.fixture(scope="session")
def same_network():
    def check(one, other):
        for name in ("coefs_", "intercepts_", "loss_curve_", "validation_loss_curve_"):
            for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
                np.testing.assert_array_equal(a, b)
        assert one.best_iteration_ == other.best_iteration_

    return check
