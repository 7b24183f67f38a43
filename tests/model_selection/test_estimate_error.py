"""estimate_error: errors as cross_validate has them, intervals by hand, any estimator."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import stats
from sklearn.callback import ProgressBar
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import estimate_error

IRIS, DIABETES = load_iris(return_X_y=True), load_diabetes(return_X_y=True)


@pytest.mark.parametrize("scoring", [None, "neg_log_loss", "roc_auc", "f1"])
def test_errors_and_moments_are_those_of_cross_validate(scoring):
    X, y = load_breast_cancer(return_X_y=True)
    scores = cross_validate(
        GaussianNB(), X, y, cv=7, scoring=scoring or "accuracy", return_train_score=True
    )
    perfect = 0 if scoring == "neg_log_loss" else 1
    errors, train = perfect - scores["test_score"], perfect - scores["train_score"]
    result = estimate_error(GaussianNB(), X, y, cv=7, scoring=scoring)
    np.testing.assert_array_equal(result.errors, errors)
    np.testing.assert_array_equal(result.train_errors, train)
    assert result.mean == pytest.approx(errors.mean())
    assert result.variance == pytest.approx(np.mean((errors - errors.mean()) ** 2))
    assert result.optimism == pytest.approx(errors.mean() - train.mean())


@pytest.mark.parametrize(("method", "factor"), [("naive", 1 / 8), ("corrected", 1 / 8 + 100 / 342)])
def test_intervals_by_hand(method, factor):
    X, y = DIABETES
    cv = ShuffleSplit(8, test_size=100, random_state=0)
    result = estimate_error(Ridge(), X, y, cv=cv, method=method, confidence_level=0.8)
    errors = result.errors
    half = stats.t.ppf(0.9, 7) * np.sqrt(factor * errors.var(ddof=1))
    np.testing.assert_allclose(
        [result.estimate, result.low, result.high],
        [errors.mean(), errors.mean() - half, errors.mean() + half],
    )


def test_a_result_of_two_splits_by_hand():
    # The mean of one half predicts the other: errors (3 - 1)^2 + 0 and (3 - 1)^2 + 1.
    X, y = np.zeros((4, 1)), np.array([1.0, 1.0, 2.0, 4.0])
    result = estimate_error(LinearRegression(), X, y, cv=2)
    np.testing.assert_allclose(result.errors, [4, 5])
    np.testing.assert_allclose(result.train_errors, [1, 0])
    assert result.standard_error == pytest.approx(np.sqrt((1 / 2 + 1) * 0.5))


def test_a_loss_of_ones_own_equals_the_scorer():
    X, y = DIABETES
    for method in ("corrected", "nested_cv"):
        options = {"method": method, "n_repeats": 1, "cv": KFold(3, shuffle=True, random_state=0)}
        own = estimate_error(
            Ridge(), X, y, loss=lambda y, p: np.abs(y - p), random_state=0, **options
        )
        usual = estimate_error(
            Ridge(), X, y, scoring="neg_mean_absolute_error", random_state=0, **options
        )
        np.testing.assert_allclose([own.low, own.high], [usual.low, usual.high])


def test_repeats_are_other_folds_and_count_as_splits():
    X, y = IRIS
    result = estimate_error(GaussianNB(), X, y, cv=3, n_repeats=4, random_state=0)
    assert len(result.errors) == 12
    ratio = 50 / 100
    expected = np.sqrt((1 / 12 + ratio) * result.errors.var(ddof=1))
    assert result.standard_error == pytest.approx(expected)
    assert len(set(np.split(result.errors, 4)[0])) > 1


def test_leave_one_out_and_repeated_folds_are_taken():
    X, y = DIABETES
    result = estimate_error(Ridge(), X[:40], y[:40], cv=LeaveOneOut())
    assert len(result.errors) == 40
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    assert len(estimate_error(GaussianNB(), *IRIS, cv=cv).errors) == 6


@pytest.mark.parametrize("method", ["corrected", "nested_cv"])
def test_a_forest_on_several_processes(method):
    forest = RandomForestClassifier(5, random_state=0)
    alone, shared = (
        estimate_error(
            forest, *IRIS, cv=3, method=method, n_repeats=1, random_state=0, n_jobs=n_jobs
        )
        for n_jobs in (None, 2)
    )
    assert 0.02 < alone.estimate < 0.12
    assert (alone.low, alone.high) == (shared.low, shared.high)


@pytest.mark.parametrize("method", ["corrected", "nested_cv"])
def test_a_pipeline_on_a_data_frame_with_names_of_classes(method):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=90), "colour": rng.choice(["red", "blue"], 90)})
    y = pd.Series(np.where(frame["colour"] == "red", "yes", "no"))
    prepare = make_column_transformer((StandardScaler(), ["size"]), (OneHotEncoder(), ["colour"]))
    model = make_pipeline(prepare, LogisticRegression())
    result = estimate_error(
        model, frame, y, method=method, scoring="neg_log_loss", n_repeats=1, random_state=0
    )
    assert 0 < result.train_error < result.mean < 0.2


@pytest.mark.parametrize("method", ["corrected", "nested_cv"])
def test_weights_go_to_fit_and_rows_of_weight_nearly_0_hardly_count(method):
    X, y = DIABETES
    weight = np.where(np.arange(442) % 3 == 0, 1e-12, 1.0)
    wrong = np.where(weight < 1, 1e6, y)
    options = {
        "method": method,
        "n_repeats": 1,
        "random_state": 0,
        "params": {"sample_weight": weight},
    }
    model, cv = LinearRegression(), KFold(4, shuffle=True, random_state=0)

    def losses(y_true, predicted):
        return np.where(y_true == 1e6, 0.0, (y_true - predicted) ** 2)

    plain = estimate_error(model, X, wrong, loss=losses, cv=cv, method=method, n_repeats=1)
    weighted = estimate_error(model, X, wrong, loss=losses, cv=cv, **options)
    assert weighted.mean < 1e4 < plain.mean


def test_under_routing_groups_and_weights_go_where_they_are_asked_for():
    X, y = DIABETES
    params = {"groups": np.arange(442) // 4, "sample_weight": np.linspace(1, 9, 442)}
    with sklearn.config_context(enable_metadata_routing=True):
        model = Ridge(5.0).set_fit_request(sample_weight=True)
        scorer = get_scorer("neg_mean_squared_error").set_score_request(sample_weight=True)
        expected = cross_validate(model, X, y, cv=GroupKFold(4), scoring=scorer, params=params)
        result = estimate_error(model, X, y, cv=GroupKFold(4), scoring=scorer, params=params)
        np.testing.assert_allclose(result.errors, -expected["test_score"])
        with pytest.raises(ValueError, match=r"'sample_weight'.* cannot go to the scorer"):
            estimate_error(
                model, X, y, cv=GroupKFold(4), scoring=scorer, params=params, method="nested_cv"
            )
        nested = estimate_error(
            model,
            X,
            y,
            cv=GroupKFold(4),
            params=params,
            scoring=get_scorer("neg_mean_squared_error").set_score_request(sample_weight=False),
            method="nested_cv",
            n_repeats=1,
        )
        assert all(len(set(nested.folds[0][params["groups"] == g])) == 1 for g in range(110))


@pytest.mark.parametrize("method", ["corrected", "nested_cv"])
def test_networks_give_the_same_numbers_inside_fit_together(method):
    network = MLPRegularizedClassifier((4,), max_iter=5, n_iter_no_change=None, random_state=0)
    options = {"method": method, "cv": 3, "n_repeats": 2, "random_state": 0}
    outside = estimate_error(network, *IRIS, **options)
    with fit_together():
        inside = estimate_error(network, *IRIS, **options)
    np.testing.assert_array_equal(inside.errors, outside.errors)
    assert (inside.low, inside.high) == (outside.low, outside.high)


def test_a_loss_without_a_name_is_called_loss():
    result = estimate_error(GaussianNB(), *IRIS, loss=lambda y, p: (y != p) * 1.0)
    assert result.measure == "loss"
    np.testing.assert_allclose(result.errors, estimate_error(GaussianNB(), *IRIS).errors)


def test_progress_is_told(capfd):
    estimate_error(
        GaussianNB(), *IRIS, method="nested_cv", n_repeats=2, cv=3, callbacks=ProgressBar()
    )
    assert "100%" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "bootstrap"}, "method must be one of 'corrected', 'nested_cv', 'naive'"),
        ({"confidence_level": 95}, "confidence_level must be a number between 0 and 1"),
        ({"confidence_level": "high"}, "confidence_level must be a number between 0 and 1"),
        ({"n_repeats": 0}, "n_repeats must be an integer >= 1"),
        ({"scoring": "accuracy", "loss": len}, "give one of them"),
        ({"cv": ShuffleSplit(1)}, "at least 2 splits, got 1"),
        ({"cv": ShuffleSplit(3), "n_repeats": 3}, "needs a splitter that can shuffle"),
        ({"scoring": lambda m, X, y: np.nan}, "of split 0 is nan"),
    ],
)
def test_bad_input_is_told(options, message):
    with pytest.raises(ValueError, match=message):
        estimate_error(GaussianNB(), *IRIS, **options)


def test_an_auc_without_both_classes_is_told():
    X, y = load_breast_cancer(return_X_y=True)
    order = np.argsort(y)
    with (
        pytest.warns(UserWarning, match="Only one class"),
        pytest.raises(ValueError, match="AUC needs both classes"),
    ):
        estimate_error(GaussianNB(), X[order], y[order], cv=KFold(10), scoring="roc_auc")


def test_the_table_and_the_frame_tell_what_was_found():
    result = estimate_error(GaussianNB(), *IRIS, cv=StratifiedKFold(5))
    text = str(result)
    assert text.startswith("Error rate of GaussianNB, 5 splits\n")
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "0.04667" in text
    frame = result.to_frame()
    np.testing.assert_array_equal(frame["error"], result.errors)
    assert list(frame["n_test"]) == [30] * 5
    nested = estimate_error(GaussianNB(), *IRIS, method="nested_cv", n_repeats=2, random_state=0)
    assert str(nested).startswith("Error rate of GaussianNB, 2 repetitions of 5 folds\n")
    assert all(len(line) <= 80 for line in str(nested).splitlines())
