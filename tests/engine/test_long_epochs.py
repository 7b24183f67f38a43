"""Epochs of very many batches: memory and coefficients do not grow with their number."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.batches import Batches, DataSet
from sknnreg.engine.arrays.rows import DenseRows
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop import update_step
from sknnreg.engine.loop.update_step import UpdateStep

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_UPDATES = 600
QUICK = {"hidden_layer_sizes": (2,), "batch_size": 1, "max_iter": 2, "n_iter_no_change": None,
         "random_state": 0, "learning_rate_init": 0.01}  # fmt: skip
SGD = {"solver": "sgd"}
SETTINGS = {
    "adam": {},
    "adam, invscaling": {"learning_rate": "invscaling", "power_t": 0.3},
    "sgd, invscaling": {**SGD, "learning_rate": "invscaling", "power_t": 0.1},
    "adaptive": {**SGD, "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1,
                 "max_iter": 4},
    "whole": {"gradient_noise": 0.1, "gradient_noise_decay": 0.55, "clip_norm": 0.5, "l1": 1e-3},
}  # fmt: skip


def data(n=N_UPDATES):
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=n)


@pytest.mark.parametrize("join_single", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
def test_many_batches_share_their_views(shuffled, join_single):
    n = 20_000
    x = np.arange(float(n))[:, None]
    made = Batches([DataSet(DenseRows(x), DenseRows(x))], 1, np.dtype(np.float64), join_single)
    streams = Streams([0]) if shuffled else None
    for _ in range(2):
        found = np.array([batch.x.item() for batch in made.epoch(streams)])
        assert shuffled != np.array_equal(found, np.arange(n))
        np.testing.assert_array_equal(np.sort(found), np.arange(n))
    assert len(made._views) <= 2


def test_many_chunks_share_their_views():
    """Wide rows are gathered a few at a time; all chunks but the last are of one shape."""
    n, width = 2000, 3000
    wide = np.broadcast_to(np.arange(float(n))[:, None], (n, width))
    y = np.arange(float(n))[:, None]
    made = Batches([DataSet(DenseRows(wide), DenseRows(y))], 1, np.dtype(np.float32))
    found = [batch.y.item() for batch in made.epoch(None)]
    assert found == list(range(n))
    assert len(made._views) <= 2
    assert sum(len(views) for views in made._views.values()) < n


def fit(settings):
    return MLPRegularizedRegressor(**{**QUICK, **settings}).fit(*data())


@pytest.mark.parametrize("name", SETTINGS)
def test_how_far_one_looks_ahead_changes_nothing(name, monkeypatch):
    ours = fit(SETTINGS[name])
    assert N_UPDATES > 2 * update_step.LOOK_AHEAD
    for ahead in (1, 37, N_UPDATES - 1, 10**6):
        monkeypatch.setattr(update_step, "LOOK_AHEAD", ahead)
        theirs = fit(SETTINGS[name])
        for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_,
                        strict=True):  # fmt: skip
            np.testing.assert_array_equal(a, b)
        assert ours.loss_curve_ == theirs.loss_curve_
        assert ours.learning_rate_curve_ == theirs.learning_rate_curve_


def test_the_adaptive_setting_lowers_the_step_size():
    curve = fit(SETTINGS["adaptive"]).learning_rate_curve_
    assert curve[0] > curve[-1]


def test_coefficients_are_worked_out_a_stretch_at_a_time(monkeypatch):
    stretches, look_ahead = [], UpdateStep._look_ahead

    def counted(self, number):
        look_ahead(self, number)
        stretches.append(len(self._coefficients))

    monkeypatch.setattr(UpdateStep, "_look_ahead", counted)
    fit({})
    assert max(stretches) == update_step.LOOK_AHEAD
    assert sum(stretches) == 2 * N_UPDATES


@pytest.fixture
def seen(monkeypatch):
    """An entry for every batch that training asks for."""
    asked, epoch = [], Batches.epoch

    def counted(self, *args):
        for batch in epoch(self, *args):
            asked.append(None)
            yield batch

    monkeypatch.setattr(Batches, "epoch", counted)
    return asked


def test_a_divergence_ends_a_long_epoch(seen):
    X, y = data(5000)
    est = MLPRegularizedRegressor(**{**QUICK, **SGD, "learning_rate_init": 1e30})
    with pytest.raises(ValueError, match="after 1 epoch at step size"):
        est.fit(X, y)
    assert len(seen) <= 128


def test_a_divergence_in_a_later_epoch_keeps_the_best(seen):
    X, y = data(5000)
    est = MLPRegularizedClassifier(
        **{**QUICK, **SGD, "max_iter": 1, "batch_size": 10}, early_stopping=True, warm_start=True
    ).fit(X, y > 0)
    n_before, predicted = len(seen), est.predict_proba(X)
    with pytest.warns(UserWarning, match="best weights so far, of epoch 1"):
        est.set_params(learning_rate_init=1e30).fit(X, y > 0)
    assert len(seen) - n_before <= 128
    assert np.isnan(est.loss_curve_[-1])
    np.testing.assert_array_equal(est.predict_proba(X), predicted)


def test_an_epoch_without_divergence_is_whole(seen):
    fit({})
    assert len(seen) == 2 * N_UPDATES
