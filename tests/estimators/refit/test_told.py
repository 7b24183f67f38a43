"""What is told: of the first stage what a fit without a refit tells, and of the refit its own."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = pytest.mark.parametrize(
    "Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor]
)
REFITS = pytest.mark.parametrize("refit", ["scratch", "continue"])
BY_ERROR = {"early_stopping_scoring": "neg_mean_squared_error"}


@pytest.mark.parametrize("own", [False, True], ids=["split off", "handed in"])
@REFITS
@pytest.mark.parametrize(
    "settings", [{}, {"batch_size": 16}, {"solver": "lbfgs"}, BY_ERROR], ids=str
)
def test_of_the_first_stage_what_a_fit_without_tells(
    Estimator, own, refit, settings, make, rows, assert_same_told, weights_of, of_the_refit
):
    plain = rows.fit(make(Estimator, **settings), own)
    est = rows.fit(make(Estimator, **settings, early_stopping_refit=refit), own)
    assert_same_told(est, plain)
    assert not np.array_equal(weights_of(est), weights_of(plain))
    for name in of_the_refit:
        assert getattr(plain, name) is None
        missing = refit == "scratch" and name == "refit_validation_loss_curve_"
        assert (getattr(est, name) is None) == missing


def test_without_early_stopping_there_is_nothing_to_tell(Estimator, make, rows, tells_no_refit):
    est = make(Estimator, early_stopping=False, max_iter=2, n_iter_no_change=None)
    rows.fit(est, own=True)
    assert tells_no_refit(est)


@REFITS
def test_verbose_tells_of_both_stages(Estimator, refit, make, rows, capsys):
    est = rows.fit(make(Estimator, early_stopping_refit=refit, verbose=True), own=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == est.n_iter_ + len(est.refit_loss_curve_)
    for line, loss in zip(lines, est.loss_curve_ + est.refit_loss_curve_, strict=True):
        assert f"loss {loss:.6g}" in line


def test_fitted_anew_without_it_the_refit_is_forgotten(
    Estimator, make, rows, tells_no_refit, assert_same_weights
):
    est = rows.fit(make(Estimator, early_stopping_refit="scratch"), own=True)
    rows.fit(est.set_params(early_stopping_refit=None), own=True)
    assert tells_no_refit(est)
    assert_same_weights(est, rows.fit(make(Estimator), own=True))


@pytest.mark.slow
@pytest.mark.parametrize("scoring", ["loss", "neg_mean_absolute_error"])
def test_a_search_in_one_pass_finds_the_same(
    Estimator, scoring, make, rows, search_both_ways, assert_same_training, of_the_refit
):
    est = make(Estimator, early_stopping_scoring=scoring, batch_size=30)
    grid = {"early_stopping_refit": [None, "scratch", "continue"], "l2": [0.0, 0.1]}
    network, other, _ = search_both_ways(est, grid, rows.X, rows.y)
    assert_same_training(other, network)
    for name in of_the_refit:
        assert getattr(other, name) == getattr(network, name), name
