"""compare_estimators: the same splits for all, any estimator, and errors that teach."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.callback import ProgressBar
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GroupKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import compare_estimators
from sknnreg.model_selection.comparison.paired_tests import (
    corrected_t,
    correlated_posterior,
    f_of_five_by_two,
    holm,
)

IRIS, DIABETES = load_iris(return_X_y=True), load_diabetes(return_X_y=True)
BOTH = {"bayes": GaussianNB(), "stump": DecisionTreeClassifier(max_depth=1)}


def test_errors_are_those_of_cross_validation_on_the_same_splits():
    X, y = load_breast_cancer(return_X_y=True)
    cv = ShuffleSplit(6, test_size=0.2, random_state=0)
    named = [("bayes", GaussianNB()), ("stump", BOTH["stump"]), ("other", GaussianNB())]
    result = compare_estimators(named, X, y, cv=cv, scoring="roc_auc")
    for (_, estimator), errors in zip(named, result.errors, strict=True):
        expected = 1 - cross_val_score(estimator, X, y, cv=cv, scoring="roc_auc")
        np.testing.assert_allclose(errors, expected)
    assert result.pairs == [(0, 1), (0, 2), (1, 2)]
    np.testing.assert_array_equal(result.differences[1], 0)
    ratio = 114 / 455
    p_values = [corrected_t(each, ratio, 0.95).p_value for each in result.differences]
    np.testing.assert_allclose(result.p_values, p_values)
    np.testing.assert_allclose(result.adjusted_p_values, holm(p_values))
    assert result.p_values[1] == 1.0


def test_five_times_two_folds_are_drawn_and_tested_in_pairs():
    result = compare_estimators(BOTH, *IRIS, test="5x2cv_f", random_state=0)
    assert result.errors.shape == (2, 10)
    expected = f_of_five_by_two(result.differences[0].reshape(5, 2), 0.95)
    assert result.p_values[0] == pytest.approx(expected.p_value)
    again = compare_estimators(BOTH, *IRIS, test="5x2cv_f", random_state=0)
    np.testing.assert_array_equal(again.errors, result.errors)
    # A stump misses one class of three, whatever the halves; the first repetition's halves are
    # those of StratifiedKFold at the first seed drawn.
    seed = np.random.RandomState(0).randint(2**31 - 1)
    halves = StratifiedKFold(2, shuffle=True, random_state=seed)
    first = 1 - cross_val_score(GaussianNB(), *IRIS, cv=halves)
    np.testing.assert_allclose(result.errors[0, :2], first)


def test_the_posterior_and_its_region():
    models = {"ridge": Ridge(), "lasso": Lasso(), "plain": LinearRegression()}
    options = {"cv": 4, "scoring": "neg_mean_absolute_error", "confidence_level": 0.9}
    result = compare_estimators(models, *DIABETES, test="bayesian", rope=1.5, **options)
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1)
    assert result.p_values is None
    # 442 rows: parts of 111, 111, 110 and 110.
    ratio = np.mean([111 / 331, 111 / 331, 110 / 332, 110 / 332])
    for at, differences in enumerate(result.differences):
        verdict = correlated_posterior(differences, ratio, 1.5, 0.9)
        np.testing.assert_allclose(result.probabilities[at], verdict.probabilities)
        assert result.low[at] == pytest.approx(verdict.interval.low)


def test_any_estimator_on_several_processes_and_a_data_frame():
    frame = pd.DataFrame(IRIS[0], columns=list("abcd"))
    models = {
        "forest": RandomForestClassifier(5, random_state=0),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    }
    alone = compare_estimators(models, frame, IRIS[1], cv=3)
    shared = compare_estimators(models, frame, IRIS[1], cv=3, n_jobs=2)
    np.testing.assert_array_equal(alone.errors, shared.errors)


def test_groups_and_weights():
    groups, weight = np.arange(442) // 4, np.linspace(1, 9, 442)
    models = {"ridge": Ridge(5.0), "plain": LinearRegression()}
    result = compare_estimators(
        models, *DIABETES, cv=GroupKFold(4), groups=groups, params={"sample_weight": weight}
    )
    with sklearn.config_context(enable_metadata_routing=True):
        asking = {name: model.set_fit_request(sample_weight=True) for name, model in models.items()}
        routed = compare_estimators(
            asking,
            *DIABETES,
            cv=GroupKFold(4),
            scoring=get_scorer("neg_mean_squared_error").set_score_request(sample_weight=False),
            params={"groups": groups, "sample_weight": weight},
        )
    np.testing.assert_array_equal(result.errors, routed.errors)
    unweighted = compare_estimators(models, *DIABETES, cv=GroupKFold(4), groups=groups)
    assert (result.errors != unweighted.errors).all()


def test_networks_give_the_same_numbers_inside_fit_together():
    network = MLPRegularizedClassifier((4,), max_iter=5, n_iter_no_change=None, random_state=0)
    models = {
        "small": network,
        "bayes": GaussianNB(),
        "wide": MLPRegularizedClassifier((6,), max_iter=5, n_iter_no_change=None, random_state=0),
    }
    outside = compare_estimators(models, *IRIS, cv=3)
    with fit_together():
        inside = compare_estimators(models, *IRIS, cv=3)
    np.testing.assert_array_equal(inside.errors, outside.errors)


def test_progress_is_told(capfd):
    compare_estimators(BOTH, *IRIS, callbacks=ProgressBar())
    assert "100%" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("estimators", "error", "message"),
    [
        (GaussianNB(), TypeError, "must be a dict of estimators by name"),
        ([GaussianNB(), GaussianNB()], TypeError, "must be a dict of estimators by name"),
        ({"one": GaussianNB()}, ValueError, "at least two, got 1"),
        ([("a", GaussianNB()), ("a", GaussianNB())], ValueError, "names .* must be unique"),
        ({"a": GaussianNB(), "b": Ridge()}, ValueError, "must be judged by one error"),
    ],
)
def test_what_are_no_estimators_is_told(estimators, error, message):
    with pytest.raises(error, match=message):
        compare_estimators(estimators, *IRIS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": "t"}, "test must be one of 'corrected_t', '5x2cv_f', 'bayesian'"),
        ({"rope": 0.01}, "rope=0.01 is for test='bayesian'"),
        ({"test": "bayesian", "rope": True}, "rope must be a number >= 0"),
        ({"test": "bayesian", "rope": -1}, "rope must be a number >= 0"),
        ({"test": "5x2cv_f", "cv": 5}, "cv gives 25 splits"),
        ({"test": "5x2cv_f", "cv": ShuffleSplit(2)}, "ShuffleSplit cannot shuffle"),
        ({"test": "5x2cv_f", "n_repeats": 3}, "has five repetitions, got n_repeats=3"),
        ({"cv": ShuffleSplit(1)}, "at least 2 splits, got 1"),
        ({"n_repeats": 1.5}, "n_repeats must be an integer >= 1"),
        ({"confidence_level": 1}, "confidence_level must be a number between 0 and 1"),
        ({"scoring": lambda m, X, y: np.inf}, "'bayes': the error of split 0 is -inf"),
    ],
)
def test_bad_options_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        compare_estimators(BOTH, *IRIS, **options)


@pytest.mark.parametrize(
    ("test", "columns"),
    [
        ("corrected_t", ["statistic", "p_value", "adjusted_p_value"]),
        ("5x2cv_f", ["statistic", "p_value", "adjusted_p_value"]),
        ("bayesian", ["p_first_better", "p_equivalent", "p_second_better"]),
    ],
)
def test_tables_and_frames(test, columns):
    three = BOTH | {"tree": DecisionTreeClassifier(random_state=0)}
    result = compare_estimators(three, *IRIS, test=test, random_state=0)
    frame = result.to_frame()
    assert list(frame.columns) == ["first", "second", "difference", "low", "high", *columns]
    assert list(frame["second"]) == ["stump", "tree", "tree"]
    text = str(result)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert ("p (Holm)" in text) == (test != "bayesian")
