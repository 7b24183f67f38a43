"""A linear model by plain gradient descent, through both stages of ``"continue"``."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor


def by_hand(X, y, X_val, y_val, w, *, l2, factor, patience, max_iter):
    """A linear model by plain gradient descent: the first stage, then the rows in one.

    ``factor(epochs, rows)`` is the schedule, after so many epochs and rows.
    """
    X, X_val = (np.c_[each, np.ones(len(each))] for each in (X, X_val))
    penalized = np.r_[np.ones(X.shape[1] - 1), 0.0]

    def loss(X, y, w):
        return 0.5 * np.mean(np.square(X @ w - y))

    def step(X, y, w, epochs, rows):
        objective = loss(X, y, w) + 0.5 * l2 * np.sum(penalized * w**2)
        gradient = X.T @ (X @ w - y) / len(y) + l2 * penalized * w
        return objective, w - 0.1 * factor(epochs, rows) * gradient

    curve, losses = [], []
    best, best_w, n_best = np.inf, w, 0
    for epoch in range(max_iter):
        objective, w = step(X, y, w, epoch, epoch * len(y))
        losses.append(objective)
        curve.append(loss(X_val, y_val, w))
        if curve[-1] < best:
            best, best_w, n_best = curve[-1], w, epoch + 1
        elif epoch + 1 - n_best == patience:
            break
    target, w = loss(X, y, best_w), best_w
    X_all, y_all = np.concatenate([X, X_val]), np.concatenate([y, y_val])
    refit_losses, refit_curve = [], []
    for more in range(max_iter):
        rows = n_best * len(y) + more * len(y_all)
        objective, w = step(X_all, y_all, w, n_best + more, rows)
        refit_losses.append(objective)
        refit_curve.append(loss(X_val, y_val, w))
        if refit_curve[-1] < target:
            break
    return (curve, losses, n_best), (refit_curve, refit_losses), w


# Settings, and the schedule after so many epochs and rows.
SCHEDULES = {
    "constant": ({}, lambda epochs, rows: 1.0),
    "exponential": (
        {"learning_rate": "exponential", "learning_rate_decay": 0.97},
        lambda epochs, rows: 0.97**epochs,
    ),
    "invscaling": (
        {"learning_rate": "invscaling", "power_t": 0.1},
        lambda epochs, rows: (rows + 1) ** -0.1,
    ),
    "cosine_restarts": (
        {"learning_rate": "cosine_restarts", "learning_rate_period": 7},
        lambda epochs, rows: 0.5 * (1 + np.cos(np.pi * (epochs % 7) / 7)),
    ),
    # An epoch is an update: all rows are one batch.
    "function": (
        {"learning_rate": lambda update: 1 / (1 + 0.1 * update)},
        lambda epochs, rows: 1 / (1 + 0.1 * epochs),
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_a_linear_model(schedule, l2, make, settled, weights_of):
    """Both stages, all of their numbers; the schedule goes on from the best epoch."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(36, 12))
    y = X[:, 0] + 2 * rng.normal(size=36)
    rows = X[:16], y[:16], X[16:], y[16:]
    settings, factor = SCHEDULES[schedule]
    est = make(
        MLPRegularizedRegressor, hidden_layer_sizes=(), standardize=False, solver="sgd",
        momentum=0.0, l2=l2, learning_rate_init=0.1, early_stopping_refit="continue", max_iter=100,
    )  # fmt: skip
    # The weights that it starts with: those after a step of no length.
    still = settled(est, 1).set_params(learning_rate=lambda t: 0.0).fit(*rows[:2])
    start = np.r_[still.coefs_[0][:, 0], still.intercepts_[0]]
    est.set_params(**settings).fit(*rows[:2], X_val=rows[2], y_val=rows[3])
    first, second, w = by_hand(*rows, start, l2=l2, factor=factor, patience=5, max_iter=100)
    curve, losses, n_best = first
    assert 1 < n_best < len(curve), "otherwise nothing is shown"
    assert 2 < len(second[0]) < 100
    assert est.best_iteration_ == n_best
    np.testing.assert_allclose(est.validation_loss_curve_, curve, rtol=1e-9)
    np.testing.assert_allclose(est.loss_curve_, losses, rtol=1e-9)
    np.testing.assert_allclose(est.refit_validation_loss_curve_, second[0], rtol=1e-9)
    np.testing.assert_allclose(est.refit_loss_curve_, second[1], rtol=1e-9)
    np.testing.assert_allclose(weights_of(est), w, rtol=1e-8, atol=1e-12)
