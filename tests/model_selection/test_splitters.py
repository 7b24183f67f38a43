"""Splitters that share a continuous target evenly, used wherever scikit-learn takes a splitter."""

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.stats import ks_2samp
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LeaveOneOut,
    cross_val_predict,
    cross_validate,
)

from sknnreg import MLPRegularizedRegressor
from sknnreg.model_selection import (
    RepeatedStratifiedRegressionKFold,
    Resubstitution,
    StratifiedRegressionKFold,
    StratifiedRegressionShuffleSplit,
)

K_FOLDS = [
    StratifiedRegressionKFold(5),
    StratifiedRegressionKFold(7, shuffle=True, random_state=3),
    RepeatedStratifiedRegressionKFold(4, 2, random_state=0),
]
SHUFFLE_SPLITS = [
    StratifiedRegressionShuffleSplit(3, random_state=0),
    StratifiedRegressionShuffleSplit(3, test_size=0.3, train_size=0.4, random_state=1),
    StratifiedRegressionShuffleSplit(3, test_size=0.7, random_state=2),
]
STRATIFIED = [*K_FOLDS, *SHUFFLE_SPLITS]
name_of = repr


def targets():
    rng = np.random.default_rng(0)
    X, y = load_diabetes(return_X_y=True)
    return {
        "diabetes": y,
        "log-normal": rng.lognormal(size=503),
        "t(2)": rng.standard_t(2, 497),
        "Pareto(2.5)": rng.pareto(2.5, 500),
        "ties": rng.integers(0, 4, 203).astype(float),
        "multi-output": np.column_stack([y, rng.lognormal(size=len(y)), X[:, 2]]),
        "large": y * 1e305,
        "in order": np.arange(211.0) ** 3,
    }


def off(y, rows):
    """By how many standard deviations the mean of these rows is off, of the worst output."""
    scaled = y / np.abs(y).max(axis=0)
    return np.max(np.abs(scaled[rows].mean(axis=0) - scaled.mean(axis=0)) / scaled.std(axis=0))


def ks(y, rows):
    columns = y.reshape(len(y), -1).T
    return max(ks_2samp(column[rows], column, method="asymp").statistic for column in columns)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("cv", STRATIFIED, ids=name_of)
def test_means_are_within_two_percent_of_the_deviation(cv, target):
    y = targets()[target]
    for _, test in cv.split(y, y):
        assert off(y, test) < 0.02


def test_kfold_is_further_off():
    for y in targets().values():
        assert (
            max(off(y, test) for _, test in KFold(5, shuffle=True, random_state=0).split(y)) > 0.02
        )


@pytest.mark.parametrize("target", ["diabetes", "ties", "in order", "multi-output"])
@pytest.mark.parametrize("cv", STRATIFIED, ids=name_of)
def test_distributions_are_nearer_than_by_chance(cv, target):
    y = targets()[target]
    rng = np.random.default_rng(0)
    tests = [test for _, test in cv.split(y, y)]
    by_chance = [ks(y, rng.permutation(len(y))[: len(tests[0])]) for _ in range(40)]
    assert np.mean([ks(y, test) for test in tests]) < 0.75 * np.mean(by_chance)


@pytest.mark.parametrize("cv", K_FOLDS, ids=name_of)
@pytest.mark.parametrize("n", [7, 8, 50, 53, 54])
def test_every_row_is_tested_once_in_folds_of_equal_size(cv, n):
    y = np.random.default_rng(n).lognormal(size=n)
    splits = list(cv.split(y, y))
    assert len(splits) == cv.get_n_splits()
    for start in range(0, len(splits), cv.n_splits):
        tests = [test for _, test in splits[start : start + cv.n_splits]]
        np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(n))
        sizes = [len(test) for test in tests]
        assert max(sizes) - min(sizes) <= 1
    for train, test in splits:
        np.testing.assert_array_equal(train, np.setdiff1d(np.arange(n), test))


@pytest.mark.parametrize("shuffle", [False, True])
def test_each_stratum_gives_a_row_to_each_fold(shuffle):
    y = np.random.default_rng(1).permutation(60) / 1.0
    cv = StratifiedRegressionKFold(5, shuffle=shuffle, random_state=0 if shuffle else None)
    for _, test in cv.split(y, y):
        np.testing.assert_array_equal(np.sort(y[test]) // 5, np.arange(12))


def test_classes_as_numbers_have_equal_shares():
    y = np.repeat([0, 1, 2], [50, 25, 75])
    for _, test in StratifiedRegressionKFold(5).split(y, y):
        np.testing.assert_array_equal(np.bincount(y[test]), [10, 5, 15])


def test_a_constant_target_is_dealt_out():
    y = np.ones(11)
    sizes = [len(test) for _, test in StratifiedRegressionKFold(3).split(y, y)]
    assert sorted(sizes) == [3, 4, 4]


def test_without_shuffle_folds_are_always_the_same_and_with_it_repetitions_differ():
    y = load_diabetes().target
    first, again = ([t for _, t in StratifiedRegressionKFold(5).split(y, y)] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    cv = RepeatedStratifiedRegressionKFold(5, 2, random_state=0)
    splits = [set(test.tolist()) for _, test in cv.split(y, y)]
    # By chance folds of 88 rows have 18 in common.
    assert max(len(a & b) for a in splits[:5] for b in splits[5:]) < 40


@pytest.mark.parametrize("cv", STRATIFIED, ids=name_of)
def test_a_seed_makes_splits_reproducible(cv):
    y = load_diabetes().target
    for (a, b), (c, d) in zip(cv.split(y, y), cv.split(y, y), strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)


def test_sizes_of_a_shuffle_split():
    y = np.arange(100.0)
    cv = StratifiedRegressionShuffleSplit(2, test_size=0.25, train_size=30, random_state=0)
    for train, test in cv.split(y, y):
        assert (len(train), len(test)) == (30, 25)
        assert not set(train) & set(test)
        assert off(y, train) < 0.02
    sizes = [len(test) for _, test in StratifiedRegressionShuffleSplit(1).split(y, y)]
    assert sizes == [10]


def test_rows_of_a_shuffle_split_are_drawn_about_equally_often():
    y = np.arange(100.0)
    cv = StratifiedRegressionShuffleSplit(600, test_size=0.3, random_state=0)
    counts = np.bincount(np.concatenate([test for _, test in cv.split(y, y)]), minlength=100)
    # 180 times each, were there no strata of 3 or 4 rows and no means to be balanced.
    assert counts.min() > 180 / 2.5
    assert counts.max() < 180 * 1.6


def test_leave_one_out_is_k_fold_with_as_many_folds_as_rows():
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:40], y[:40]

    def errors(cv):
        scores = cross_validate(Ridge(), X, y, cv=cv, scoring="neg_mean_squared_error")
        return np.sort(-scores["test_score"])

    np.testing.assert_array_equal(errors(LeaveOneOut()), errors(KFold(40)))
    np.testing.assert_array_equal(errors(StratifiedRegressionKFold(40)), errors(KFold(40)))


def test_resubstitution_gives_the_training_error():
    X, y = load_diabetes(return_X_y=True)
    scores = cross_validate(Ridge(), X, y, cv=Resubstitution(), scoring="neg_mean_squared_error")
    expected = mean_squared_error(y, Ridge().fit(X, y).predict(X))
    np.testing.assert_allclose(-scores["test_score"], [expected], rtol=1e-12)
    assert Resubstitution().get_n_splits() == 1
    predicted = cross_val_predict(Ridge(), X, y, cv=Resubstitution())
    np.testing.assert_array_equal(predicted, Ridge().fit(X, y).predict(X))


@pytest.mark.parametrize("cv", [*STRATIFIED, Resubstitution()], ids=name_of)
def test_repr_clone_and_pickle(cv):
    y = load_diabetes().target[:60]
    rebuilt = eval(repr(cv).replace("\n", " "))
    for copy in (clone(cv, safe=False), pickle.loads(pickle.dumps(cv)), rebuilt):
        for (a, b), (c, d) in zip(copy.split(y, y), cv.split(y, y), strict=True):
            np.testing.assert_array_equal(a, c)
            np.testing.assert_array_equal(b, d)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_in_searches_of_scikit_learn(n_jobs):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    cv = StratifiedRegressionKFold(4)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=cv, n_jobs=n_jobs)
    with joblib.parallel_config("threading"):
        search.fit(X, y)
    assert search.n_splits_ == 4


def test_y_in_any_form_gives_the_same_folds():
    X, y = load_diabetes(return_X_y=True)
    cv = StratifiedRegressionKFold(3)
    expected = [test for _, test in cv.split(X, y)]
    index = np.arange(len(y))[::-1]
    forms = [
        y.tolist(),
        pd.Series(y, index=index),
        pd.DataFrame({"y": y}, index=index),
        pd.Series(y).astype("Float64"),
        y.astype(object),
        y[:, None],
    ]
    for form in forms:
        for (_, test), rows in zip(cv.split(X, form), expected, strict=True):
            np.testing.assert_array_equal(test, rows)


def test_groups_have_no_effect_and_a_warning_says_so():
    X, y = load_diabetes(return_X_y=True)
    groups = np.arange(len(y)) // 2
    with pytest.warns(UserWarning, match=r"ignored by StratifiedRegressionKFold.*GroupKFold"):
        list(StratifiedRegressionKFold(3).split(X, y, groups))


def test_under_routing_groups_go_to_those_who_ask():
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegularizedRegressor(
        (3,), max_iter=2, n_iter_no_change=None, early_stopping=True, random_state=0
    )
    groups = np.arange(len(y)) // 2
    with sklearn.config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        found = cross_validate(
            model, X, y, cv=StratifiedRegressionKFold(3), params={"groups": groups}
        )
        assert np.isfinite(found["test_score"]).all()
        with pytest.raises(TypeError, match="groups"):
            cross_validate(
                Ridge(), X, y, cv=StratifiedRegressionKFold(3), params={"groups": groups}
            )


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, ValueError, "y is None"),
        (["a", "b", "c"], ValueError, "texts.*StratifiedKFold"),
        (np.array(["1.0", "2.0", "3.0"], dtype=object), ValueError, "texts.*StratifiedKFold"),
        (pd.Series(["x", "y", "x"], dtype="category"), ValueError, "texts.*StratifiedKFold"),
        ([True, False, True], ValueError, "truth values.*StratifiedKFold"),
        ([1.0, np.nan, 2.0], ValueError, "NaN or infinite"),
        ([1.0, np.inf, 2.0], ValueError, "NaN or infinite"),
        (pd.Series([1.0, None, 2.0], dtype="Float64"), ValueError, "NaN or infinite"),
        ([1.0, 2j, 2.0], ValueError, "real numbers"),
        (np.zeros((3, 1, 1)), ValueError, "shape"),
        (np.zeros((3, 0)), ValueError, "shape"),
        ([1.0, 2.0], ValueError, "inconsistent"),
    ],
)
@pytest.mark.parametrize("cv", [StratifiedRegressionKFold(2), StratifiedRegressionShuffleSplit(2)])
def test_an_unusable_target_is_named(cv, y, error, message):
    with pytest.raises(error, match=message):
        list(cv.split(np.zeros((3, 1)), y))


def test_a_sparse_target_is_named():
    from scipy import sparse

    with pytest.raises(TypeError, match="toarray"):
        list(StratifiedRegressionKFold(2).split(np.zeros((3, 1)), sparse.eye_array(3).tocsr()))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: StratifiedRegressionKFold(1), ValueError, "n_splits must be .* at least 2, got 1"),
        (lambda: StratifiedRegressionKFold(2.0), ValueError, "n_splits must be a whole number"),
        (lambda: StratifiedRegressionKFold(2, shuffle=1), TypeError, "shuffle must be"),
        (lambda: StratifiedRegressionKFold(2, random_state=0), ValueError, "set shuffle=True"),
        (lambda: RepeatedStratifiedRegressionKFold(5, 0), ValueError, "n_repeats must be"),
        (lambda: StratifiedRegressionShuffleSplit(0), ValueError, "n_splits must be"),
    ],
)
def test_a_bad_parameter_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_more_folds_than_rows_are_named():
    y = np.arange(4.0)
    with pytest.raises(ValueError, match="n_splits=5 must be at most the number of rows"):
        list(StratifiedRegressionKFold(5).split(y, y))
    with pytest.raises(ValueError, match="test_size=4"):
        list(StratifiedRegressionShuffleSplit(1, test_size=4).split(y, y))
