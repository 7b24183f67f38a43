"""``"continue"``: on from the best weights, until what was held out fits as the rest did then."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
OWN = pytest.mark.parametrize("own", [False, True], ids=["split off", "handed in"])


def held_out(est, rows, own):
    """Which rows judge; where they are split off, those that a scorer is shown."""
    if own:
        return np.arange(rows.n) >= rows.n_learned
    seen = []

    def spy(estimator, X, y, sample_weight=None):
        seen.append(X.toarray() if sparse.issparse(X) else X)
        return 0.0

    params = {"early_stopping_scoring": spy, "early_stopping_refit": None, "max_iter": 3,
              "n_iter_no_change": None}  # fmt: skip
    rows.fit(clone(est).set_params(**params), own=False)
    X = rows.X.toarray() if sparse.issparse(rows.X) else rows.X
    return (X[:, None] == seen[0][None]).all(axis=2).any(axis=1)


def all_weights(est, rows, learned):
    """Of rows and classes, as the first stage multiplies them."""
    weight = np.ones(rows.n) if rows.weight is None else rows.weight
    table = getattr(est, "class_weight", None)
    if table is None:
        return weight
    if table == "balanced":
        n = np.bincount(rows.y[learned], weights=weight[learned])
        table = dict(enumerate(n.sum() / (2 * n)))
    return weight * np.vectorize(table.get)(rows.y)


@pytest.fixture
def check(best_after, loss_from_predictions):
    """Where the first stage is best after 12 epochs, by a script."""

    def run(est, rows, own):
        first = clone(est).set_params(early_stopping_scoring=best_after(12))
        rows.fit(first, own)
        est.set_params(early_stopping_scoring=best_after(12), early_stopping_refit="continue")
        rows.fit(est, own)
        assert est.best_iteration_ == 12 < est.n_iter_ == first.n_iter_
        out = held_out(est, rows, own)
        # A balanced weight counts the rows that the split is made of.
        weight = all_weights(est, rows, ~out if own else np.full(rows.n, True))
        target = loss_from_predictions(first, rows.inputs(~out), rows.y[~out], weight[~out])
        curve = est.refit_validation_loss_curve_
        assert len(curve) == len(est.refit_loss_curve_)
        below = np.array(curve) < target
        if est.refit_stop_reason_ == "loss_reached":
            assert below.tolist() == [False] * (len(curve) - 1) + [True]
        else:
            assert est.refit_stop_reason_ == "max_iter"
            assert len(curve) == est.max_iter
            assert not below.any()
        if est.batch_statistics == "moving":
            # Those of the population are gathered when all is over.
            now = loss_from_predictions(est, rows.inputs(out), rows.y[out], weight[out])
            np.testing.assert_allclose(now, curve[-1], rtol=1e-9)
        return target < first.validation_loss_curve_[11]

    return run


@OWN
def test_the_target_is_the_training_loss_of_the_best_weights(case, own, make, check):
    Estimator, settings, rows = case
    est = make(Estimator, **settings, max_iter=300)
    assert check(est, rows, own), "otherwise nothing is shown"
    assert est.refit_stop_reason_ == "loss_reached"


@BOTH
@OWN
def test_without_noise_and_penalties(Estimator, training, own, make, rows, check):
    params = {"dtype": "float64"} if training.get("dtype") else {}
    check(make(Estimator, **{**training, **params}), rows, own)


def test_it_takes_several_epochs_or_there_would_be_nothing_to_show(cases, make, best_after):
    n_epochs = []
    for Estimator, settings, rows in cases.values():
        est = make(Estimator, **settings, max_iter=300, early_stopping_refit="continue")
        rows.fit(est.set_params(early_stopping_scoring=best_after(12)), own=False)
        n_epochs.append(len(est.refit_loss_curve_))
    assert sorted(n_epochs)[len(n_epochs) // 4] > 2


@BOTH
@pytest.mark.parametrize("max_iter", [6, 11])
def test_max_iter_more_epochs_at_most(Estimator, max_iter, make, opposite_rows):
    """Steps too short to get there."""
    params = {"learning_rate_init": 1e-6, "n_iter_no_change": None, "max_iter": max_iter}
    est = make(Estimator, **params, early_stopping_refit="continue")
    opposite_rows.fit(est, own=True)
    assert (est.n_iter_, est.refit_stop_reason_) == (max_iter, "max_iter")
    assert len(est.refit_loss_curve_) == len(est.refit_validation_loss_curve_) == max_iter


@BOTH
def test_a_target_that_is_met_already_is_met_after_an_epoch(Estimator, make, opposite_rows):
    """Rows to judge by that fit better than those to learn from, and short steps."""
    params = {"learning_rate_init": 1e-6, "n_iter_no_change": None, "max_iter": 6}
    (X_val, y_val, _), (X, y, _) = opposite_rows.learned(), opposite_rows.judging()
    est = make(Estimator, **params, standardize=False, early_stopping_refit="continue")
    est.fit(X, y, X_val=X_val, y_val=y_val)
    assert est.refit_stop_reason_ == "loss_reached"
    assert len(est.refit_loss_curve_) == 1


@BOTH
def test_the_optimizer_starts_anew(Estimator, make, rows, weights_of):
    """Adam's first step is as long as its step size for every weight, no later one is."""
    X, y, _ = rows.learned()
    params = {"activation": "tanh", "standardize": False, "max_iter": 4, "tol": 0.0,
              "n_iter_no_change": None, "learning_rate_init": 0.01}  # fmt: skip
    # Judged by what it learns from, the target is met after an epoch.
    first = make(Estimator, **params).fit(X, y, X_val=X, y_val=y)
    assert first.best_iteration_ == 4
    est = make(Estimator, **params, early_stopping_refit="continue")
    est.fit(X, y, X_val=X, y_val=y)
    assert (est.refit_stop_reason_, len(est.refit_loss_curve_)) == ("loss_reached", 1)
    step = np.abs(weights_of(est) - weights_of(first))
    np.testing.assert_allclose(step, 0.01, rtol=1e-2)


@pytest.mark.parametrize("dtype", ["float32", "auto"])
def test_stays_in_the_dtype_of_the_first_stage(dtype, make, plain_rows):
    params = {"dtype": dtype, "early_stopping_refit": "continue"}
    est = make(MLPRegularizedRegressor, **params)
    plain_rows(MLPRegularizedRegressor, 240).fit(est, own=False)
    # 180 rows are one batch, 240 are not
    expected = "float32" if dtype == "float32" else "float64"
    assert est._continuation.state.values.dtype == expected
