"""Snapshots over several calls, in copies, and in searches that train in one pass."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
CYCLIC = {"learning_rate": "cyclic", "learning_rate_decay": 1.0}


@BOTH
class TestGoingOn:
    @pytest.mark.parametrize(
        ("settings", "ends"),
        [
            ({}, [16, 20]),
            (CYCLIC, [16, 20]),
            ({"normalization": "batch"}, [16, 20]),
            ({"learning_rate_warmup": 3}, [15, 19]),
            ({"learning_rate_period": 2, "learning_rate_period_mult": 2.0}, [6, 14]),
        ],
        ids=str,
    )
    def test_ten_epochs_and_ten_more_are_twenty(
        self, Estimator, settings, ends, make, data, assert_same, assert_snapshots_of
    ):
        """Also where the first call ends in the middle of a cycle."""
        parts = make(Estimator, **settings, n_snapshots=2, max_iter=10, warm_start=True)
        with warnings.catch_warnings():
            # Of the warm-up's ten epochs two cycles do not end.
            warnings.filterwarnings("ignore", "Training ended after 10 epochs.*1 of n_snapshots=2")
            parts.fit(*data)
        parts.fit(*data)
        assert_same(parts, make(Estimator, **settings, n_snapshots=2, max_iter=20).fit(*data))
        assert_snapshots_of(parts, ends, **settings)

    def test_what_the_first_call_has_not_is_taken_by_the_next(
        self, Estimator, make, data, assert_same, assert_snapshots_of
    ):
        est = make(Estimator, max_iter=10, warm_start=True)
        with pytest.warns(UserWarning, match=r"2 of n_snapshots=3 "):
            est.fit(*data)
        assert_snapshots_of(est, [4, 8])
        assert_same(est.fit(*data), make(Estimator, max_iter=20).fit(*data))
        assert_snapshots_of(est, [12, 16, 20])

    def test_partial_fit_takes_them_as_they_come(self, Estimator, make, data, assert_same):
        est = make(Estimator)
        numbers = [len(est.partial_fit(*data).snapshots_ or []) for _ in range(20)]
        # One is no ensemble: the network is that snapshot until there is another.
        assert numbers == [0] * 7 + [2] * 4 + [3] * 9
        assert_same(est, make(Estimator, max_iter=20).fit(*data))

    def test_partial_fit_predicts_by_what_there_is(
        self, Estimator, make, data, until, assert_same_weights
    ):
        """The network that trains, until a first cycle has ended."""
        est = make(Estimator)
        for epoch in range(1, 8):
            assert_same_weights(est.partial_fit(*data), until(Estimator, min(epoch, 4)))

    @pytest.mark.parametrize("before", [1, 2, 4])
    def test_another_number_counts_from_then_on(
        self, Estimator, before, make, data, assert_snapshots_of
    ):
        est = make(Estimator, n_snapshots=before, max_iter=16, warm_start=True).fit(*data)
        est.set_params(n_snapshots=3, max_iter=13).fit(*data)
        assert est.n_iter_ == 29
        assert_snapshots_of(est, [20, 24, 28])

    def test_those_of_another_number_are_not_counted_in(
        self, Estimator, make, data, assert_snapshots_of
    ):
        est = make(Estimator, n_snapshots=2, max_iter=12, warm_start=True).fit(*data)
        with pytest.warns(UserWarning, match=r"after 20 epochs.* 2 of n_snapshots=3 "):
            est.set_params(n_snapshots=3, max_iter=8).fit(*data)
        assert_snapshots_of(est, [16, 20])

    def test_switched_off_the_network_that_trains_is_left(
        self, Estimator, make, data, until, assert_same_weights, assert_snapshots_of
    ):
        est = make(Estimator, warm_start=True).fit(*data)
        est.set_params(n_snapshots=1, max_iter=3).fit(*data)
        assert est.snapshots_ is None
        assert_same_weights(est, until(Estimator, 15))
        est.set_params(n_snapshots=2, max_iter=9).fit(*data)
        assert_snapshots_of(est, [20, 24])

    def test_another_dtype_takes_them_along(
        self, Estimator, make, data, weights_of, assert_same_weights
    ):
        est, plain = (
            make(Estimator, n_snapshots=n, dtype="float32", warm_start=True).fit(*data)
            for n in (3, 1)
        )
        before = [weights_of(each) for each in est.snapshots_]
        for each in (est, plain):
            each.set_params(dtype="float64", max_iter=4).fit(*data)
        for old, new in zip(before[1:], est.snapshots_[:2], strict=True):
            np.testing.assert_allclose(weights_of(new), old, rtol=1e-6)
        # and the new one has the new precision
        assert_same_weights(est.snapshots_[2], plain)


def joblib_round_trip(est):
    file = io.BytesIO()
    joblib.dump(est, file)
    file.seek(0)
    return joblib.load(file)


class TestCopies:
    @pytest.mark.parametrize(
        "carry",
        [lambda est: pickle.loads(pickle.dumps(est)), copy.deepcopy, joblib_round_trip],
        ids=["pickle", "deepcopy", "joblib"],
    )
    def test_predict_the_same_and_go_on_the_same(self, any_target, carry, fit, data, assert_same):
        (est, y), (X, _) = fit(any_target, warm_start=True), data
        carried = carry(est)
        assert_same(carried, est)
        np.testing.assert_array_equal(carried.predict(X), est.predict(X))
        if hasattr(est, "predict_proba"):
            np.testing.assert_array_equal(carried.predict_proba(X), est.predict_proba(X))
        before = pickle.dumps([each.coefs_ for each in est.snapshots_])
        assert_same(carried.fit(X, y), carry(est).fit(X, y))
        assert pickle.dumps([each.coefs_ for each in est.snapshots_]) == before, "shared arrays"


@BOTH
class TestTogether:
    @pytest.mark.parametrize("settings", [{}, {"normalization": "batch"}], ids=str)
    def test_scores_are_as_without(self, Estimator, settings, make, data):
        est = make(Estimator, **settings)

        def run():
            return cross_val_score(est, *data, cv=4, scoring="neg_mean_squared_error")

        expected = run()
        with fit_together(n_jobs=1):
            found = run()
        np.testing.assert_array_equal(found, expected)

    def test_a_search_finds_the_same(self, Estimator, make, data, search_both_ways, assert_same):
        grid = {"n_snapshots": [1, 2, 3], "learning_rate_min": [0.0, 0.05],
                "learning_rate_period": [3, 4]}  # fmt: skip
        network, other, _ = search_both_ways(make(Estimator), grid, *data)
        assert_same(other, network)
