"""Going on with other rows, losses, solvers and scores: what was best is judged by what is now."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.evaluation import Validation
from sknnreg.engine.loop.training import train
from sknnreg.engine.state import TrainingState

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
STOPPING = {"early_stopping": True, "warm_start": True}
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 6, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.01, "batch_size": 16}  # fmt: skip


def data(n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, X[:, 0] - 0.5 * X[:, 1] ** 2 + 0.05 * rng.normal(size=n)


def assert_one_entry_an_epoch(est):
    lengths = [est.loss_curve_, est.validation_loss_curve_, est.validation_scores_]
    assert [len(each or []) for each in lengths] == [est.n_iter_] * 3
    assert len(est.learning_rate_curve_) == est.n_iter_
    assert est.best_iteration_ <= est.n_iter_


class TestOtherRows:
    """The best network so far is measured on the rows that now decide."""

    @unconverged
    @pytest.mark.parametrize("own", [False, True])
    def test_other_data_are_learned(self, own):
        X1, y1 = data()
        X2, y2 = data(seed=1)
        y2 = 3 * y2 + 5
        first = {"X_val": X1[:40], "y_val": y1[:40]} if own else {}
        second = {"X_val": X2[:40], "y_val": y2[:40]} if own else {}
        est = MLPRegularizedRegressor((20,), max_iter=500, random_state=0, **STOPPING)
        est.fit(X1, y1, **first)
        epochs, best, old = est.n_iter_, est.best_iteration_, r2_score(y2, est.predict(X2))
        est.fit(X2, y2, **second)
        assert est.n_iter_ > epochs + 10
        assert est.best_iteration_ > max(best, epochs)
        assert r2_score(y2, est.predict(X2)) > max(0.8, old + 0.5)
        assert_one_entry_an_epoch(est)

    @unconverged
    @pytest.mark.parametrize("scoring", ["r2", "loss"])
    def test_the_kept_best_is_worth_what_the_new_rows_say(self, scoring):
        X1, y1 = data()
        X2, y2 = data(seed=1)
        est = MLPRegularizedRegressor(**{**QUICK, "max_iter": 30}, early_stopping_scoring=scoring)
        est.set_params(**STOPPING).fit(X1, y1, X_val=X1[:50], y_val=y1[:50])
        before, coefs = est.best_validation_score_, est.coefs_[0]
        # Steps too small for an improvement: the old network stays the best, but for a bit.
        est.set_params(max_iter=1, learning_rate_init=1e-12)
        est.fit(X1, y1, X_val=X2, y_val=-y2)
        np.testing.assert_allclose(est.coefs_[0], coefs, rtol=1e-4, atol=1e-5)
        value = est.best_validation_score_
        assert value < before - 0.5
        if scoring == "r2":
            np.testing.assert_allclose(value, r2_score(-y2, est.predict(X2)), rtol=1e-3)

    @unconverged
    def test_another_penalty_does_not_end_training_early(self):
        X, y = data()
        est = MLPRegularizedRegressor(
            (10,), max_iter=40, warm_start=True, random_state=0, batch_size=200, tol=1e-4
        ).fit(X, y)
        est.set_params(l2=0.1, max_iter=60).fit(X, y)
        assert est.n_iter_ > 60
        assert est.loss_curve_[-1] < est.loss_curve_[40]

    def test_the_same_rows_go_on_bit_for_bit(self):
        X, y = data()
        est = MLPRegularizedRegressor(**QUICK, early_stopping=True)
        whole = clone(est).set_params(max_iter=20).fit(X, y)
        parts = clone(est).set_params(max_iter=10, warm_start=True).fit(X, y).fit(X, y)
        np.testing.assert_array_equal(parts.coefs_[0], whole.coefs_[0])
        assert parts.validation_scores_ == whole.validation_scores_
        assert parts.best_iteration_ == whole.best_iteration_

    @pytest.mark.parametrize("own", [False, True])
    def test_partial_fit_follows_chunks_that_change(self, own):
        est = MLPRegularizedRegressor(
            (20,), early_stopping=True, learning_rate_init=0.02, batch_size=20, random_state=0
        )
        for number in range(60):
            X, y = data(100, seed=number)
            y = y if number < 30 else -y
            rows = {"X_val": X[:20], "y_val": y[:20]} if own else {}
            est.partial_fit(X, y, **rows)
        X, y = data(500, seed=1000)
        assert r2_score(-y, est.predict(X)) > 0.5
        assert est.best_iteration_ > 30
        assert_one_entry_an_epoch(est)


class TestAfterADivergence:
    @unconverged
    @pytest.mark.parametrize("solver", ["sgd", "adam"])
    def test_a_smaller_step_goes_on_from_the_best(self, solver):
        X, y = data()
        est = MLPRegularizedRegressor(**QUICK, **STOPPING, solver=solver).fit(X, y)
        est.set_params(learning_rate_init=1e150, max_iter=20)
        with pytest.warns(ConvergenceWarning, match=r"stopped being finite.*best weights"):
            est.fit(X, y)
        best, coefs, n_iter = est.best_validation_score_, est.coefs_[0].copy(), est.n_iter_
        assert np.isfinite(est.predict(X)).all()
        tiny = clone(est)
        tiny.__dict__.update(est.__dict__)
        tiny.set_params(learning_rate_init=1e-12, max_iter=1).fit(X, y)
        np.testing.assert_allclose(tiny.coefs_[0], coefs, rtol=1e-5, atol=1e-6)
        est.set_params(learning_rate_init=0.005, max_iter=20).fit(X, y)
        assert est.n_iter_ == n_iter + 20
        assert np.isfinite(est.loss_curve_[-20:]).all()
        assert est.best_validation_score_ > best
        assert est.best_iteration_ > n_iter
        assert_one_entry_an_epoch(est)


class CtrlC:
    """An R² that is interrupted at its ``at``-th call."""

    def __init__(self, at):
        self.left = at

    def __call__(self, estimator, X, y):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return r2_score(y, estimator.predict(X))


class TestInterruptedWhileJudging:
    """An interrupt finds all of an epoch or nothing of it."""

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    @pytest.mark.parametrize("at", [1, 2, 4])
    def test_in_a_scorer(self, solver, at):
        X, y = data()
        params = {**QUICK, **STOPPING, "solver": solver, "early_stopping_scoring": CtrlC(at)}
        est = MLPRegularizedRegressor(**params)
        with pytest.warns(UserWarning, match=f"interrupted after {at - 1} epoch"):
            est.fit(X, y)
        assert est.n_iter_ == at - 1
        assert len(est.loss_curve_) == len(est.validation_scores_) == at - 1
        assert len(est.validation_loss_curve_ or []) == at - 1
        est.fit(X, y)
        assert est.n_iter_ == at - 1 + QUICK["max_iter"]
        assert_one_entry_an_epoch(est)

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    @pytest.mark.parametrize("at", [1, 3])
    def test_in_the_validation_loss(self, solver, at, monkeypatch):
        X, y = data()
        loss, calls = Validation.loss, []

        def interrupted(self, *args):
            calls.append(None)
            if len(calls) == at:
                raise KeyboardInterrupt
            return loss(self, *args)

        monkeypatch.setattr(Validation, "loss", interrupted)
        est = MLPRegularizedRegressor(**QUICK, **STOPPING, solver=solver)
        with pytest.warns(UserWarning, match="interrupted"):
            est.fit(X, y)
        assert est.n_iter_ == len(est.loss_curve_) == at - 1
        est.fit(X, y)
        assert est.n_iter_ == at - 1 + QUICK["max_iter"]
        assert_one_entry_an_epoch(est)

    def test_before_going_on_leaves_what_was_learned_whole(self):
        X, y = data()
        est = MLPRegularizedRegressor(**QUICK, **STOPPING, early_stopping_scoring=CtrlC(7))
        est.fit(X, y)
        coefs, n_iter = est.coefs_[0].copy(), est.n_iter_
        with pytest.raises(KeyboardInterrupt):
            est.fit(X, y)  # the kept best is judged first: no epoch is there to end with
        assert est.n_iter_ == n_iter
        np.testing.assert_array_equal(est.coefs_[0], coefs)
        est.fit(X, y)
        assert est.n_iter_ == n_iter + QUICK["max_iter"]
        assert_one_entry_an_epoch(est)


def test_another_score_leaves_one_entry_an_epoch():
    X, y = data()
    est = MLPRegularizedRegressor(**QUICK, **STOPPING).fit(X, y)
    losses = list(est.validation_scores_)
    for number, scoring in enumerate(["r2", "neg_median_absolute_error", "loss"], start=2):
        est.set_params(early_stopping_scoring=scoring).fit(X, y)
        assert est.n_iter_ == 6 * number
        assert_one_entry_an_epoch(est)
    assert est.validation_scores_[:6] == losses
    np.testing.assert_array_equal(est.validation_scores_[-6:], -np.array(
        est.validation_loss_curve_[-6:]))  # fmt: skip


@pytest.mark.parametrize(("first", "second"), [("poisson", "huber"), ("huber", "poisson")])
def test_a_loss_that_gives_outputs_another_meaning_is_refused(first, second):
    X, y = data()
    est = MLPRegularizedRegressor(**QUICK, warm_start=True, loss=first).fit(X, np.abs(y))
    before = est.coefs_[0].copy()
    with pytest.raises(ValueError, match=rf"from '{first}' to '{second}'.*warm_start=False"):
        est.set_params(loss=second).fit(X, np.abs(y))
    np.testing.assert_array_equal(est.coefs_[0], before)
    assert est.n_iter_ == QUICK["max_iter"]


class TestAnotherSolver:
    @pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
    def test_lbfgs_after_mini_batches_computes_in_float64(self, Estimator):
        X, y = data()
        est = Estimator(**QUICK, warm_start=True).fit(X, (y > 0).astype(int))
        assert est._continuation.state.values.dtype == np.float32
        loss = est.loss_
        est.set_params(solver="lbfgs").fit(X, (y > 0).astype(int))
        assert est._continuation.state.values.dtype == np.float64
        assert est.loss_ < loss

    def test_adam_after_sgd_starts_anew(self):
        X, y = data()
        params = {**QUICK, "batch_size": len(X), "shuffle": False, "activation": "tanh",
                  "standardize": False}  # fmt: skip
        est = MLPRegularizedRegressor(**params, solver="sgd", warm_start=True).fit(X, y)
        values = est._continuation.state.values.copy()
        before = np.concatenate([each.ravel() for each in est.coefs_ + est.intercepts_])
        est.set_params(solver="adam", learning_rate_init=0.02, max_iter=1).fit(X, y)
        after = np.concatenate([each.ravel() for each in est.coefs_ + est.intercepts_])
        np.testing.assert_allclose(np.abs(after - before), 0.02, rtol=1e-3)
        est.set_params(max_iter=4).fit(X, y)
        fresh = MLPRegularizedRegressor(**params).set_params(learning_rate_init=0.02)
        plan = fresh._plan((X, y, None), max_iter=5)
        state = TrainingState.fresh(values, Streams([0]))
        ours = train([plan.prepared.problem(plan.recipe, state)])[0].values
        np.testing.assert_allclose(est._continuation.state.values, ours, rtol=1e-12)
