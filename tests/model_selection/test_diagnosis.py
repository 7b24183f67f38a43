"""Avoidable bias, variance, and what to try next."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import get_scorer, mean_squared_error
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.model_selection import diagnose, diagnose_estimator
from sknnreg.model_selection.diagnosis.advice import advice

CLAIM = [
    (0.5, 1, False, False),
    (15, 16, True, False),
    (1, 12, False, True),
    (12, 20, True, True),
]
STRONG = {
    "dropout": [0.5, 0.3],
    "hidden_layer_sizes": (8, 6),
    "l1": 0.01,
    "l2": 0.1,
    "input_noise": 0.5,
    "max_norm": 1.0,
    "drop_connect": 0.2,
    "weight_decay": 0.1,
}


@pytest.mark.parametrize(("train", "validation", "bias", "variance"), CLAIM)
def test_the_literatures_four_cases(train, validation, bias, variance):
    for unit in (1, 100):
        found = diagnose(train / unit, validation / unit)
        assert (found.high_bias, found.high_variance) == (bias, variance)
        np.testing.assert_allclose(found.avoidable_bias, train / unit)
        np.testing.assert_allclose(found.variance, (validation - train) / unit)


def test_bias_is_what_lies_above_the_baseline():
    assert not diagnose(0.08, 0.1, 0.075).high_bias
    assert diagnose(0.08, 0.1, 0.01).high_bias
    assert diagnose(0.08, 0.1, 0.01, tolerance=0.08).high_bias is False
    assert diagnose(0.0, 0.1, 0.05).avoidable_bias == -0.05


def test_words_and_frame():
    found = diagnose(0.15, 0.16)
    text = str(found)
    assert "avoidable bias         0.15   high" in text
    assert "variance               0.01   low" in text
    assert "High bias:" in text
    assert "baseline_error" in text
    assert "baseline_error" not in str(diagnose(0.15, 0.16, 0.01))
    assert max(len(line) for line in text.splitlines()) < 80
    frame = found.to_frame()
    assert frame.loc["avoidable bias", "value"] == pytest.approx(0.15)
    assert frame.loc["avoidable bias", "high"] is True
    assert "Both gaps are low" in str(diagnose(0.01, 0.02))


def test_errors_are_those_of_the_splits():
    X, y = load_diabetes(return_X_y=True)
    found = diagnose_estimator(Ridge(), X, y, cv=4)
    fits = [(Ridge().fit(X[a], y[a]), a, b) for a, b in KFold(4).split(X)]
    expected = [[mean_squared_error(y[r], m.predict(X[r])) for r in (a, b)] for m, a, b in fits]
    both = np.column_stack([found.train_errors, found.validation_errors])
    np.testing.assert_allclose(both, expected, rtol=1e-12)
    assert found.train_error == pytest.approx(np.mean(expected, axis=0)[0])
    chance = np.mean([np.mean((y[b] - y[a].mean()) ** 2) for _, a, b in fits])
    assert found.tolerance == pytest.approx(0.05 * chance)


def test_a_forest_has_variance_and_is_advised_in_general_words():
    X, y = load_iris(return_X_y=True)
    y = np.random.default_rng(0).permutation(y)
    found = diagnose_estimator(RandomForestClassifier(60, random_state=0), X, y, cv=3)
    assert (found.high_bias, found.high_variance) == (False, True)
    assert found.suggestions
    assert found.proposed_params == {}
    assert all(each.parameter is None for each in found.suggestions)


def network(**settings):
    settings = {"max_iter": 2, "n_iter_no_change": None, "random_state": 0} | settings
    return MLPRegularizedClassifier((4,)).set_params(**settings)


@pytest.mark.parametrize("Network", [MLPRegularizedClassifier, MLPRegularizedRegressor])
@pytest.mark.parametrize("settings", [{}, STRONG, {"solver": "lbfgs"}, {"max_norm": 1.0}])
@pytest.mark.parametrize(("bias", "variance"), [(True, False), (False, True), (True, True)])
def test_proposed_values_can_be_used_one_by_one_and_all_at_once(Network, settings, bias, variance):
    X, y = load_iris(return_X_y=True)
    model = Network(max_iter=1, n_iter_no_change=None, random_state=0).set_params(**settings)
    suggestions = advice(model, bias=bias, variance=variance)
    named = {s.parameter: s for s in suggestions if s.parameter is not None}
    assert named
    for name, each in named.items():
        assert np.all(each.present == getattr(model, name))
        assert each.proposed != each.present
    values = {name: each.proposed for name, each in named.items()} | {"max_iter": 1}
    clone(model).set_params(**values).fit(X, y)
    for name, value in values.items():
        clone(model).set_params(**({"max_iter": 1} | {name: value})).fit(X, y)


def test_against_bias_what_holds_back_is_weakened_and_against_variance_strengthened():
    model = network(dropout=[0.5, 0.3], l2=0.1, hidden_layer_sizes=(8, 6), max_norm=1.0)
    less = {s.parameter: s.proposed for s in advice(model, bias=True, variance=False)}
    assert less["dropout"] == [0.25, 0.15]
    assert less["l2"] == 0.01
    assert less["max_norm"] == 2.0
    assert less["hidden_layer_sizes"] == (16, 12)
    assert less["max_iter"] == 4
    more = {s.parameter: s.proposed for s in advice(model, bias=False, variance=True)}
    assert more["dropout"] == [0.5, 0.45]
    assert more["l2"] == pytest.approx(0.3)
    assert more["early_stopping"] is True
    assert more["hidden_layer_sizes"] == (4, 3)
    both = {s.parameter for s in advice(model, bias=True, variance=True)}
    assert "l2" in both
    assert advice(model, bias=False, variance=False) == ()


def test_names_in_a_pipeline():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), network(dropout=0.8))
    found = diagnose_estimator(model, X, y, cv=3)
    assert found.high_bias
    name = "mlpregularizedclassifier__dropout"
    assert found.proposed_params[name] == 0.4
    clone(model).set_params(**found.proposed_params)


@pytest.mark.parametrize("n_jobs", [None, 1])
def test_together_gives_the_same(n_jobs):
    X, y = load_iris(return_X_y=True)
    alone = diagnose_estimator(network(), X, y, cv=3, n_jobs=n_jobs)
    with fit_together():
        within = diagnose_estimator(network(), X, y, cv=3)
    np.testing.assert_array_equal(alone.train_errors, within.train_errors)
    np.testing.assert_array_equal(alone.validation_errors, within.validation_errors)


def test_groups_and_weights_with_and_without_routing():
    X, y = load_iris(return_X_y=True)
    groups, weight = np.arange(150) % 10, np.linspace(1, 3, 150)
    plain = diagnose_estimator(
        network(), X, y, cv=GroupKFold(3), groups=groups, params={"sample_weight": weight}
    )
    with sklearn.config_context(enable_metadata_routing=True):
        routed = diagnose_estimator(
            network().set_fit_request(sample_weight=True),
            X,
            y,
            cv=GroupKFold(3),
            scoring=get_scorer("accuracy").set_score_request(sample_weight=False),
            params={"groups": groups, "sample_weight": weight},
        )
    np.testing.assert_array_equal(plain.train_errors, routed.train_errors)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.nan, 1), "train_error must be a finite number"),
        ((0.1, "0.2"), "validation_error must be a finite number"),
        ((0.1, 0.2, None), "baseline_error must be a finite number"),
    ],
)
def test_what_is_no_error_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        diagnose(*given)


def test_other_bad_input_is_named():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="tolerance must be at least 0"):
        diagnose(0.1, 0.2, tolerance=-1)
    with pytest.raises(ValueError, match="diagnose_estimator needs y"):
        diagnose_estimator(network(), X, None)

    def of_networks_alone(estimator, X, y):
        return float(estimator.coefs_[0].mean())

    with pytest.raises(ValueError, match="Give the largest gap that counts as low as tolerance"):
        diagnose_estimator(network(), X, y, cv=2, scoring=of_networks_alone)
    found = diagnose_estimator(network(), X, y, cv=2, scoring=of_networks_alone, tolerance=0.1)
    assert found.error_name == "1 - of_networks_alone"


def test_text_labels_and_series():
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = pd.Series(np.array(["a", "b", "c"])[y], index=X.index)
    texts = diagnose_estimator(network(), X, names, cv=3)
    numbers = diagnose_estimator(network(), X.to_numpy(), y.tolist(), cv=3)
    np.testing.assert_array_equal(texts.validation_errors, numbers.validation_errors)
