"""Who judges a network, early stopping or a callback, sees its average."""

import numpy as np
import pytest
from sklearn.callback import ScoringMonitor
from sklearn.metrics import log_loss

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
KINDS = pytest.mark.parametrize("kind", ["ema", "swa"])
STOPPING = {"early_stopping": True, "learning_rate_init": 0.3}


@BOTH
def test_the_validation_curve_is_the_averages(Estimator, make, data, own, validation_loss):
    """Also where early stopping is off and it decides nothing."""
    est = make(Estimator, "ema").fit(*data, **own)
    np.testing.assert_allclose(
        validation_loss(est, **own), est.validation_loss_curve_[-1], rtol=1e-9
    )


@BOTH
class TestEarlyStopping:
    def test_judges_the_average_of_every_epoch(
        self, Estimator, make, data, own, validation_loss, assert_same_weights
    ):
        """An average over fits of 1, 2, ... epochs has the loss that the curve tells."""
        params = {"learning_rate_init": 0.3, "hidden_layer_sizes": (8,)}
        est = make(Estimator, "ema", **params, early_stopping=True).fit(*data, **own)
        until = [make(Estimator, "ema", **params, max_iter=e).fit(*data) for e in range(1, 13)]
        losses = [validation_loss(each, **own) for each in until]
        np.testing.assert_allclose(est.validation_loss_curve_, losses, rtol=1e-9)
        best = int(np.argmin(losses))
        assert best < 11, "otherwise nothing is shown"
        assert est.best_iteration_ == best + 1
        assert_same_weights(est, until[best])

    def test_judges_swa_from_its_start_and_the_network_itself_before(
        self, Estimator, make, data, own, validation_loss
    ):
        est = make(Estimator, "swa", **STOPPING).fit(*data, **own)
        losses = []
        for e in range(1, 13):
            until = make(Estimator, learning_rate_init=0.3, max_iter=e)
            if e > 6:
                # it starts behind the sixth epoch whatever max_iter is
                until.set_params(weight_averaging="swa", averaging_start=6 / e)
            losses.append(validation_loss(until.fit(*data), **own))
        np.testing.assert_allclose(est.validation_loss_curve_, losses, rtol=1e-9)
        assert est.best_iteration_ == 1 + np.argmin(losses)
        np.testing.assert_allclose(validation_loss(est, **own), min(losses), rtol=1e-9)

    @KINDS
    def test_a_scorer_judges_the_average_too(
        self, Estimator, kind, make, data, own, validation_loss
    ):
        seen = []

        def scorer(estimator, X, y):
            seen.append(validation_loss(estimator, X, y))
            return -seen[-1]

        est = make(Estimator, kind, **STOPPING, early_stopping_scoring=scorer).fit(*data, **own)
        np.testing.assert_allclose(seen, est.validation_loss_curve_, rtol=1e-9)

    @KINDS
    def test_the_validation_curve_of_a_fit_stopped_there(
        self, Estimator, kind, make, data, own, validation_loss, Listener
    ):
        """By patience: what is told last is what the average then was."""
        patience = {"n_iter_no_change": 9, "tol": 1e9}
        est = make(Estimator, kind, **STOPPING, **patience).fit(*data, **own)
        assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 10)
        stopped = make(Estimator, kind, learning_rate_init=0.3, tol=1e9)
        stopped.set_callbacks(Listener(after=10)).fit(*data)
        np.testing.assert_allclose(
            est.validation_loss_curve_[-1], validation_loss(stopped, **own), rtol=1e-9
        )

    @KINDS
    def test_early_stopping_judges_by_these_statistics(
        self, Estimator, kind, make, data, own, validation_loss
    ):
        """Those of batch normalization, which are of the averaged weights."""
        est = make(Estimator, kind, normalization="batch", early_stopping=True)
        est.fit(*data, **own)
        np.testing.assert_allclose(
            validation_loss(est, **own), min(est.validation_loss_curve_), rtol=1e-9
        )


@BOTH
@KINDS
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_the_scoring_monitor_sees_the_average(Estimator, kind, normalization, make, data, Listener):
    X, y = data
    classifies = Estimator is MLPRegularizedClassifier
    name = "neg_log_loss" if classifies else "r2"

    def score(est):
        return -log_loss(y, est.predict_proba(X)) if classifies else est.score(X, y)

    monitor = ScoringMonitor(scoring=name)
    est = make(Estimator, kind, normalization=normalization).set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data_as_pandas
    scores = log[log["task_name"] == "epoch"].sort_values("task_id")[name]
    at_the_end = log[log["task_name"] == "fit"][name]
    expected = []
    for e in range(1, 13):
        until = make(Estimator, kind, normalization=normalization, max_iter=12)
        if kind == "swa" and e <= 6:
            until.set_params(weight_averaging=None)
        expected.append(score(until.set_callbacks(Listener(after=e)).fit(X, y)))
    np.testing.assert_allclose(scores, expected, rtol=1e-9)
    np.testing.assert_allclose(at_the_end, expected[-1], rtol=1e-9)
    np.testing.assert_allclose(score(est), expected[-1], rtol=1e-9)
