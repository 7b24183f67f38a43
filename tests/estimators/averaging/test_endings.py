"""Training that ends before an average has started, by a divergence, or as somebody stops it."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
KINDS = pytest.mark.parametrize("kind", ["ema", "swa"])
NINE = {"max_iter": 9, "averaging_start": 6 / 9}
# Starts behind epoch 30.
SHORT = {"weight_averaging": "swa", "averaging_start": 0.75, "max_iter": 40}
NOT_YET = r"\('{}'\).*averaging_start=0.75.*nothing was averaged.*{} network is kept\.{}$"
ADVICE = r" Set n_iter_no_change=None to train for all of max_iter\."


@BOTH
class TestEndsBeforeItsStart:
    def test_a_plateau_before_the_start_warns_and_keeps_the_last_network(
        self, Estimator, make, data, assert_same_weights
    ):
        est = make(Estimator, **SHORT, n_iter_no_change=4, tol=1e9)
        with pytest.warns(UserWarning, match=NOT_YET.format("no_improvement", "last", ADVICE)):
            est.fit(*data)
        assert est.n_iter_ == 5
        assert_same_weights(est, make(Estimator, max_iter=5).fit(*data))

    def test_early_stopping_before_the_start_keeps_the_best_network(
        self, Estimator, make, data, own, assert_same_training
    ):
        patience = {"n_iter_no_change": 4, "tol": 1e9, "early_stopping": True}
        plain = make(Estimator, **patience, max_iter=40).fit(*data, **own)
        est = make(Estimator, **patience, **SHORT)
        with pytest.warns(UserWarning, match=NOT_YET.format("no_improvement", "best", ADVICE)):
            est.fit(*data, **own)
        assert_same_training(est, plain)

    @pytest.mark.parametrize(
        ("raises", "reason"), [(None, "callback"), (KeyboardInterrupt, "interrupted")]
    )
    def test_so_does_whoever_stops_it(
        self, Estimator, raises, reason, make, data, Listener, assert_same_weights
    ):
        est = make(Estimator, **SHORT).set_callbacks(Listener(5, raises))
        with pytest.warns(UserWarning, match=NOT_YET.format(reason, "last", "")):
            est.fit(*data)
        assert est.stop_reason_ == reason
        assert_same_weights(est, make(Estimator, max_iter=5).fit(*data))

    def test_a_plateau_behind_the_start_is_no_cause_to_warn(
        self, Estimator, make, data, assert_same_weights
    ):
        est = make(Estimator, **SHORT, n_iter_no_change=30, tol=1e9).fit(*data)
        assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 31)
        # just: of one epoch that counts, its weights are the mean
        assert_same_weights(est, make(Estimator, max_iter=31).fit(*data))

    def test_partial_fit_does_not_know_how_many_calls_are_to_come(
        self, Estimator, make, data, assert_same_weights
    ):
        est, plain = make(Estimator, **SHORT), make(Estimator)
        for _ in range(3):
            assert_same_weights(est.partial_fit(*data), plain.partial_fit(*data))

    def test_a_single_epoch_is_its_own_mean(self, Estimator, make, data, assert_same_weights):
        plain = make(Estimator, max_iter=1).fit(*data)
        est = make(Estimator, **SHORT).set_params(max_iter=1).fit(*data)
        assert_same_weights(est, plain)


@BOTH
@KINDS
class TestDivergence:
    """A mean of what was still finite does not hide it."""

    def test_is_an_error_as_without(self, Estimator, kind, make, data):
        est = make(Estimator, kind, solver="sgd", learning_rate_init=1e250)
        with pytest.raises(ValueError, match=r"diverged.*step size 1e\+250"):
            est.fit(*data)

    def test_under_early_stopping_the_best_average_is_kept(
        self, Estimator, kind, make, data, own, validation_loss
    ):
        est = make(Estimator, kind, early_stopping=True, solver="sgd", warm_start=True)
        est.fit(*data, **own)
        best = validation_loss(est, **own)
        est.set_params(learning_rate_init=1e200)
        with pytest.warns(ConvergenceWarning, match=r"stopped being finite.*best weights"):
            est.fit(*data, **own)
        assert est.stop_reason_ == "diverged"
        np.testing.assert_allclose(validation_loss(est, **own), best, rtol=1e-9)
        # From there it goes on, and a new average is of what comes now.
        n_iter = est.n_iter_
        est.set_params(learning_rate_init=1e-3, max_iter=3).fit(*data, **own)
        assert est.n_iter_ == n_iter + 3
        assert np.isfinite(est.validation_loss_curve_[-3:]).all()
        assert validation_loss(est, **own) <= best * (1 + 1e-9)


@BOTH
@KINDS
class TestCallbacks:
    """After nine epochs, of which swa averages three."""

    def test_one_that_stops_leaves_the_average_so_far(
        self, Estimator, kind, make, data, Listener, assert_same_weights
    ):
        est = make(Estimator, kind).set_callbacks(Listener(after=9)).fit(*data)
        assert (est.stop_reason_, est.n_iter_) == ("callback", 9)
        assert_same_weights(est, make(Estimator, kind, **NINE).fit(*data))

    def test_so_does_ctrl_c(self, Estimator, kind, make, data, Listener, weights_of):
        est = make(Estimator, kind).set_callbacks(Listener(after=9, raises=KeyboardInterrupt))
        with pytest.warns(UserWarning, match="interrupted after 9 epochs"):
            est.fit(*data)
        until = make(Estimator, kind, **NINE).fit(*data)
        np.testing.assert_allclose(weights_of(est), weights_of(until), rtol=1e-12)
