"""With early stopping, the snapshots are the best networks at the ends of cycles."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
STOPPING = {"early_stopping": True, "max_iter": 32}
AVERAGES = [{}, {"weight_averaging": "ema", "averaging_decay": 0.8},
            {"weight_averaging": "swa", "averaging_start": 0.5}]  # fmt: skip
ENDS = np.arange(4, 33, 4)


def rows(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 4))
    return X, (X[:, 0] + rng.normal(size=60) > 0).astype(int)


@pytest.fixture
def own():
    """Rows to judge by, as arguments of ``fit``."""
    return dict(zip(("X_val", "y_val"), rows(3), strict=True))


def best_ends(est, n):
    """The epochs of the n ends of cycles that the validation rows like best, in their order."""
    worth = np.array(est.validation_scores_)[ENDS - 1]
    return sorted(ENDS[np.argsort(-worth, kind="stable")[:n]].tolist())


@BOTH
@pytest.mark.parametrize("n", [2, 3, 5])
def test_they_are_the_best_ends_of_cycles(Estimator, n, make, data, own, assert_snapshots_of):
    est = make(Estimator, **STOPPING, n_snapshots=n).fit(*data, **own)
    found = best_ends(est, n)
    assert found != ENDS[-n:].tolist(), "otherwise nothing is shown"
    assert_snapshots_of(est, found)


@BOTH
@pytest.mark.parametrize("average", AVERAGES[1:], ids=str)
@pytest.mark.parametrize("settings", [{}, {"normalization": "batch"}], ids=str)
def test_of_averages_too(Estimator, average, settings, make, data, own, assert_same_weights):
    """The average at the end of its cycle is judged, and kept."""
    settings = {**average, **settings}
    est = make(Estimator, **settings, **STOPPING).fit(*data, **own)
    all_of_them = make(Estimator, **settings, n_snapshots=8, max_iter=32).fit(*data, **own)
    assert est.validation_loss_curve_ == all_of_them.validation_loss_curve_
    found = best_ends(est, 3)
    assert found != [24, 28, 32], "otherwise nothing is shown"
    for snapshot, epoch in zip(est.snapshots_, found, strict=True):
        assert_same_weights(snapshot, all_of_them.snapshots_[epoch // 4 - 1])


@BOTH
def test_the_validation_loss_is_that_of_the_average(Estimator, make, data, own):
    scoring = "neg_log_loss" if Estimator is MLPRegularizedClassifier else "r2"
    est = make(Estimator, **AVERAGES[1], **STOPPING, early_stopping_scoring=scoring)
    est.fit(*data, **own)
    scorer, found = get_scorer(scoring), best_ends(est, 3)
    worth = [scorer(each, own["X_val"], own["y_val"]) for each in est.snapshots_]
    np.testing.assert_allclose(worth, np.array(est.validation_scores_)[np.array(found) - 1])


@BOTH
@pytest.mark.parametrize("average", AVERAGES, ids=str)
def test_patience_ends_training_and_the_snapshots_so_far_are_kept(
    Estimator, average, make, data, own
):
    est = make(Estimator, **average, **STOPPING, n_iter_no_change=9, tol=1e9, n_snapshots=2)
    est.fit(*data, **own)
    assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 10)
    assert len(est.snapshots_) == 2


@BOTH
@pytest.mark.parametrize("average", AVERAGES, ids=str)
def test_before_the_end_of_a_cycle_the_best_network_is_kept(
    Estimator, average, make, data, own, assert_same_weights
):
    params = {**average, "learning_rate_period": 10, "max_iter": 30, "early_stopping": True,
              "n_iter_no_change": 4, "tol": 1e9}  # fmt: skip
    if average.get("weight_averaging") == "swa":
        # The share of a cycle in place of that of all epochs.
        params["averaging_start"] = 0.1
    est = make(Estimator, **params)
    with pytest.warns(UserWarning, match=r"after 5 epochs.* 0 of n_snapshots=3 "):
        est.fit(*data, **own)
    assert est.snapshots_ is None
    if average.get("weight_averaging") == "swa":
        params["averaging_start"] = 1 / 30
    assert_same_weights(est, make(Estimator, **params, n_snapshots=1).fit(*data, **own))


@BOTH
@pytest.mark.parametrize("average", AVERAGES, ids=str)
class TestGoingOn:
    def test_in_two_calls_as_in_one(self, Estimator, average, make, data, own, assert_same):
        settings = {**average, **STOPPING}
        parts = make(Estimator, **{**settings, "max_iter": 18}, warm_start=True).fit(*data, **own)
        parts.set_params(max_iter=14).fit(*data, **own)
        assert_same(parts, make(Estimator, **settings).fit(*data, **own))

    def test_other_rows_judge_those_so_far_anew(self, Estimator, average, make, data, own):
        """Of the cycles up to then and later, those that the new rows like best are left."""
        settings = {**average, "early_stopping": True, "warm_start": True}
        est = make(Estimator, **settings, max_iter=12).fit(*data, **own)
        before = [each.coefs_[0].tobytes() for each in est.snapshots_]
        other = dict(zip(("X_val", "y_val"), rows(9), strict=True))
        est.set_params(max_iter=4).fit(*data, **other)
        scoring = "neg_log_loss" if hasattr(est, "predict_proba") else "neg_mean_squared_error"
        scorer = get_scorer(scoring)
        # What was judged: the three before, and the one of the fourth cycle.
        fourth = make(Estimator, **average, n_snapshots=4, max_iter=16).fit(*data)
        worth = [scorer(each, *other.values()) for each in fourth.snapshots_]
        expected = [each.coefs_[0].tobytes() for each in fourth.snapshots_]
        assert before == expected[:3]
        del expected[int(np.argmin(worth))]
        assert [each.coefs_[0].tobytes() for each in est.snapshots_] == expected

    def test_by_another_measure_the_old_ones_leave_first(self, Estimator, average, make, data, own):
        settings = {**average, "warm_start": True}
        est = make(Estimator, **settings, max_iter=12).fit(*data)
        before = [each.coefs_[0].tobytes() for each in est.snapshots_]
        est.set_params(early_stopping=True, max_iter=8).fit(*data, **own)
        after = [each.coefs_[0].tobytes() for each in est.snapshots_]
        assert after[0] == before[2]
        assert not set(after[1:]) & set(before)


@BOTH
def test_what_is_no_number_is_worth_less_than_any(Estimator, make, data, own):
    """A scorer that fails to judge some ends of cycles; the warnings' filter sees no warning."""
    calls = []

    def scorer(estimator, X, y):
        calls.append(len(calls) + 1)
        return float("nan") if calls[-1] in (4, 8, 16) else -float(calls[-1])

    est = make(Estimator, early_stopping=True, early_stopping_scoring=scorer, max_iter=24)
    est.fit(*data, **own)
    expected = make(Estimator, n_snapshots=6, max_iter=24).fit(*data).snapshots_
    for snapshot, number in zip(est.snapshots_, (2, 4, 5), strict=True):
        np.testing.assert_array_equal(snapshot.coefs_[0], expected[number].coefs_[0])


def test_a_divergence_leaves_the_snapshots_so_far(make, data, own):
    est = make(MLPRegularizedRegressor, solver="sgd", momentum=0.0, early_stopping=True,
               learning_rate="cyclic", learning_rate_init=1e-3)  # fmt: skip
    est.set_params(warm_start=True, max_iter=12).fit(*data, **own)
    est.set_params(learning_rate_init=1e30, max_iter=3)
    with pytest.warns(ConvergenceWarning, match=r"the snapshots so far, 3, are kept"):
        est.fit(*data, **own)
    assert len(est.snapshots_) == 3
    assert np.isfinite(est.predict(data[0])).all()


@BOTH
@pytest.mark.parametrize(
    "average",
    [AVERAGES[0], *(pytest.param(each, marks=pytest.mark.slow) for each in AVERAGES[1:])],
    ids=str,
)
def test_a_search_finds_the_same(Estimator, average, make, data, search_both_ways, assert_same):
    grid = {"n_snapshots": [1, 2], "learning_rate_period": [3, 4], "learning_rate_min": [0.0, 0.05]}
    network, other, _ = search_both_ways(make(Estimator, **average, **STOPPING), grid, *data)
    assert_same(other, network)
