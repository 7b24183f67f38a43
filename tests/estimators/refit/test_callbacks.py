"""Callbacks hear and see both stages as the epochs of one fit."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = [
    pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor]),
    pytest.mark.parametrize("refit", ["scratch", "continue"]),
]


@pytest.mark.parametrize("own", [False, True])
def test_epochs_of_both_stages_begin_and_end_in_one_fit(
    Estimator, refit, own, make, rows, Listener
):
    listener = Listener()
    est = make(Estimator, early_stopping_refit=refit).set_callbacks(listener)
    rows.fit(est, own)
    n_epochs = est.n_iter_ + len(est.refit_loss_curve_)
    epochs = ["begin epoch", "end epoch"] * n_epochs
    assert listener.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]


@pytest.mark.parametrize("tol", [0.2, 0.05])
def test_every_task_that_begins_ends_with_lbfgs_too(Estimator, refit, tol, make, rows, Listener):
    """It may end either stage by itself, an epoch having begun in which nothing happens."""
    listener = Listener()
    patience = {"n_iter_no_change": None, "max_iter": 500, "l2": 0.01}
    est = make(Estimator, early_stopping_refit=refit, solver="lbfgs", tol=tol, **patience)
    rows.fit(est.set_callbacks(listener), own=True)
    assert est.stop_reason_ == "converged"
    begun, ended = (
        sorted(event.removeprefix(kind) for event in listener.events if event.startswith(kind))
        for kind in ("begin ", "end ")
    )
    assert begun == ended
    assert ended.count("fit") == 1
    n_epochs = est.n_iter_ + len(est.refit_loss_curve_)
    assert n_epochs <= ended.count("epoch") <= n_epochs + 1


def test_the_scoring_monitor_sees_the_network_of_each_epoch(Estimator, refit, make, rows, settled):
    monitor = ScoringMonitor(scoring="neg_mean_squared_error")
    est = make(Estimator, early_stopping_refit=refit).set_callbacks(monitor)
    est = rows.fit(est, own=False)
    log = monitor.get_logs().data_as_pandas
    by_epoch = log[log["task_name"] == "epoch"].sort_values("task_id")
    scores = by_epoch["neg_mean_squared_error"].to_numpy()
    at_the_end = log[log["task_name"] == "fit"]["neg_mean_squared_error"]

    def score(network):
        return -np.mean(np.square(network.predict(rows.X) - rows.y))

    np.testing.assert_allclose(at_the_end, score(est), rtol=1e-9)
    np.testing.assert_allclose(scores[-1], score(est), rtol=1e-9)
    first = rows.fit(make(Estimator), own=False)
    np.testing.assert_allclose(scores[est.best_iteration_ - 1], score(first), rtol=1e-9)
    if refit == "scratch":
        n = est.n_iter_
        some = [score(rows.fit(settled(est, e), own=False)) for e in (1, 2)]
        np.testing.assert_allclose(scores[n : n + 2], some, rtol=1e-9)


def test_listening_changes_no_bit(Estimator, refit, make, rows, Listener, assert_same_weights):
    est = make(Estimator, early_stopping_refit=refit, dropout=0.2, batch_size=16)
    plain = rows.fit(clone(est), own=False)
    heard = rows.fit(clone(est).set_callbacks(Listener()), own=False)
    assert_same_weights(heard, plain)
    assert heard.refit_loss_curve_ == plain.refit_loss_curve_
