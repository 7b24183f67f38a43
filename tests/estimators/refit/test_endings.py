"""Who ends the first stage wants no more of it; who ends the refit, no more of that."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.places.time import monitors

pytestmark = pytest.mark.parametrize(
    "Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor]
)
REFITS = pytest.mark.parametrize("refit", ["scratch", "continue"])
SOLVERS = pytest.mark.parametrize("solver", ["adam", "lbfgs"])


@pytest.fixture
def ticking(monkeypatch):
    """A clock that is a second later whenever it is read: at the start and after each epoch."""
    clock = iter(range(1000))
    monkeypatch.setattr(monitors.time, "monotonic", lambda: next(clock))


class TestOfTheFirstStage:
    @pytest.fixture
    def assert_not_refit(self, rows, tells_no_refit, weights_of):
        def check(est, reason, n_epochs):
            assert (est.stop_reason_, est.n_iter_) == (reason, n_epochs)
            assert tells_no_refit(est)
            params = {"max_iter": n_epochs, "n_iter_no_change": None}
            until = clone(est).set_callbacks().set_params(max_time=None, **params)
            rows.fit(until.set_params(early_stopping_refit=None), own=True)
            # lbfgs is at its last iterate only up to rounding after an interrupt
            np.testing.assert_allclose(weights_of(est), weights_of(until), rtol=1e-12)

        return check

    @REFITS
    @SOLVERS
    def test_a_callback_that_stops_the_first_stage_skips_the_refit(
        self, Estimator, refit, solver, make, rows, Listener, assert_not_refit
    ):
        est = make(Estimator, early_stopping_refit=refit, solver=solver)
        listener = Listener(after=3)
        rows.fit(est.set_callbacks(listener), own=True)
        assert_not_refit(est, "callback", 3)
        assert listener.events.count("begin epoch") == listener.events.count("end epoch") == 3

    @REFITS
    @SOLVERS
    def test_so_does_ctrl_c(self, Estimator, refit, solver, make, rows, Listener, assert_not_refit):
        est = make(Estimator, early_stopping_refit=refit, solver=solver)
        with pytest.warns(UserWarning, match="interrupted after 3 epochs"):
            rows.fit(est.set_callbacks(Listener(after=3, raises=KeyboardInterrupt)), own=True)
        assert_not_refit(est, "interrupted", 3)

    @REFITS
    @SOLVERS
    def test_so_does_the_end_of_its_time(
        self, Estimator, refit, solver, make, rows, ticking, assert_not_refit
    ):
        est = make(Estimator, early_stopping_refit=refit, solver=solver, max_time=2.5)
        rows.fit(est, own=True)
        assert_not_refit(est, "max_time", 3)

    def test_a_divergence_of_the_first_stage_skips_the_refit(
        self, Estimator, make, rows, tells_no_refit
    ):
        """The best weights so far are kept; how it ends on all rows, nobody wants to know."""
        est = make(
            Estimator, learning_rate=lambda t: 1.0 if t < 3 else 1e300, solver="sgd",
            early_stopping_refit="scratch",
        )  # fmt: skip
        with pytest.warns(ConvergenceWarning, match=r"stopped being finite.*best weights"):
            rows.fit(est, own=True)
        assert est.stop_reason_ == "diverged"
        assert tells_no_refit(est)
        assert np.isfinite(est.predict(rows.X)).all()


class TestOfTheRefit:
    @pytest.fixture
    def in_time(self, Estimator, make, scripted, ticking):
        """A first stage that is best after the second epoch, and over after the fourth."""

        def estimator(refit, max_time, **params):
            return make(
                Estimator, n_iter_no_change=2, early_stopping_scoring=scripted([1, 2, 1, 1]),
                early_stopping_refit=refit, max_time=max_time, **params,
            )  # fmt: skip

        return estimator

    def test_the_refit_has_the_time_that_is_left(self, in_time, opposite_rows):
        # Nobody gets near the target.
        est = in_time("continue", 12.0, learning_rate_init=1e-6)
        opposite_rows.fit(est, own=True)
        assert (est.n_iter_, est.stop_reason_) == (4, "no_improvement")
        # Started at 0, read after each epoch and at the end: 5 of 12 seconds are gone.
        assert len(est.refit_loss_curve_) == 7
        assert est.refit_stop_reason_ == "max_time"

    def test_no_time_left_is_one_epoch(self, in_time, rows):
        with pytest.warns(UserWarning, match=r"after 1 epoch \('max_time'\).*the 2 that were best"):
            est = rows.fit(in_time("scratch", 4.5), own=True)
        assert est.stop_reason_ == "no_improvement"
        assert len(est.refit_loss_curve_) == 1
        assert est.refit_stop_reason_ == "max_time"

    @REFITS
    @SOLVERS
    def test_a_callback_that_stops_in_the_refit_ends_it(
        self, Estimator, refit, solver, make, opposite_rows, best_after, Listener
    ):
        params = {"early_stopping_refit": refit, "solver": solver}
        plain, est = (
            make(Estimator, **params, early_stopping_scoring=best_after(5)) for _ in range(2)
        )
        opposite_rows.fit(plain, own=True)
        assert len(plain.refit_loss_curve_) > 2, "otherwise nothing is shown"
        listener = Listener(after=plain.n_iter_ + 2)
        est.set_callbacks(listener)
        if refit == "scratch":
            said = r"from scratch ended after 2 epochs \('callback'\).*5 that were best"
            with pytest.warns(UserWarning, match=said) as caught:
                est.fit(**opposite_rows.arguments(own=True))
            assert [warning.filename for warning in caught] == [__file__]
        else:
            opposite_rows.fit(est, own=True)
        assert est.refit_stop_reason_ == "callback"
        assert est.refit_loss_curve_ == plain.refit_loss_curve_[:2]
        assert listener.events.count("begin epoch") == listener.events.count("end epoch")
        assert listener.events.count("end epoch") == listener.after

    @REFITS
    def test_ctrl_c_in_the_refit_ends_it_and_says_so(
        self, Estimator, refit, make, opposite_rows, best_after, Listener
    ):
        """And keeps the network before in place of one that has only begun."""
        rows = opposite_rows
        plain, est = (
            make(Estimator, early_stopping_refit=refit, early_stopping_scoring=best_after(5))
            for _ in range(2)
        )
        rows.fit(plain, own=True)
        est.set_callbacks(Listener(after=plain.n_iter_ + 2, raises=KeyboardInterrupt))
        with pytest.warns(UserWarning, match="interrupted") as caught:
            est.fit(**rows.arguments(own=True))
        assert [warning.filename for warning in caught] == [__file__]
        assert est.refit_stop_reason_ == "interrupted"
        assert est.refit_loss_curve_ == plain.refit_loss_curve_[:2]
        # What goes on has all that it began with, what begins anew has not.
        bare = make(Estimator, early_stopping_scoring=best_after(5))
        rows.fit(bare, own=True)
        assert np.array_equal(est.coefs_[0], bare.coefs_[0]) is (refit == "scratch")

    @REFITS
    def test_a_divergence_in_the_refit_keeps_the_network_before(
        self, Estimator, refit, make, rows, best_after
    ):
        """Rows that are finite, and so large that one step by them is not."""
        X, y = rows.X, (rows.y > 0) * 1.0
        params = dict(
            hidden_layer_sizes=(), standardize=False, solver="sgd", momentum=0.0,
            learning_rate_init=1e-3,
        )  # fmt: skip
        est, plain = (
            make(Estimator, **params, early_stopping_scoring=best_after(3)) for _ in range(2)
        )
        est.set_params(early_stopping_refit=refit)
        wild = {"X_val": 1e200 * X[:20], "y_val": y[:20]}
        said = rf"early_stopping_refit='{refit}'.*epoch 3, are kept.*learning_rate_init"
        with pytest.warns(ConvergenceWarning, match=said) as caught:
            est.fit(X, y, **wild)
        assert [warning.filename for warning in caught] == [__file__]
        assert est.refit_stop_reason_ == "diverged"
        assert len(est.refit_loss_curve_) >= 1
        plain.fit(X, y, **wild)
        assert np.array_equal(est.coefs_[0], plain.coefs_[0])
        assert est.loss_curve_ == plain.loss_curve_
