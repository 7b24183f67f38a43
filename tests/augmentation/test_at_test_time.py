"""Predictions as means over augmented copies."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.augmentation import (
    Compose,
    GaussianNoise,
    Mixup,
    RandomShift,
    SwapNoise,
    TestTimeAugmentation,
    at_test_time,
)

QUICK = {"hidden_layer_sizes": (10,), "max_iter": 5, "n_iter_no_change": None, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300]


@pytest.fixture(scope="module")
def network(digits):
    return MLPRegularizedClassifier(**QUICK).fit(*digits)


def test_the_mean_over_draws_is_what_it_says(digits, network):
    X, _ = digits
    shift = RandomShift((8, 8))
    model = TestTimeAugmentation(FrozenEstimator(network), shift, n_draws=3, random_state=7)
    model.fit(*digits)
    seed = np.random.RandomState(7).randint(np.iinfo(np.int32).max)
    copies, _ = shift(np.tile(X, (3, 1)), None, np.random.default_rng(seed))
    all_of_them = network.predict_proba(np.concatenate([X, copies]))
    expected = all_of_them.reshape(4, 300, 10).mean(axis=0)
    np.testing.assert_allclose(model.predict_proba(X), expected)
    np.testing.assert_array_equal(model.predict(X), expected.argmax(axis=1))
    model.set_params(keep_original=False)
    expected = all_of_them.reshape(4, 300, 10)[1:].mean(axis=0)
    np.testing.assert_allclose(model.predict_proba(X), expected)


def test_without_strength_it_predicts_what_the_estimator_does(digits, network):
    off = RandomShift((8, 8), max_shift=0)
    model = TestTimeAugmentation(FrozenEstimator(network), off).fit(*digits)
    np.testing.assert_allclose(model.predict_proba(digits[0]), network.predict_proba(digits[0]))
    assert model.score(*digits) == network.score(*digits)


def test_a_linear_model_under_noise_keeps_its_predictions_on_average():
    X, y = load_diabetes(return_X_y=True)
    line = LinearRegression().fit(X, y)
    noise = GaussianNoise(0.01)
    model = TestTimeAugmentation(line, noise, n_draws=100, random_state=0).fit(X, y)
    error = model.predict(X) - line.predict(X)
    expected = 0.01 * np.linalg.norm(line.coef_) * 10 / 101
    assert abs(error.std() / expected - 1) < 0.15


def test_memory_is_bounded(digits, network, monkeypatch):
    seen = []

    def watched(X, y, rng):
        seen.append(X.shape)
        return X, y

    monkeypatch.setattr(at_test_time, "NUMBERS_AT_ONCE", 64 * 5 * 40)
    model = TestTimeAugmentation(FrozenEstimator(network), watched, n_draws=4).fit(*digits)
    np.testing.assert_allclose(model.predict_proba(digits[0]), network.predict_proba(digits[0]))
    assert seen == [(160, 64)] * 7 + [(80, 64)]


def test_it_is_an_estimator(digits):
    X, y = digits
    model = TestTimeAugmentation(
        MLPRegularizedClassifier(**QUICK), RandomShift((8, 8)), random_state=0
    )
    search = GridSearchCV(
        model, {"n_draws": [1, 5], "augmentation__max_shift": [0.05], "estimator__l2": [0.01]}, cv=3
    ).fit(X, y)
    assert list(search.classes_) == list(range(10))
    assert search.best_estimator_.estimator_.l2 == 0.01
    np.testing.assert_array_equal(search.predict(X), search.predict(X))


def test_frames_weights_and_several_responses():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = TestTimeAugmentation(Ridge(), GaussianNoise(0.001), random_state=0)
    weight = np.linspace(0, 1, len(y))
    model.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.estimator_.coef_, Ridge().fit(X, y, weight).coef_)
    assert list(model.feature_names_in_) == list(X.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X.rename(columns={"age": "years"}))
    both = pd.DataFrame({"one": y, "two": -y})
    assert model.fit(X, both).predict(X).shape == (442, 2)
    regressor = TestTimeAugmentation(MLPRegularizedRegressor(**QUICK), GaussianNoise(0.01))
    assert regressor.fit(X, y).predict(X).shape == (442,)
    with config_context(enable_metadata_routing=True):
        asking = TestTimeAugmentation(Ridge().set_fit_request(sample_weight=True), GaussianNoise())
        asking.fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(asking.estimator_.coef_, Ridge().fit(X, y, weight).coef_)


def test_several_labels_are_decided_one_by_one(digits):
    X, y = digits
    labels = np.stack([y > 4, y % 2], axis=1).astype(int)
    model = TestTimeAugmentation(MLPRegularizedClassifier(**QUICK), GaussianNoise(), n_draws=2)
    predicted = model.fit(X, labels).predict(X)
    assert predicted.shape == labels.shape
    assert (predicted == labels).mean() > 0.7


def test_lists_of_probabilities_are_refused(digits):
    X, y = digits
    labels = np.stack([y > 4, y % 2], axis=1).astype(int)
    model = TestTimeAugmentation(RandomForestClassifier(3, random_state=0), GaussianNoise())
    with pytest.raises(ValueError, match=r"probabilities are a list.*ClassifierChain"):
        model.fit(X, labels).predict(X)


@pytest.mark.parametrize("member", [Mixup(), Compose([RandomShift((8, 8)), SwapNoise()])])
def test_what_mixes_rows_is_refused(member, digits):
    model = TestTimeAugmentation(LogisticRegression(), member)
    with pytest.raises(ValueError, match="mixes rows: a prediction would depend"):
        model.fit(*digits)


def test_a_classifier_without_probabilities_is_refused(digits):
    model = TestTimeAugmentation(Perceptron(), RandomShift((8, 8)))
    assert not hasattr(model, "predict_proba")
    with pytest.raises(ValueError, match="has no predict_proba, and labels have no mean"):
        model.fit(*digits)


def test_an_augmentation_that_loses_rows_is_named(digits, network):
    model = TestTimeAugmentation(FrozenEstimator(network), lambda X, y, rng: (X[:1], y))
    with pytest.raises(ValueError, match=r"must return X in the shape it was given, \(3000, 64\)"):
        model.fit(*digits).predict(digits[0])


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (lambda X: X, "must return a tuple (X, y), got ndarray"),
        (lambda X: (X * np.nan, None), "must return finite numbers as X"),
        (lambda X: (X.astype(str), None), "must return finite numbers as X"),
    ],
    ids=["no tuple", "nan", "strings"],
)
def test_what_a_function_returns_is_checked(digits, network, returned, told):
    model = TestTimeAugmentation(FrozenEstimator(network), lambda X, y, rng: returned(X))
    with pytest.raises(ValueError, match=re.escape(told)):
        model.fit(*digits).predict(digits[0])


def test_a_class_is_no_augmentation(digits, network):
    model = TestTimeAugmentation(FrozenEstimator(network), RandomShift)
    with pytest.raises(ValueError, match=r"RandomShift is a class\. Make one of it"):
        model.fit(*digits)


@pytest.mark.parametrize("other", [StandardScaler(), IsolationForest()], ids=str)
def test_what_predicts_neither_classes_nor_numbers_is_refused(digits, other):
    model = TestTimeAugmentation(other, RandomShift((8, 8)))
    with pytest.raises(ValueError, match="neither a classifier nor a regressor"):
        model.fit(*digits)
