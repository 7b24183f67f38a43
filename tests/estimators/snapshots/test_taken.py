"""Snapshots are the networks at the ends of the last cycles, fitted estimators themselves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
CYCLIC = {"learning_rate": "cyclic", "learning_rate_decay": 1.0}
NAMES = ["a", "b", "c", "d"]


class TestWhenTheyAreTaken:
    @BOTH
    @pytest.mark.parametrize(
        ("settings", "ends"),
        [
            ({}, [4, 8, 12]),
            (CYCLIC, [4, 8, 12]),
            ({"n_snapshots": 2}, [8, 12]),
            # what comes behind the last cycle is trained for nothing
            ({"max_iter": 14}, [4, 8, 12]),
            ({"max_iter": 15, "n_snapshots": 2, **CYCLIC}, [8, 12]),
            ({"learning_rate_warmup": 3, "max_iter": 15}, [7, 11, 15]),
            ({"learning_rate_warmup": 2, "max_iter": 17, "n_snapshots": 2}, [10, 14]),
            ({"learning_rate_period": 2, "learning_rate_period_mult": 2.0, "max_iter": 14},
             [2, 6, 14]),
            # 2, 2 + 3 and 2 + 3 + 4.5 epochs
            ({"learning_rate_period": 2, "learning_rate_period_mult": 1.5}, [2, 5, 10]),
            ({"learning_rate_period": 1, "n_snapshots": 4}, [9, 10, 11, 12]),
            ({"normalization": "batch"}, [4, 8, 12]),
            ({"normalization": "batch", "batch_statistics": "population"}, [4, 8, 12]),
            ({"dropout": 0.3, "dtype": "float64"}, [4, 8, 12]),
        ],
        ids=str,
    )  # fmt: skip
    def test_they_are_the_networks_at_the_ends_of_the_last_cycles(
        self, Estimator, settings, ends, make, data, assert_snapshots_of
    ):
        est = make(Estimator, **settings).fit(*data)
        assert est.n_iter_ == len(est.loss_curve_) == settings.get("max_iter", 12)
        assert_snapshots_of(est, ends, **settings)

    @BOTH
    def test_training_itself_is_as_without(self, Estimator, make, data):
        est, plain = (make(Estimator, n_snapshots=n).fit(*data) for n in (3, 1))
        assert est.loss_curve_ == plain.loss_curve_
        assert est.learning_rate_curve_ == plain.learning_rate_curve_
        states = [each._continuation.state.values for each in (est, plain)]
        np.testing.assert_array_equal(*states)

    @BOTH
    @pytest.mark.parametrize("learning_rate", ["constant", "cosine_restarts", "cyclic"])
    def test_without_them_there_are_none(self, Estimator, learning_rate, make, data):
        est = make(Estimator, n_snapshots=1, learning_rate=learning_rate).fit(*data)
        assert est.snapshots_ is None

    @BOTH
    def test_fitted_anew_without_them_the_old_ones_are_gone(self, Estimator, make, data, until):
        X, y = data
        est = make(Estimator).fit(X, y).set_params(n_snapshots=1).fit(X, y)
        assert est.snapshots_ is None
        np.testing.assert_array_equal(est.predict(X), until(Estimator, 12).predict(X))


@BOTH
class TestFewerThanAsked:
    """They warn with both numbers; predictions average those that there are."""

    @pytest.mark.parametrize(
        ("patience", "ends"), [(9, [4, 8]), (8, [4, 8]), (4, [4])], ids=["two", "two, just", "one"]
    )
    def test_as_patience_has_run_out(
        self, Estimator, patience, ends, make, data, assert_snapshots_of, assert_means
    ):
        est = make(Estimator, n_iter_no_change=patience, tol=1e9)
        n = len(ends)
        match = rf"after {patience + 1} epochs \('no_improvement'\), when {n} of n_snapshots=3 "
        with pytest.warns(UserWarning, match=match):
            est.fit(*data)
        assert_snapshots_of(est, ends)
        if n == 1:
            assert est.snapshots_ is None
        else:
            assert_means(est, data[0])

    def test_of_none_the_last_network_is_left(self, Estimator, make, data, assert_snapshots_of):
        est = make(Estimator, n_iter_no_change=2, tol=1e9)
        with pytest.warns(UserWarning, match=r"after 3 epochs.* 0 of n_snapshots=3 "):
            est.fit(*data)
        assert_snapshots_of(est, [3])
        assert est.snapshots_ is None

    @pytest.mark.parametrize(
        ("raises", "reason"), [(None, "callback"), (KeyboardInterrupt, "interrupted")]
    )
    def test_as_somebody_stopped_it(
        self, Estimator, raises, reason, make, data, Listener, assert_snapshots_of, assert_means
    ):
        est = make(Estimator).set_callbacks(Listener(9, raises))
        with pytest.warns(UserWarning, match=rf"\('{reason}'\), when 2 of n_snapshots=3 "):
            est.fit(*data)
        assert est.stop_reason_ == reason
        assert_snapshots_of(est, [4, 8])
        assert_means(est, data[0])

    def test_patience_that_lasts_long_enough_is_no_cause_to_warn(
        self, Estimator, make, data, assert_snapshots_of
    ):
        est = make(Estimator, n_iter_no_change=12, tol=1e9, max_iter=40).fit(*data)
        assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 13)
        assert_snapshots_of(est, [4, 8, 12])


class TestThemselves:
    def test_they_are_fitted_estimators_of_the_same_class(
        self, any_target, fit, data, weights_of, assert_same_weights
    ):
        (est, y), (X, _) = fit(any_target), data
        assert type(est.snapshots_) is list
        for each in est.snapshots_:
            assert type(each) is type(est)
            check_is_fitted(each)
            assert each.get_params() == {**est.get_params(), "n_snapshots": 1}
            assert each.snapshots_ is None
            assert each.n_features_in_ == 4
            assert each.n_layers_ == est.n_layers_ == 3
            assert each.n_outputs_ == est.n_outputs_
            assert each.out_activation_ == est.out_activation_
            assert [coef.shape for coef in each.coefs_] == [coef.shape for coef in est.coefs_]
            assert each.predict(X).shape == y.shape
            assert np.isfinite(each.score(X, y))
            if isinstance(est, MLPRegularizedClassifier):
                np.testing.assert_array_equal(each.classes_, est.classes_)
        assert_same_weights(est, est.snapshots_[-1])
        if any_target != "one class":
            assert not np.allclose(*(weights_of(each) for each in est.snapshots_[:2]), rtol=1e-2)

    @BOTH
    def test_they_know_the_names_of_the_features(self, Estimator, make, data):
        X, y = data
        frame = pd.DataFrame(X, columns=NAMES)
        est = make(Estimator).fit(frame, y)
        for each in (est, *est.snapshots_):
            assert each.feature_names_in_.tolist() == NAMES
            each.predict(frame)
            with pytest.raises(ValueError, match="feature names"):
                each.predict(frame[NAMES[::-1]])
        unnamed = make(Estimator).fit(X, y)
        assert not any(hasattr(each, "feature_names_in_") for each in unnamed.snapshots_)
        np.testing.assert_array_equal(est.predict(frame), unnamed.predict(X))

    @BOTH
    def test_a_clone_has_none_and_finds_them_again(
        self, Estimator, make, data, until, assert_same, assert_same_weights
    ):
        est = make(Estimator).fit(*data)
        other = clone(est)
        assert not hasattr(other, "snapshots_")
        assert_same(other.fit(*data), est)
        assert_same_weights(clone(est.snapshots_[0]).fit(*data), until(Estimator, 12))
