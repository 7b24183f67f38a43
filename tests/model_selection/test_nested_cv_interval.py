"""Nested cross-validation's interval: its bookkeeping and its factors, against brute force."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB

from sknnreg.model_selection import estimate_error
from sknnreg.model_selection.error.nested_moments import (
    NestedMoments,
    nested_moments,
    variance_of_mean,
)

X, Y = (each[:60] for each in load_diabetes(return_X_y=True))


def brute_force(model, X, y, folds, level):
    """As in the paper, all inner fits apart: for each outer fold, cross-validation of the rest."""
    a, b, inner_losses, outer_losses = [], [], [], []
    for assignment in folds:
        for outer in np.unique(assignment):
            test, rest = assignment == outer, assignment != outer
            fitted = clone(model).fit(X[rest], y[rest])
            out = (y[test] - fitted.predict(X[test])) ** 2
            inner = cross_validate(
                model,
                X[rest],
                y[rest],
                cv=PredefinedSplit(assignment[rest]),
                return_estimator=True,
                return_indices=True,
            )
            losses = np.concatenate(
                [
                    (y[rest][rows] - each.predict(X[rest][rows])) ** 2
                    for each, rows in zip(inner["estimator"], inner["indices"]["test"], strict=True)
                ]
            )
            a.append((losses.mean() - out.mean()) ** 2)
            b.append(out.var(ddof=1) / len(out))
            inner_losses.append(losses)
            outer_losses.append((assignment, test, out))
    k, n = len(np.unique(folds[0])), len(y)
    mse = np.mean(a) - np.mean(b)
    err_ncv = np.concatenate(inner_losses).mean()
    by_repeat = np.array([out for _, _, out in outer_losses], dtype=object).reshape(-1, k)
    cv_losses = [np.concatenate(list(each)) for each in by_repeat]
    bias = (1 + (k - 2) / k) * (err_ncv - np.mean(cv_losses))
    naive = np.sqrt(np.mean([each.var(ddof=1) / n for each in cv_losses]))
    se = np.sqrt(max(0, (k - 1) / k * mse))
    se = max(naive, min(se, np.sqrt(k) * naive))
    half = stats.norm.ppf((1 + level) / 2) * se
    return err_ncv - bias, err_ncv - bias - half, err_ncv - bias + half, mse


@pytest.mark.parametrize(("k", "n_repeats"), [(3, 1), (4, 3)])
def test_it_equals_a_loop_with_cross_validate(k, n_repeats):
    # 58 rows: folds of unequal size.
    x, y, model = X[:58], Y[:58], Ridge(0.1)
    result = estimate_error(
        model,
        x,
        y,
        cv=k,
        method="nested_cv",
        n_repeats=n_repeats,
        random_state=3,
        confidence_level=0.9,
    )
    estimate, low, high, mse = brute_force(model, x, y, result.folds, 0.9)
    np.testing.assert_allclose(
        [result.estimate, result.low, result.high, result.moments.squared_error],
        [estimate, low, high, mse],
        rtol=1e-9,
    )
    assert len(result.errors) == k * n_repeats


def test_each_pair_of_folds_is_left_out_once():
    fits = []

    class Noted(Ridge):
        def fit(self, X, y):
            fits.append(len(y))
            return super().fit(X, y)

    estimate_error(Noted(), X, Y, cv=5, method="nested_cv", n_repeats=3, random_state=0)
    assert sorted(fits) == [36] * 3 * 10 + [48] * 3 * 5


def test_factors_by_hand():
    # Two folds of two rows and a third: losses that depend on what was left out.
    folds = np.array([[0, 0, 1, 1, 2, 2]])
    losses = np.array([[[1.0, 3, 2, 2, 4, 4], [5, 5, 0, 2, 1, 1], [2, 4, 3, 3, 6, 2]]])
    # Outer means 2, 1, 4; inner means 3, 3, 3; s^2 / n of the folds 1, 1, 4.
    moments = nested_moments(losses, folds)
    assert moments.squared_error == pytest.approx(((1 - 1) + (4 - 1) + (1 - 4)) / 3)
    assert moments.with_two_left_out == pytest.approx(3)
    assert moments.with_one_left_out == pytest.approx(7 / 3)
    assert moments.bias == pytest.approx((1 + 1 / 3) * (3 - 7 / 3))
    outer = np.array([1, 3, 0, 2, 6, 2])
    assert moments.naive_standard_error == pytest.approx(outer.std(ddof=1) / np.sqrt(6))


@pytest.mark.parametrize(
    ("squared_error", "expected"), [(-1.0, 1.0), (2.0, np.sqrt(1.6)), (100.0, np.sqrt(5))]
)
def test_the_standard_error_is_kept_between_independent_and_equal_folds(squared_error, expected):
    assert NestedMoments(5, 1.0, 1.0, squared_error, 1.0).standard_error == pytest.approx(expected)


def test_the_bias_is_exact_where_the_error_is_linear_in_one_over_n():
    n, k, error = 100, 5, lambda n_train: 2 + 30 / n_train
    moments = NestedMoments(k, error(n * (k - 2) / k), error(n * (k - 1) / k), 1.0, 1.0)
    assert moments.with_two_left_out - moments.bias == pytest.approx(error(n))


def test_groups_of_one_row_are_rows():
    losses = np.random.default_rng(0).normal(size=20)
    expected = losses.var(ddof=1) / 20
    assert variance_of_mean(losses) == pytest.approx(expected)
    assert variance_of_mean(losses, np.arange(20)) == pytest.approx(expected)
    # Rows written twice over say no more than once: the variance of a mean of ten.
    pairs = np.repeat(losses[:10], 2)
    twice = variance_of_mean(pairs, np.repeat(np.arange(10), 2))
    assert twice == pytest.approx(losses[:10].var(ddof=1) / 10)


def test_groups_stay_together_in_other_folds_each_time():
    groups = np.arange(60) // 3
    result = estimate_error(
        Ridge(),
        X,
        Y,
        cv=GroupKFold(4),
        groups=groups,
        method="nested_cv",
        n_repeats=3,
        random_state=0,
    )
    for folds in result.folds:
        assert all(len(set(folds[groups == group])) == 1 for group in range(20))
    assert len({tuple(folds) for folds in result.folds}) == 3


def test_a_seed_gives_the_same_folds_and_another_other_ones():
    X, y = load_iris(return_X_y=True)
    options = {"method": "nested_cv", "n_repeats": 2, "cv": 3}
    first, again, other = (
        estimate_error(GaussianNB(), X, y, random_state=seed, **options) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.losses, again.losses)
    assert first.high == again.high
    assert (first.folds != other.folds).any()
    # Stratified, as everywhere in scikit-learn: ten of each class in a fold of 50.
    for folds in first.folds:
        counts = [np.bincount(y[folds == fold]) for fold in range(3)]
        assert np.ptp(counts) <= 1


@pytest.mark.parametrize("cv", [ShuffleSplit(5), RepeatedKFold(n_splits=3, n_repeats=2)])
def test_test_parts_that_do_not_share_out_the_rows_are_told(cv):
    with pytest.raises(ValueError, match="must share out all rows among its test parts"):
        estimate_error(Ridge(), X, Y, cv=cv, method="nested_cv", n_repeats=1)


@pytest.mark.parametrize(
    ("cv", "groups", "message"),
    [
        (2, None, "at least 3 folds, got 2"),
        (LeaveOneOut(), None, "at least 2 rows in each fold"),
        (LeaveOneGroupOut(), np.arange(60) // 10, "at least 2 groups in each fold"),
    ],
)
def test_too_few_folds_or_rows_in_them_are_told(cv, groups, message):
    with pytest.raises(ValueError, match=message):
        estimate_error(Ridge(), X, Y, cv=cv, groups=groups, method="nested_cv", n_repeats=1)


def test_a_fixed_splitter_cannot_be_repeated():
    cv = PredefinedSplit(np.arange(60) % 4)
    result = estimate_error(Ridge(), X, Y, cv=cv, method="nested_cv", n_repeats=1)
    np.testing.assert_array_equal(result.folds, [np.arange(60) % 4])
    with pytest.raises(ValueError, match=r"n_repeats=20 needs a splitter that can shuffle"):
        estimate_error(Ridge(), X, Y, cv=cv, method="nested_cv")


def test_a_users_splitter_is_not_changed():
    cv = KFold(3)
    estimate_error(Ridge(), X, Y, cv=cv, method="nested_cv", n_repeats=2, random_state=0)
    assert not cv.shuffle
    assert cv.random_state is None


def test_a_splitter_that_shuffles_is_used_as_it_is_once_and_its_seed_for_more():
    cv = KFold(3, shuffle=True, random_state=7)
    result = estimate_error(Ridge(), X, Y, cv=cv, method="nested_cv", n_repeats=1)
    for fold, (_, test) in enumerate(cv.split(X)):
        assert (result.folds[0][test] == fold).all()
    first, again = (
        estimate_error(Ridge(), X, Y, cv=cv, method="nested_cv", n_repeats=2) for _ in range(2)
    )
    np.testing.assert_array_equal(first.folds, again.folds)
