"""batch_sampling="weighted": rows drawn in proportion to their weights, by ``fit`` and the rest."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_validate

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {
    "hidden_layer_sizes": (5,), "max_iter": 6, "n_iter_no_change": np.inf, "random_state": 0,
    "learning_rate_init": 0.01, "batch_size": 8, "batch_sampling": "weighted",
}  # fmt: skip
SETTINGS = {
    "plain": {},
    "one batch": {"batch_size": 1000},
    "float64": {"dtype": "float64"},
    "batch normalization": {"normalization": "batch"},
    "population statistics": {"normalization": "batch", "batch_statistics": "population"},
    "mixup": {"mixup": 0.3},
    "adversarial": {"adversarial": 0.1},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "average": {"weight_averaging": "swa"},
    "augmentation": {"augmentation": lambda X, y, rng: (X + rng.normal(size=X.shape), y)},
}
EACH = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def data(n=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] > 0).astype(int), rng.integers(0, 4, n).astype(float)


def assert_same_bits(a, b):
    for left, right in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_array_equal(left, right)
    assert a.loss_curve_ == b.loss_curve_
    assert a.validation_loss_curve_ == b.validation_loss_curve_


@BOTH
@EACH
def test_without_weights_nothing_changes(Estimator, settings):
    X, y, _ = data()
    drawn = Estimator(**{**QUICK, **settings}).fit(X, y)
    plain = Estimator(**{**QUICK, **settings, "batch_sampling": None}).fit(X, y)
    assert_same_bits(drawn, plain)


@BOTH
@EACH
def test_the_scale_of_weights_and_rows_of_weight_zero_say_nothing(Estimator, settings):
    """Not even to the running variance of batch normalization: a row that is drawn is a row."""
    X, y, weight = data()
    there = weight > 0
    params = {**QUICK, **settings}
    found = Estimator(**params).fit(X, y, sample_weight=weight)
    assert_same_bits(found, Estimator(**params).fit(X, y, sample_weight=1024 * weight))
    assert_same_bits(found, Estimator(**params).fit(X[there], y[there], weight[there]))
    other = Estimator(**{**params, "batch_sampling": None}).fit(X, y, sample_weight=weight)
    assert other.loss_curve_ != found.loss_curve_


@EACH
def test_class_weights_are_weights(settings):
    X, y, weight = data()
    make = MLPRegularizedClassifier(**{**QUICK, **settings})
    by_class = clone(make).set_params(class_weight={0: 1.0, 1: 3.0}).fit(X, y, weight)
    assert_same_bits(by_class, clone(make).fit(X, y, weight * np.where(y == 1, 3.0, 1.0)))


@BOTH
def test_going_on_draws_what_is_next(Estimator):
    X, y, weight = data()
    weight += 1.0
    whole = Estimator(**QUICK).fit(X, y, weight)
    half = Estimator(**{**QUICK, "max_iter": 3}, warm_start=True).fit(X, y, weight)
    half = pickle.loads(pickle.dumps(half)).fit(X, y, weight)
    assert_same_bits(half, whole)
    steps = Estimator(**QUICK)
    for _ in range(6):
        steps.partial_fit(X, y, sample_weight=weight)
    assert_same_bits(steps, whole)


def test_networks_of_a_search_draw_what_they_would_alone():
    X, y, weight = data()
    model = MLPRegularizedClassifier(**QUICK, normalization="batch", class_weight="balanced")
    settings = {"cv": 4, "return_estimator": True, "params": {"sample_weight": weight}}
    alone = cross_validate(model, X, y, **settings)["estimator"]
    with fit_together():
        together = cross_validate(model, X, y, **settings)["estimator"]
    for one, other in zip(together, alone, strict=True):
        assert_same_bits(one, other)


def test_the_loss_curve_is_that_of_the_rows_drawn():
    """Of the weighted mean an estimate without bias; the validation loss is weighted as ever."""
    X, y, weight = data()
    weight += 0.1
    params = {**QUICK, "learning_rate_init": 1e-12, "max_iter": 400, "dtype": "float64"}
    validation = {"X_val": X, "y_val": y, "sample_weight_val": weight}
    drawn = MLPRegularizedRegressor(**params).fit(X, y, weight, **validation)
    exact = MLPRegularizedRegressor(**{**params, "batch_sampling": None, "max_iter": 1})
    exact.fit(X, y, weight, **validation)
    np.testing.assert_allclose(exact.validation_loss_curve_, exact.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(drawn.validation_loss_curve_, exact.loss_curve_[0], rtol=1e-6)
    losses = np.array(drawn.loss_curve_)
    assert losses.std() > 1e-3 * losses.mean()
    error = losses.std(ddof=1) / np.sqrt(len(losses))
    assert abs(losses.mean() - exact.loss_curve_[0]) < 4 * error


def test_a_row_is_seen_as_often_as_it_weighs():
    """By an augmentation: rounded down or up in every epoch."""
    X, y, weight = data(20)
    X[:, 0] = np.arange(20)
    weight += 0.5
    expected, seen = 20 * weight / weight.sum(), []

    def note(X, y, rng):
        seen.extend(np.rint(X[:, 0]).astype(int))
        return X, y

    MLPRegularizedRegressor(**QUICK, augmentation=note).fit(X, y, weight)
    assert len(seen) == 6 * 20
    for epoch in np.reshape(seen, (6, 20)):
        counts = np.bincount(epoch, minlength=20)
        assert np.all(counts >= np.floor(expected))
        assert np.all(counts <= np.ceil(expected))
