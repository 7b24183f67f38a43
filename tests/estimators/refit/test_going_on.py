"""Training may go on behind a refit, without early stopping; ``partial_fit`` knows of none."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = [
    pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor]),
    pytest.mark.parametrize("refit", ["scratch", "continue"]),
]


def test_partial_fit_is_not_there_and_says_why(Estimator, refit, make, rows):
    est = make(Estimator, early_stopping_refit=refit)
    assert not hasattr(est, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as caught:
        est.partial_fit(rows.X, rows.y)
    reason = str(caught.value.__cause__)
    assert "early_stopping_refit" in reason
    assert "Set early_stopping_refit=None" in reason


def test_a_refit_network_can_go_on(Estimator, refit, make, rows, tells_no_refit):
    """Without early stopping, which has no rows left to judge by; each epoch counted is told of."""
    est = rows.fit(make(Estimator, early_stopping_refit=refit), own=False)
    before, epochs = est.predict(rows.X), est.refit_loss_curve_
    if refit == "continue":
        # What led to the best weights is a part of it.
        epochs = est.loss_curve_[: est.best_iteration_] + epochs
    params = {"early_stopping": False, "early_stopping_refit": None, "warm_start": True}
    # Steps that move nothing.
    est.set_params(**params, max_iter=4, n_iter_no_change=None, learning_rate_init=1e-9)
    rows.fit(est, own=False)
    np.testing.assert_allclose(est.predict(rows.X), before, rtol=1e-4, atol=1e-4)
    assert est.loss_curve_[:-4] == epochs
    assert len(est.loss_curve_) == len(est.learning_rate_curve_) == est.n_iter_
    assert tells_no_refit(est)


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_going_on_does_not_validate_on_rows_that_were_learned_from(
    Estimator, refit, how, make, rows
):
    """They were held out once; rows that are handed in, or none at all, are another matter."""
    est = make(Estimator, early_stopping_refit=refit)
    rows.fit(est, own=False)
    est.set_params(early_stopping_refit=None, warm_start=True, n_iter_no_change=None, max_iter=3)
    X, y = rows.X, rows.y
    for _ in range(2):
        with pytest.raises(ValueError, match=r"early_stopping=True.*learned from.*X_val"):
            getattr(est, how)(X, y)
        getattr(est, how)(X, y, X_val=X[::3], y_val=y[::3])
    est.set_params(early_stopping=False)
    getattr(est, how)(X, y)
    est.set_params(early_stopping=True, warm_start=False).fit(X, y)


def test_y_may_be_a_column_and_y_val_none(Estimator, refit, make, rows):
    X, y = rows.X, rows.y
    plain, column = (make(Estimator, early_stopping_refit=refit) for _ in range(2))
    plain.fit(X[20:], y[20:], X_val=X[:20], y_val=y[:20])
    if Estimator is MLPRegularizedRegressor:
        column.fit(X[20:], y[20:, None], X_val=X[:20], y_val=y[:20])
    else:
        column.fit(X[20:], y[20:], X_val=X[:20], y_val=y[:20, None])
    assert np.array_equal(plain.coefs_[0], column.coefs_[0])
