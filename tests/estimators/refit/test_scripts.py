"""Whatever the scores are, the epochs found by counting are those that a refit is made of."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = [
    pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor]),
    pytest.mark.filterwarnings("ignore:max_iter:sklearn.exceptions.ConvergenceWarning"),
]


def by_script(scores, patience, tol, max_iter):
    """The number of epochs, the best of them, and why it ends."""
    best, n_best, reference, waited = -np.inf, 0, -np.inf, 0
    for epoch, score in enumerate(scores[:max_iter], 1):
        if score > best:
            best, n_best = score, epoch
        waited = 0 if score > reference and score >= reference + tol else waited + 1
        reference = max(reference, score) if np.isfinite(score) else reference
        if waited == patience:
            return epoch, n_best, "no_improvement"
    return max_iter, n_best, "max_iter"


def random_scripts(n):
    """Few different scores: ties, falls, late improvements, now and then none at all."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        scores = rng.integers(0, 8, 14) / 4 + rng.integers(0, 2) * np.arange(14) / 8
        scores[1:][rng.random(13) < 0.1] = np.nan
        yield scores.tolist(), int(rng.integers(1, 6)), float(rng.choice([0.0, 0.25, 0.5]))


SCRIPTS = [
    ([1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3], 3, 0.0),
    ([5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8], 4, 0.0),
    (list(range(14)), 1, 0.0),
    # small improvements are kept, and do not count
    ([1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2, 2, 2], 5, 0.5),
    # saved by an improvement at the last moment
    ([1, 0, 0, 2, 0, 0, 3, 0, 0, 0, 9, 9, 9, 9], 3, 0.0),
    ([np.nan, np.nan, 1, np.nan, 2, np.nan, np.nan, np.nan, 3, 3, 3, 3, 3, 3], 3, 0.0),
    *random_scripts(20),
]


@pytest.fixture
def run(Estimator, make, rows, scripted):
    """``run(script, refit, ...)``: a fit by a script, which ends where counting says."""

    def fitted(script, refit, **params):
        scores, patience, tol = script
        expected = by_script(scores, patience, tol, 14)
        est = make(
            Estimator, n_iter_no_change=patience, tol=tol, max_iter=14, activation="tanh",
            early_stopping_scoring=scripted(scores), early_stopping_refit=refit, **params,
        )  # fmt: skip
        rows.fit(est, own=True)
        assert (est.n_iter_, est.best_iteration_, est.stop_reason_) == expected
        np.testing.assert_array_equal(est.validation_scores_, scores[: est.n_iter_])
        assert est.best_validation_score_ == np.nanmax(est.validation_scores_)
        return est

    return fitted


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_as_many_epochs_anew_as_the_best_has(solver, script, run, rows):
    est = run(script, "scratch", solver=solver)
    assert len(est.refit_loss_curve_) == est.best_iteration_
    assert est.refit_stop_reason_ == "max_iter"
    # Each epoch sees all rows, where the first stage's saw those to learn from.
    assert est._continuation.state.samples[0] == est.best_iteration_ * rows.n
    assert est.t_ == est.n_iter_ * rows.n_learned


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script[2] == 0])
def test_as_many_iterations_of_lbfgs(script, run, rows, settled, assert_same_weights):
    """Whose tol is its gradient's too: 0 keeps it going."""
    est = run(script, "scratch", solver="lbfgs")
    assert len(est.refit_loss_curve_) == est.best_iteration_
    plain = settled(est, est.best_iteration_).set_params(early_stopping_scoring="loss")
    assert_same_weights(est, rows.fit(plain, own=False))


@pytest.mark.parametrize("script", SCRIPTS[:12])
def test_on_from_the_weights_of_the_best_epoch(script, run, rows, settled, loss_from_predictions):
    """The target is their loss, and the validation loss, not the score, has to meet it."""
    est = run(script, "continue", solver="sgd")
    best = settled(est, est.best_iteration_).set_params(early_stopping_scoring="loss")
    X, y, _ = rows.learned()
    target = loss_from_predictions(best.fit(X, y), X, y)
    curve = np.array(est.refit_validation_loss_curve_)
    reached = est.refit_stop_reason_ == "loss_reached"
    assert (curve < target).tolist() == [False] * (len(curve) - 1) + [reached]
    assert reached or len(curve) == 14


@pytest.mark.parametrize("refit", ["scratch", "continue"])
def test_scores_of_nothing_but_nan_leave_nothing_to_refit(
    Estimator, refit, make, rows, scripted, tells_no_refit
):
    est = make(
        Estimator, max_iter=6, n_iter_no_change=None, early_stopping_refit=refit,
        early_stopping_scoring=scripted([np.nan] * 6),
    )  # fmt: skip
    with pytest.warns(UserWarning, match=r"early_stopping_scoring=.*no finite value"):
        rows.fit(est, own=True)
    assert est.n_iter_ == 6
    assert tells_no_refit(est)
