"""Input that no study can judge is named, in all studies alike."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, KFold

from sknnreg.model_selection import (
    RegularizationPathDisplay,
    bias_variance,
    compare_estimators,
    diagnose_estimator,
    estimate_error,
    nested_cross_validate,
)


def along_a_path(estimator, X, y, **asked):
    name = "alpha" if isinstance(estimator, Ridge) else "C"
    return RegularizationPathDisplay.from_estimator(
        estimator, X, y, **{"param_name": name, "param_range": [1, 2], **asked}
    )


def searched(estimator, X, y, **asked):
    name = "alpha" if isinstance(estimator, Ridge) else "C"
    return nested_cross_validate(GridSearchCV(estimator, {name: [1, 2]}, cv=2), X, y, **asked)


def compared(estimator, X, y, **asked):
    return compare_estimators({"one": estimator, "other": estimator}, X, y, **asked)


OF_SPLITS = [estimate_error, compared, diagnose_estimator, along_a_path, searched]
STUDIES = pytest.mark.parametrize("study", [*OF_SPLITS, bias_variance])
WITH_SPLITS = pytest.mark.parametrize("study", OF_SPLITS)


@pytest.fixture
def table():
    X = np.random.default_rng(0).normal(size=(40, 2))
    return pd.DataFrame(X, columns=["a", "b"]), pd.Series(np.where(X[:, 0] > 0, "yes", "no"))


@STUDIES
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_labels(study, missing, table):
    X, y = table
    y = y.astype(object)
    y[7] = missing
    with pytest.raises(ValueError, match=r"y holds (None|nan|<NA>) in row 7: .* Leave such rows"):
        study(LogisticRegression(), X, y)


@pytest.mark.parametrize("study", [*OF_SPLITS[:-1], bias_variance])
def test_missing_numbers(study, table):
    # By default a search is judged by its estimator's own score, which may take them.
    X, _ = table
    y = np.stack([X["a"], X["b"]], axis=1)
    y[5, 1] = np.nan
    with pytest.raises(ValueError, match=r"y holds nan in row 5: .* Leave such rows"):
        study(Ridge(), X, y)


def test_missing_targets_of_test_rows(table):
    X, y = table
    y_test = y.astype(object).where(y.index != 3, None)
    with pytest.raises(ValueError, match=r"y_test holds (None|nan) in row 3"):
        bias_variance(LogisticRegression(), X, y, X_test=X, y_test=y_test)


def test_a_scorer_of_ones_own_may_know_what_to_do_with_missing_targets(table):
    X, _ = table
    y = X["a"].where(X.index != 7)

    class WithoutMissing(Ridge):
        def fit(self, X, y):
            known = np.isfinite(y)
            return super().fit(X[known], y[known])

    def score(est, X, y):
        known = np.isfinite(y)
        return get_scorer("r2")(est, X[known], y[known])

    assert estimate_error(WithoutMissing(), X, y, scoring=score).mean < 0.1


@STUDIES
def test_metadata_without_names(study, table):
    with pytest.raises(TypeError, match="params must be a dict of metadata by name"):
        study(LogisticRegression(), *table, params=[np.ones(40)])


@WITH_SPLITS
def test_a_splitters_class(study, table):
    with pytest.raises(TypeError, match=r"cv=KFold is a class. Make a splitter of it: KFold\("):
        study(LogisticRegression(), *table, cv=KFold)


@pytest.mark.parametrize("study", [diagnose_estimator, along_a_path])
def test_no_splits(study, table):
    used_up = iter(())
    with pytest.raises(ValueError, match="gives no splits"):
        study(LogisticRegression(), *table, cv=used_up)


# A search says so in words of its own.
@pytest.mark.parametrize("study", OF_SPLITS[:-1])
@pytest.mark.parametrize("score", [None, {"a": 1.0}, np.ones(3), "much", 1j])
def test_a_score_that_is_no_number(study, score, table):
    with pytest.raises((TypeError, ValueError), match="scoring must give a number, got"):
        study(LogisticRegression(), *table, scoring=lambda est, X, y: score)


def test_chance_whose_error_is_nan(table):
    with pytest.raises(ValueError, match=r"tolerance=None needs .* got nan"):
        diagnose_estimator(LogisticRegression(), *table, scoring=lambda est, X, y: np.nan)


@pytest.mark.parametrize("study", [estimate_error, compared])
@pytest.mark.parametrize("n_repeats", [0, 2.0, True, "2"])
def test_repetitions_are_counted(study, n_repeats, table):
    with pytest.raises(ValueError, match="n_repeats must be an integer >= 1 or None"):
        study(LogisticRegression(), *table, n_repeats=n_repeats)


@pytest.mark.parametrize("values", [0.1, "l2", None])
def test_a_range_that_is_none(values, table):
    with pytest.raises(TypeError, match="param_range must be a list of values of C"):
        along_a_path(LogisticRegression(), *table, param_range=values)


def test_missing_groups_of_samples(table):
    groups = np.where(np.arange(40) == 4, np.nan, np.arange(40) // 4)
    with pytest.raises(ValueError, match="groups contains NaN"):
        bias_variance(LogisticRegression(), *table, groups=groups)
