"""Nested cross-validation: against a loop by hand, on pure noise, for any search."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.stats import t as student
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import ProgressBar
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, get_scorer, log_loss, mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import NestedCrossValidationDisplay, nested_cross_validate

OUTER = KFold(4, shuffle=True, random_state=1)
ALPHAS = {"alpha": [1e-3, 0.1, 1.0, 10.0]}
NEIGHBORS = {"n_neighbors": [1, 3, 9, 27]}


def ridge_search(**settings):
    return GridSearchCV(Ridge(), ALPHAS, scoring="neg_mean_squared_error", cv=3, **settings)


def neighbors_search(**settings):
    return GridSearchCV(KNeighborsClassifier(), NEIGHBORS, cv=2, **settings)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_equals_a_loop_by_hand(n_jobs):
    X, y = load_diabetes(return_X_y=True)
    result = nested_cross_validate(ridge_search(), X, y, cv=OUTER, n_jobs=n_jobs)
    errors, inner, chosen = [], [], []
    for train, test in OUTER.split(X):
        search = ridge_search().fit(X[train], y[train])
        errors.append(mean_squared_error(y[test], search.predict(X[test])))
        inner.append(-search.best_score_)
        chosen.append(search.best_params_)
    np.testing.assert_allclose(result.errors, errors, rtol=1e-12)
    np.testing.assert_allclose(result.inner_errors, inner, rtol=1e-12)
    assert result.best_params == chosen
    on_all = ridge_search().fit(X, y)
    np.testing.assert_allclose(result.non_nested_error, -on_all.best_score_, rtol=1e-12)
    np.testing.assert_array_equal(result.search.predict(X), on_all.predict(X))
    np.testing.assert_allclose(result.optimism, np.mean(errors) + on_all.best_score_, rtol=1e-12)


def test_the_interval_is_nadeau_and_bengios():
    X, y = load_diabetes(return_X_y=True)
    result = nested_cross_validate(ridge_search(), X[:400], y[:400], cv=5, confidence_level=0.9)
    spread = np.sqrt((1 / 5 + 1 / 4) * np.sum((result.errors - result.error) ** 2) / 4)
    low, high = result.interval
    np.testing.assert_allclose((low + high) / 2, result.error, rtol=1e-12)
    np.testing.assert_allclose(high - low, 2 * student(4).isf(0.05) * spread, rtol=1e-12)


def test_stability_is_the_share_of_the_most_frequent_choice():
    X, y = load_iris(return_X_y=True)
    result = nested_cross_validate(neighbors_search(), X, y, cv=10)
    values = [chosen["n_neighbors"] for chosen in result.best_params]
    counts = {value: values.count(value) for value in values}
    value, share = result.most_frequent["n_neighbors"]
    assert counts[value] == max(counts.values())
    assert 0.1 < share == result.stability == max(counts.values()) / 10


class OneColumn(ClassifierMixin, BaseEstimator):
    """Tells classes 0 and 1 by the sign of one column."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        self.agrees_ = np.mean((X[:, self.column] > 0) == y) >= 0.5
        return self

    def predict(self, X):
        return ((X[:, self.column] > 0) == self.agrees_).astype(int)


def test_pure_noise_is_found_out_by_nesting_alone():
    random = np.random.default_rng(0)
    found = []
    for _ in range(3):
        X, y = random.normal(size=(100, 25)), np.repeat([0, 1], 50)
        search = GridSearchCV(OneColumn(), {"column": range(25)}, cv=StratifiedKFold(3))
        result = nested_cross_validate(search, X, y)
        assert result.interval[0] < 0.5 < result.interval[1]
        found.append([result.error, result.non_nested_error])
    nested, non_nested = np.mean(found, axis=0)
    # 300 rows with labels by chance: three standard errors.
    bound = 3 * np.sqrt(0.25 / 300)
    assert abs(nested - 0.5) < bound
    assert non_nested < 0.5 - bound


@pytest.mark.slow
def test_chosen_by_one_score_and_judged_by_another():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(KNeighborsClassifier(), NEIGHBORS, scoring="neg_log_loss", cv=3)
    result = nested_cross_validate(search, X, y, cv=OUTER, scoring="accuracy")
    for (train, test), error, chosen in zip(
        OUTER.split(X), result.errors, result.best_params, strict=True
    ):
        by_hand = search.fit(X[train], y[train])
        assert chosen == by_hand.best_params_
        np.testing.assert_allclose(error, 1 - accuracy_score(y[test], by_hand.predict(X[test])))
    assert result.measure == "error rate"
    by_loss = nested_cross_validate(search, X, y, cv=OUTER)
    assert by_loss.measure == "log loss"
    assert by_loss.best_params == result.best_params
    search.fit(X[train], y[train])
    expected = log_loss(y[test], search.predict_proba(X[test]))
    np.testing.assert_allclose(by_loss.errors[-1], expected)
    halving = HalvingGridSearchCV(KNeighborsClassifier(), NEIGHBORS)
    with pytest.raises(ValueError, match="HalvingGridSearchCV tells one score alone"):
        nested_cross_validate(halving, X, y, scoring="neg_log_loss")


def test_a_search_of_several_scores_is_judged_by_the_one_it_chooses_by():
    X, y = load_iris(return_X_y=True)
    both = ["accuracy", "neg_log_loss"]
    search = neighbors_search(scoring=both, refit="neg_log_loss")
    alone = neighbors_search(scoring="neg_log_loss")
    found, expected = (nested_cross_validate(each, X, y, cv=OUTER) for each in (search, alone))
    np.testing.assert_array_equal(found.errors, expected.errors)
    np.testing.assert_array_equal(found.non_nested_error, expected.non_nested_error)
    with pytest.raises(ValueError, match="cannot be added to a search with several scores"):
        nested_cross_validate(search, X, y, scoring="roc_auc_ovr")


def test_a_choice_by_a_function_of_all_results():
    X, y = load_iris(return_X_y=True)
    last = neighbors_search(refit=lambda results: 3)
    result = nested_cross_validate(last, X, y, cv=OUTER)
    assert result.best_params == [{"n_neighbors": 27}] * 4
    only = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [27]}, cv=2)
    expected = nested_cross_validate(only, X, y, cv=OUTER)
    np.testing.assert_array_equal(result.inner_errors, expected.inner_errors)
    np.testing.assert_array_equal(result.errors, expected.errors)


class ByDistance(Ridge):
    """A regressor whose score is not r2."""

    def score(self, X, y):
        return 1 - np.mean(np.abs(self.predict(X) - y))


def test_without_scoring_the_estimators_own_score_counts():
    X, y = load_diabetes(return_X_y=True)
    search = GridSearchCV(ByDistance(), ALPHAS, cv=3)
    result = nested_cross_validate(search, X, y, cv=OUTER)
    train, test = next(OUTER.split(X))
    search.fit(X[train], y[train])
    distance = np.mean(np.abs(search.predict(X[test]) - y[test]))
    np.testing.assert_allclose(result.errors[0], distance, rtol=1e-12)
    np.testing.assert_allclose(result.inner_errors[0], 1 - search.best_score_, rtol=1e-12)


@pytest.mark.slow
def test_random_and_halving_searches():
    X, y = load_iris(return_X_y=True)
    model = RandomForestClassifier(n_estimators=5, random_state=0)
    space = {"max_depth": [1, 2, 4], "max_features": [1, 2, 4]}
    random = RandomizedSearchCV(model, space, n_iter=3, cv=3, random_state=0)
    halving = HalvingGridSearchCV(model, space, cv=3, random_state=0, min_resources=40)
    for search in (random, halving):
        result = nested_cross_validate(search, X, y, cv=3)
        assert result.error < 0.3
        assert list(result.to_frame()) == [
            "error", "inner_error", "n_train", "n_test", "param_max_depth", "param_max_features",
        ]  # fmt: skip


def test_a_pipeline_on_a_data_frame_and_a_list_of_grids():
    random = np.random.default_rng(0)
    table = pd.DataFrame({"color": random.choice(["red", "blue"], 90), "size": random.random(90)})
    y = np.where((table["color"] == "red") ^ (random.random(90) < 0.1), "yes", "no")
    columns = make_column_transformer((OneHotEncoder(), ["color"]), remainder="passthrough")
    pipeline = make_pipeline(columns, LogisticRegression())
    grids = [
        {"logisticregression__C": [0.01, 1.0]},
        {"logisticregression": [RandomForestClassifier(5, random_state=0)]},
    ]
    result = nested_cross_validate(GridSearchCV(pipeline, grids, cv=2), table, y, cv=3)
    assert result.error < 0.3
    assert max(map(len, str(result).splitlines())) <= 80
    assert set(result.most_frequent) <= {"logisticregression", "logisticregression__C"}


def test_groups_reach_the_inner_folds_that_take_them():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    X, y = random.normal(size=(30, 3))[groups], random.integers(2, size=30)[groups]
    grid = {"n_neighbors": [1, 8, 16]}
    search = GridSearchCV(KNeighborsClassifier(), grid, cv=GroupKFold(3))
    result = nested_cross_validate(search, X, y, cv=GroupKFold(5), groups=groups)
    train, test = next(GroupKFold(5).split(X, y, groups))
    by_hand = search.fit(X[train], y[train], groups=groups[train])
    np.testing.assert_allclose(result.errors[0], 1 - by_hand.score(X[test], y[test]))
    # Labels are by group and by chance: a neighbor of the same group would know them.
    assert result.error > 0.3
    with sklearn.config_context(enable_metadata_routing=True):
        routed = nested_cross_validate(search, X, y, cv=GroupKFold(5), params={"groups": groups})
    np.testing.assert_array_equal(routed.errors, result.errors)


def test_sample_weights_through_routing():
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.default_rng(0).random(len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = get_scorer("neg_mean_squared_error").set_score_request(sample_weight=True)
        model = Ridge().set_fit_request(sample_weight=True)
        search = GridSearchCV(model, ALPHAS, scoring=scorer, cv=3)
        result = nested_cross_validate(search, X, y, cv=OUTER, params={"sample_weight": weight})
        train, test = next(OUTER.split(X))
        search.fit(X[train], y[train], sample_weight=weight[train])
    expected = mean_squared_error(y[test], search.predict(X[test]), sample_weight=weight[test])
    np.testing.assert_allclose(result.errors[0], expected, rtol=1e-12)


def networks():
    return GridSearchCV(
        make_pipeline(
            StandardScaler(),
            MLPRegularizedClassifier((5,), max_iter=3, n_iter_no_change=None, random_state=0),
        ),
        {"mlpregularizedclassifier__l2": [0.0, 1.0]},
        scoring="neg_log_loss",
        cv=2,
    )


def test_the_same_numbers_in_one_pass_with_a_progress_bar(capfd):
    X, y = load_breast_cancer(return_X_y=True)
    alone = nested_cross_validate(networks(), X, y, cv=3)
    with fit_together():
        bar = ProgressBar(max_propagation_depth=0)
        together = nested_cross_validate(networks(), X, y, cv=3, callbacks=bar)
    assert "100%" in capfd.readouterr().out
    np.testing.assert_array_equal(together.errors, alone.errors)
    assert together.non_nested_error == alone.non_nested_error
    assert together.best_params == alone.best_params


class OwnSearch(ClassifierMixin, BaseEstimator):
    """No search of scikit-learn's, but with what a search tells."""

    def fit(self, X, y):
        self.inner_ = neighbors_search().fit(X, y)
        self.best_params_, self.best_score_ = self.inner_.best_params_, self.inner_.best_score_
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X):
        return self.inner_.predict(X)


def test_a_search_of_ones_own():
    X, y = load_iris(return_X_y=True)
    own = nested_cross_validate(OwnSearch(), X, y, cv=OUTER)
    theirs = nested_cross_validate(neighbors_search(), X, y, cv=OUTER)
    np.testing.assert_array_equal(own.errors, theirs.errors)
    assert own.non_nested_error == theirs.non_nested_error


@pytest.mark.parametrize(
    ("search", "settings", "error", "message"),
    [
        (GridSearchCV, {}, TypeError, "search must be a search over hyperparameters"),
        (LogisticRegression(C=0.01), {}, TypeError, "has no best_params_"),
        (GridSearchCV(Ridge(), ALPHAS, refit=False), {}, ValueError, "refit=False"),
        (ridge_search(), {"confidence_level": 95}, ValueError, "confidence_level must be"),
        (ridge_search(), {"scoring": ["r2"]}, TypeError, "scoring must be one scorer"),
        (ridge_search(), {"cv": [([0, 1, 2, 3], [4])]}, ValueError, "at least 2 are needed"),
        (ridge_search(), {"callbacks": 3}, TypeError, "callbacks must be"),
    ],
)
def test_bad_input_is_told(search, settings, error, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(error, match=message):
        nested_cross_validate(search, X, y, **settings)


def test_the_display_shows_both_estimates():
    X, y = load_diabetes(return_X_y=True)
    result = nested_cross_validate(ridge_search(), X, y)
    display = result.plot()
    labels = [each.get_text() for each in display.ax_.get_legend().get_texts()]
    assert f"nested: {result.error:.4g}" in labels
    assert f"not nested: {result.non_nested_error:.4g}" in labels
    again = NestedCrossValidationDisplay.from_results(result).plot(display.ax_)
    assert again.figure_ is display.figure_
