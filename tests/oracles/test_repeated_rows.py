"""An integer weight is that many copies of the row; a weight of 0 is no row at all.

Where every step sees all rows (and so in float64), whatever else takes part in training. Only
learning_rate="invscaling" counts rows, as MLPClassifier's does.
"""

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

N = 40
TIMES = np.random.default_rng(0).integers(0, 5, N)
REPEATED = np.repeat(np.arange(N), TIMES)

MEMBERS = {
    "nothing": {},
    "no standardization": {"standardize": False},
    "l1 and l2": {"l1": 0.01, "l2": 0.1},
    "batch normalization": {"normalization": "batch"},
    "batch normalization behind": {"normalization": "batch", "normalization_position": "after"},
    "population statistics": {"normalization": "batch", "batch_statistics": "population"},
    "mean-only batch normalization": {"normalization": "mean_only_batch"},
    "layer normalization": {"normalization": "layer"},
    "group normalization": {"normalization": "group", "normalization_groups": 2},
    "weight normalization": {"weight_norm": True},
    "drop connect": {"drop_connect": 0.2},
    "adversarial": {"adversarial": 0.1},
    "max weight norm": {"max_weight_norm": 1.5},
    "clipping and decay": {"clip_norm": 0.1, "weight_decay": 0.1},
    "max-norm": {"max_norm": 0.8},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "gradient noise": {"gradient_noise": 0.1},
    "weight noise": {"weight_noise": 0.1},
    "lbfgs": {"solver": "lbfgs", "max_iter": 8},
    "lbfgs with l1": {"solver": "lbfgs", "l1": 0.01, "max_iter": 8},
    "lbfgs with batch normalization": {"solver": "lbfgs", "normalization": "batch", "max_iter": 8},
}


def regression():
    X, y = make_regression(n_samples=N, n_features=5, n_targets=2, noise=1.0, random_state=1)
    return MLPRegularizedRegressor, X, y


def classification():
    X, y = make_classification(
        n_samples=N, n_features=5, n_informative=4, n_redundant=0, n_classes=3,
        n_clusters_per_class=1, random_state=1,
    )  # fmt: skip
    return MLPRegularizedClassifier, X, y


@cache  # scikit-learn draws each row until it fits: slowly
def labels():
    X, y = make_multilabel_classification(n_samples=N, n_features=5, n_classes=3, random_state=1)
    return MLPRegularizedClassifier, X, y


def fit(make, parameters, X, y, weight=None, **fit_parameters):
    settings = {
        "activation": "tanh",
        "batch_size": 10_000,
        "learning_rate_init": 0.01,
        "max_iter": 25,
        "n_iter_no_change": None,
        "random_state": 0,
    }
    model = make((6,), **{**settings, **parameters})
    return model.fit(X, y, sample_weight=weight, **fit_parameters)


def check_same(weighted, repeated, rtol=1e-9):
    """The same losses and the same network, up to the order of summation."""
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=rtol)
    pairs = zip(
        [*weighted.coefs_, *weighted.intercepts_],
        [*repeated.coefs_, *repeated.intercepts_],
        strict=True,
    )
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=0, atol=100 * rtol * np.abs(other).max())


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("task", [regression, classification, labels], ids=lambda t: t.__name__)
def test_integer_weights_are_repeated_rows(task, members):
    """The mean is weighted everywhere: loss, penalties, statistics, scales."""
    make, X, y = task()
    weighted = fit(make, MEMBERS[members], X, y, TIMES)
    repeated = fit(make, MEMBERS[members], X[REPEATED], y[REPEATED])
    plain = fit(make, MEMBERS[members], X, y)
    check_same(weighted, repeated)
    assert np.abs(plain.coefs_[0] - repeated.coefs_[0]).max() > 1e-4  # the weights matter


@pytest.mark.parametrize("task", [regression, classification], ids=lambda task: task.__name__)
def test_rows_of_weight_zero_might_as_well_be_missing(task):
    """In batches of any size, shuffled, and for the split too."""
    make, X, y = task()
    weight = np.random.default_rng(1).uniform(0.5, 2, N)
    weight[::4] = 0
    there = weight > 0
    members = {"batch_size": 7, "dropout": 0.3, "input_noise": 0.1, "normalization": "batch"}
    for more in ({}, {"early_stopping": True, "max_iter": 5}):
        with_zeros = fit(make, {**members, **more}, X, y, weight)
        without = fit(make, {**members, **more}, X[there], y[there], weight[there])
        assert with_zeros.loss_curve_ == without.loss_curve_
        np.testing.assert_array_equal(with_zeros.predict(X), without.predict(X))


@pytest.mark.parametrize("task", [regression, classification], ids=lambda task: task.__name__)
def test_validation_weights_are_repeated_validation_rows(task):
    """The validation loss is weighted as the training loss is."""
    make, X, y = task()
    X_val, y_val = X + 0.1, np.roll(y, 1, axis=0)
    members = {"early_stopping": True}
    weighted = fit(make, members, X, y, X_val=X_val, y_val=y_val, sample_weight_val=TIMES)
    repeated = fit(make, members, X, y, X_val=X_val[REPEATED], y_val=y_val[REPEATED])
    plain = fit(make, members, X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_allclose(
        weighted.validation_loss_curve_, repeated.validation_loss_curve_, rtol=1e-9
    )
    assert abs(plain.validation_loss_curve_[-1] - repeated.validation_loss_curve_[-1]) > 1e-3
    check_same(weighted, repeated)


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_class_weights_are_row_weights(normalization):
    """A dict of class weights multiplies the rows' weights, and balanced counts them."""
    make, X, y = classification()
    by_class = {0: 1.0, 1: 2.0, 2: 0.5}
    members = {"normalization": normalization}
    per_class = fit(make, {**members, "class_weight": by_class}, X, y, TIMES)
    per_row = fit(make, members, X, y, TIMES * np.array([by_class[label] for label in y]))
    check_same(per_class, per_row)
    balanced = {**members, "class_weight": "balanced"}
    check_same(fit(make, balanced, X, y, TIMES), fit(make, balanced, X[REPEATED], y[REPEATED]))


@pytest.mark.parametrize("task", [regression, classification], ids=lambda task: task.__name__)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_the_scale_of_the_weights_says_nothing(task, solver):
    """The objective divides by the sum of the weights, and the penalty keeps its strength."""
    make, X, y = task()
    weight = np.random.default_rng(1).uniform(0.5, 2, N)
    members = {"solver": solver, "l2": 0.1, "max_iter": 8}
    one = fit(make, members, X, y, weight)
    check_same(fit(make, members, X, y, 1e3 * weight), one)
    check_same(fit(make, members, X, y, 1e-3 * weight), one)


@pytest.mark.parametrize("total", [1e-3, 0.99, 1.0, 1.001, 2.0, 1e3])
def test_the_scale_of_the_weights_says_little_to_batch_normalization(total):
    """Repeated rows want S / (S - 1) times the variance, S the sum of the weights.

    For the 40 rows here that is at most some 3 per cent, if the rows count for what they are.
    """
    make, X, y = regression()
    weight = np.random.default_rng(1).uniform(0.5, 2, N)
    one = fit(make, {"normalization": "batch"}, X, y, weight)
    other = fit(make, {"normalization": "batch"}, X, y, total * weight / weight.sum())
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-9)
    spread = one.predict(X).std()
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=0, atol=0.1 * spread)
