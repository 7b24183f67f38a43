"""Out-of-fold predictions estimate how members do on rows that nobody has seen."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor, fit_together
from sknnreg.ensemble import CrossFittedRegressor

N_REPETITIONS, N_ROWS = 100, 40


def draw(rng, n):
    X = rng.uniform(-1.5, 1.5, size=(n, 3))
    return X, X[:, 0] + np.sin(2 * X[:, 1]) + 0.5 * rng.normal(size=n)


def errors_of(network, seed):
    """Mean squared errors: out of fold, of the members and of the ensemble on fresh rows."""
    rng = np.random.default_rng(seed)
    X, y = draw(rng, N_ROWS)
    fresh, y_fresh = draw(rng, 2000)
    est = CrossFittedRegressor(network, 4, random_state=seed).fit(X, y)
    members = [np.square(each.predict(fresh) - y_fresh).mean() for each in est.members_]
    ensemble = np.square(est.predict(fresh) - y_fresh).mean()
    return np.square(est.oof_prediction_ - y).mean(), np.mean(members), ensemble


@pytest.fixture(scope="module")
def errors():
    network = MLPRegularizedRegressor(
        (10,), max_iter=40, n_iter_no_change=None, learning_rate_init=0.03
    )
    with fit_together(n_jobs=1):
        return np.array([errors_of(network, seed) for seed in range(N_REPETITIONS)])


def in_standard_errors(differences):
    return differences.mean() / (differences.std(ddof=1) / np.sqrt(len(differences)))


@pytest.mark.slow
def test_it_is_the_error_of_a_member_on_fresh_rows(errors):
    out_of_fold, members, _ = errors.T
    assert abs(in_standard_errors(out_of_fold - members)) < 3.5
    # The scatter is small enough for an error that is told too low by a fifth to be seen.
    assert in_standard_errors(out_of_fold - 0.8 * members) > 3.5


@pytest.mark.slow
def test_the_ensemble_does_better(errors):
    _, members, ensemble = errors.T
    assert (ensemble < members).all()
