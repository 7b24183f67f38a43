"""Rare classes: mini-batches of weighted rows end where L-BFGS does, at any size of batch.

At the minimum of the weighted loss of a logistic model with an intercept, weighted means of p and
of y agree: 0.5 where the classes weigh the same. Distances are allowed to be as large as the
sampling error of what L-BFGS finds, a standard error.
"""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier

# Averages of weights under falling steps: what is left of the noise is small beside the bounds.
STEPS = {
    "learning_rate_init": 0.01, "learning_rate": "cosine", "weight_averaging": "swa",
    "averaging_start": 0.5, "n_iter_no_change": np.inf, "random_state": 0,
}  # fmt: skip
EPOCHS = {8: 20, 32: 40, 128: 100}
ROADS = pytest.mark.parametrize("batch_sampling", [None, "weighted"], ids=["weighed", "drawn"])


def rows(n, n_rare):
    y = (np.arange(n) < n_rare).astype(int)
    return np.random.default_rng(0).normal(size=(n, 5)) + 0.6 * y[:, None], y


def probabilities(model, X, y):
    """Of the rare class, for its rows and for the others."""
    p = model.predict_proba(X)[:, 1]
    return p[y == 1], p[y == 0]


def mean_and_recall(rare, common):
    return np.array([(rare.mean() + common.mean()) / 2, (rare > 0.5).mean()])


def standard_errors(rare, common):
    recall = (rare > 0.5).mean()
    mean = 0.5 * np.sqrt(rare.var() / len(rare) + common.var() / len(common))
    return np.array([mean, np.sqrt(recall * (1 - recall) / len(rare))])


def assert_as_lbfgs_finds(model, X, y, weight=None):
    exact = MLPRegularizedClassifier((), solver="lbfgs", tol=1e-7, random_state=0)
    exact.set_params(class_weight=model.class_weight).fit(X, y, sample_weight=weight)
    expected = probabilities(exact, X, y)
    assert mean_and_recall(*expected)[0] == pytest.approx(0.5, abs=1e-5)
    assert mean_and_recall(*expected)[1] > 0.6
    found = mean_and_recall(*probabilities(model.fit(X, y, sample_weight=weight), X, y))
    error = standard_errors(*expected)
    assert np.all(np.abs(found - mean_and_recall(*expected)) <= error), (found, error)


@pytest.mark.slow
@ROADS
@pytest.mark.parametrize("batch_size", EPOCHS)
@pytest.mark.parametrize("share", [0.2, 0.05, 0.02, 0.01])
def test_balanced_classes(share, batch_size, batch_sampling):
    """Each batch's own mean gave 0.17 for 0.5 at 1 % in batches of 8, 0.31 in batches of 32."""
    model = MLPRegularizedClassifier(
        (), **STEPS, class_weight="balanced", batch_size=batch_size,
        max_iter=EPOCHS[batch_size], batch_sampling=batch_sampling,
    )  # fmt: skip
    assert_as_lbfgs_finds(model, *rows(2000, round(2000 * share)))


@ROADS
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("batch_size", [8, 32])
def test_forty_of_four_thousand_rows_weigh_99(batch_size, solver, batch_sampling):
    """Among 3960 rows of weight 1: half of all weight. The last batch may be a small one."""
    X, y = rows(4000, 40)
    model = MLPRegularizedClassifier(
        (), **STEPS, solver=solver, batch_size=batch_size, max_iter=15,
        batch_sampling=batch_sampling,
    )  # fmt: skip
    assert_as_lbfgs_finds(model, X, y, np.where(y == 1, 99.0, 1.0))
