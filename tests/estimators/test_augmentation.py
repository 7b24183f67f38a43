"""A user's augmentation: raw batches, on the fly, with a generator of the network's own."""

import pickle

import numpy as np
import pytest
from sklearn.model_selection import cross_val_predict

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_iter_no_change": None, "batch_size": 16,
         "random_state": 0}  # fmt: skip
N = 40


def keep(X, y, rng):
    return X, y


def shift(X, y, rng):
    X += rng.normal(size=(len(X), 1))
    return X, y


class Watch:
    """Writes down what it is given, and hands it back."""

    def __init__(self):
        self.seen = []

    def __call__(self, X, y, rng):
        assert isinstance(rng, np.random.Generator)
        self.seen.append((X.copy(), y.copy()))
        return X, y


@pytest.fixture
def X():
    return np.random.default_rng(0).integers(0, 255, (N, 3)).astype(np.uint8)


TARGETS = {
    "strings": (MLPRegularizedClassifier, lambda X: np.where(X[:, 0] > 99, "yes", "no")),
    "three classes": (MLPRegularizedClassifier, lambda X: X[:, 0] // 90 + 5),
    "labels": (MLPRegularizedClassifier, lambda X: (X > 99).astype(int)),
    "response": (MLPRegularizedRegressor, lambda X: 3.0 + X[:, 0]),
    "responses": (MLPRegularizedRegressor, lambda X: X[:, :2] + 0.5),
}
EACH = pytest.mark.parametrize("kind", TARGETS)


@EACH
def test_it_sees_raw_rows_and_targets_as_fit_did(kind, X):
    Estimator, make = TARGETS[kind]
    y, watch = make(X), Watch()
    Estimator(**QUICK, augmentation=watch).fit(X, y)
    assert [len(rows) for rows, _ in watch.seen] == 3 * [16, 16, 8]
    rows = {tuple(row): target for row, target in zip(X.tolist(), y.tolist(), strict=True)}
    assert len(rows) == N, "every row tells its own target"
    for batch, targets in watch.seen:
        assert targets.ndim == y.ndim
        for row, target in zip(batch.tolist(), targets.tolist(), strict=True):
            assert rows[tuple(row)] == target


@EACH
def test_one_that_does_nothing_changes_nothing(kind, X):
    Estimator, make = TARGETS[kind]
    settings = {**QUICK, "dtype": "float64", "input_noise": 0.1, "dropout": 0.2}
    plain = Estimator(**settings).fit(X, make(X))
    augmented = Estimator(**settings, augmentation=keep).fit(X, make(X))
    for one, other in zip(plain.coefs_, augmented.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)


def test_draws_are_the_networks_own(X):
    y = X[:, 0] / 50
    one, again = (MLPRegularizedRegressor(**QUICK, augmentation=shift).fit(X, y) for _ in range(2))
    plain = MLPRegularizedRegressor(**QUICK).fit(X, y)
    np.testing.assert_array_equal(one.coefs_[0], again.coefs_[0])
    assert np.any(one.coefs_[0] != plain.coefs_[0])
    np.testing.assert_array_equal(X, np.random.default_rng(0).integers(0, 255, (N, 3)))


def test_batch_statistics_and_validation_are_of_rows_as_they_are(X):
    """Nothing is stored: what is judged and gathered afterwards has not been augmented."""
    far = MLPRegularizedRegressor(
        **QUICK, augmentation=lambda X, y, rng: (X + 1000.0, y), normalization="batch",
        batch_statistics="population",
    ).fit(X, X[:, 0] / 50)  # fmt: skip
    assert np.abs(far.predict(X)).max() < 100


def test_in_a_search_it_is_called_for_each_network(X):
    y = X[:, 0] / 50
    model = MLPRegularizedRegressor(**QUICK, augmentation=shift)
    alone = cross_val_predict(model, X, y, cv=4)
    with fit_together():
        together = cross_val_predict(model, X, y, cv=4)
    np.testing.assert_array_equal(alone, together)


def test_a_fitted_estimator_pickles(X):
    model = MLPRegularizedRegressor(**QUICK, augmentation=shift).fit(X, X[:, 0])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda X, y, rng: X, r"augmentation=.*must return a tuple \(X, y\), got ndarray"),
        (lambda X, y, rng: (X[:-1], y[:-1]), r"must return X in the shape it was given, \(16, 3\)"),
        (lambda X, y, rng: (X, y[:-1]), r"must return y in the shape it was given, \(16,\)"),
        (lambda X, y, rng: (X * np.nan, y), "returned an X that is not finite"),
        (lambda X, y, rng: (X, y + 7), "y of the augmentation holds"),
    ],
)
def test_what_it_returns_is_checked(function, message, X):
    with pytest.raises(ValueError, match=message):
        MLPRegularizedClassifier(**QUICK, augmentation=function).fit(X, X[:, 0] // 90)
