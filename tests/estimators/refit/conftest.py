"""Fits that end with a refit on all rows: data of every kind, settings, scores by a script.

A test that names ``case``, ``training`` or ``training`` runs once for each row of its table.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, special
from sklearn.base import clone
from sklearn.metrics import log_loss

from sknnreg import MLPRegularizedClassifier as CLASSIFIER
from sknnreg import MLPRegularizedRegressor as REGRESSOR

# Many inputs and few noisy rows: what is learned by heart fits better than what is held out.
# All rows are one batch unless there are more than 200.
BASE = {"hidden_layer_sizes": (6,), "learning_rate_init": 0.03, "max_iter": 100,
        "n_iter_no_change": 5, "tol": 0.0, "early_stopping": True, "validation_fraction": 0.25,
        "random_state": 0, "dtype": "float64", "batch_size": 200}  # fmt: skip
N_ROWS = 80
REFIT = ("refit_loss_curve_", "refit_validation_loss_curve_", "refit_stop_reason_")


def _inputs(n=N_ROWS):
    X = np.random.default_rng(0).normal(size=(n, 20))
    X[:, 1] = 10 * X[:, 1] + 5
    return X


def _noisy(column=0, n=N_ROWS):
    X, noise = _inputs(n), np.random.default_rng(column + 1).normal(size=n)
    return X[:, column + 2] + X[:, column + 5] + 0.7 * noise


def _classes(n=N_ROWS):
    return (_noisy(0, n) > 0).astype(int)


def _labels():
    return np.stack([_noisy(column) > 0.3 * column for column in range(3)], axis=1).astype(int)


def _row_weights():
    """Rows that are not there among them, on both sides."""
    return np.random.default_rng(9).integers(0, 4, N_ROWS) / 2


def _thin():
    return np.where(np.abs(_inputs()) > 0.7, _inputs(), 0.0)


class _Rows:
    """X, y and weights, to be handed to ``fit`` whole, or the last quarter as those to judge by."""

    def __init__(self, X, y, weight=None, frame=False):
        self.X, self.y, self.weight, self.frame = X, y, weight, frame
        self.n, self.n_learned = X.shape[0], 3 * X.shape[0] // 4

    def inputs(self, at=slice(None)):
        """X of these rows, as ``fit`` may receive it."""
        X = self.X[at]
        return pd.DataFrame(X, columns=[f"x{i}" for i in range(20)]) if self.frame else X

    def part(self, at):
        """X, y and weights of these rows."""
        return self.inputs(at), self.y[at], None if self.weight is None else self.weight[at]

    def learned(self):
        return self.part(slice(0, self.n_learned))

    def judging(self):
        return self.part(slice(self.n_learned, None))

    def arguments(self, own):
        """What ``fit`` is given, with rows of one's own to judge by or with none."""
        if not own:
            return dict(zip(("X", "y", "sample_weight"), self.part(slice(None)), strict=True))
        names = ("X", "y", "sample_weight", "X_val", "y_val", "sample_weight_val")
        return dict(zip(names, self.learned() + self.judging(), strict=True))

    def fit(self, est, own):
        return est.fit(**self.arguments(own))


# Estimator, settings, rows.
CASES = {
    "classes": (CLASSIFIER, {}, _Rows(_inputs(), _classes())),
    "numbers": (REGRESSOR, {}, _Rows(_inputs(), 50 * _noisy())),
    "weighted classes": (CLASSIFIER, {}, _Rows(_inputs(), _classes(), _row_weights())),
    "weighted numbers": (REGRESSOR, {}, _Rows(_inputs(), 50 * _noisy(), _row_weights())),
    "sparse": (CLASSIFIER, {}, _Rows(sparse.csr_array(_thin()), _classes())),
    "sparse columns": (REGRESSOR, {}, _Rows(sparse.csc_array(_thin()), _noisy())),
    "frame": (CLASSIFIER, {}, _Rows(_inputs(), _classes(), frame=True)),
    "words": (CLASSIFIER, {}, _Rows(_inputs(), np.array(["a", "bcd"])[_classes()])),
    "three words": (
        CLASSIFIER,
        {},
        _Rows(_inputs(), np.array(["green", "red", "blue"])[_classes() + (_noisy(1) > 0.5)]),
    ),
    "labels": (CLASSIFIER, {}, _Rows(_inputs(), _labels())),
    "sparse labels": (CLASSIFIER, {}, _Rows(_inputs(), sparse.csr_array(_labels()))),
    "class weights": (
        CLASSIFIER,
        {"class_weight": {0: 1.0, 1: 5.0}},
        _Rows(_inputs(), _classes(), _row_weights()),
    ),
    "balanced": (
        CLASSIFIER,
        {"class_weight": "balanced"},
        _Rows(_inputs(), (_noisy() > 0.8).astype(int)),
    ),
    "raw": (REGRESSOR, {"standardize": False}, _Rows(_inputs(), _noisy())),
    "several numbers": (
        REGRESSOR,
        {},
        _Rows(_inputs(), np.stack([_noisy(), 50 * _noisy(1)], axis=1)),
    ),
    "counts": (
        REGRESSOR,
        {"loss": "poisson"},
        _Rows(_inputs(), np.random.default_rng(2).poisson(3 * np.exp(_noisy() / 3))),
    ),
}


def _falling(update):
    return 1 / (1 + 0.1 * update)


TRAININGS = [
    {},
    {"solver": "sgd"},
    {"solver": "rmsprop", "learning_rate_init": 0.02},
    {"solver": "lbfgs"},
    {"solver": "lbfgs", "normalization": "batch", "l1": 0.01},
    {"batch_size": 16, "dtype": "auto"},
    {"batch_size": 16, "shuffle": False},
    {"dropout": 0.3, "input_noise": 0.2, "mixup": 0.3, "weight_noise": 0.05},
    {"dropout": 0.3, "dropout_kind": "variational"},
    {"normalization": "batch"},
    {"normalization": "batch", "batch_statistics": "population", "batch_size": 16},
    {"l1": 0.01, "l2": 0.05, "weight_decay": 0.1, "max_norm": 1.0, "clip_norm": 0.3},
    {"weight_averaging": "ema", "averaging_decay": 0.7},
    {"learning_rate": "exponential", "learning_rate_decay": 0.9, "learning_rate_warmup": 1},
    {"learning_rate": "cyclic", "learning_rate_period": 3, "learning_rate_min": 0.01},
    {"learning_rate": _falling, "batch_size": 16},
]


def _named(settings):
    """The settings in the name of a test."""
    return ", ".join(f"{name}={getattr(each, '__name__', each)}" for name, each in settings.items())


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES.values(), ids=CASES.keys())
    if "training" in metafunc.fixturenames:
        metafunc.parametrize("training", TRAININGS, ids=_named)


@pytest.fixture(scope="session")
def cases():
    return CASES


def _plain_rows(Estimator, n=N_ROWS):
    return _Rows(_inputs(n), _classes(n) if Estimator is CLASSIFIER else 50 * _noisy(0, n))


@pytest.fixture(scope="session")
def plain_rows():
    """``plain_rows(Estimator, n)``: two classes, or numbers."""
    return _plain_rows


@pytest.fixture
def rows(Estimator):
    """The same for the estimator of the test."""
    return _plain_rows(Estimator)


@pytest.fixture
def opposite_rows(Estimator):
    """The rows to judge by are the opposite of what the network starts with."""
    rows = _plain_rows(Estimator)
    still = _settled(_make(Estimator), 1).set_params(learning_rate_init=1e-12)
    start = still.fit(*rows.learned()[:2]).predict(rows.judging()[0])
    rows.y[rows.n_learned :] = 1 - start if Estimator is CLASSIFIER else start + 1e4
    return rows


def _make(Estimator, **params):
    return Estimator(**{**BASE, **params})


@pytest.fixture(scope="session")
def make():
    """``make(Estimator, ...)``: with early stopping, and no refit unless told otherwise."""
    return _make


def _settled(est, n_epochs):
    params = {"early_stopping": False, "early_stopping_refit": None, "n_iter_no_change": None,
              "max_iter": n_epochs}  # fmt: skip
    return clone(est).set_params(**params)


@pytest.fixture(scope="session")
def settled():
    """``settled(est, n_epochs)``: the same for so many epochs on the rows it is given."""
    return _settled


class _Scripted:
    def __init__(self, scores):
        self.left = list(scores)

    def __call__(self, estimator, X, y, sample_weight=None):
        return self.left.pop(0)


@pytest.fixture(scope="session")
def scripted():
    """``scripted(scores)``: a scorer that gives these, whatever the network is worth."""
    return _Scripted


@pytest.fixture(scope="session")
def best_after():
    """``best_after(n)``: the same whose best epoch is this one; what comes then is worse."""
    return lambda n: _Scripted([*range(n), *[-1] * 200])


@pytest.fixture(scope="session")
def of_the_refit():
    """The names of what is told of a refit."""
    return REFIT


@pytest.fixture(scope="session")
def tells_no_refit():
    """Whether a fit tells of none."""
    return lambda est: all(getattr(est, name) is None for name in REFIT)


@pytest.fixture(scope="session")
def loss_from_predictions():
    """``loss_from_predictions(est, X, y, weight)``: the mean in the network's units."""

    def loss(est, X, y, weight=None):
        if isinstance(est, CLASSIFIER):
            p = est.predict_proba(X)
            if y.ndim == 1:
                return log_loss(y, p, sample_weight=weight, labels=est.classes_)
            y = y.toarray() if sparse.issparse(y) else y
            losses = -(special.xlogy(y, p) + special.xlogy(1 - y, 1 - p)).sum(axis=1)
        else:
            prediction = est.predict(X)
            scale = est._targets.standardization.scale
            scale = 1.0 if scale is None else scale if prediction.ndim == 2 else scale[0]
            y, prediction = y / scale, prediction / scale
            losses = 0.5 * np.square(prediction - y)
            if est.loss == "poisson":
                losses = special.xlogy(y, y / prediction) - y + prediction
            losses = losses.sum(axis=1) if losses.ndim == 2 else losses
        return np.average(losses, weights=weight)

    return loss
