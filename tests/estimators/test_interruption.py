"""Ctrl-C keeps the network so far; verbose tells a line an epoch."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.batches import Batches

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 6, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.01}  # fmt: skip
BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
SETTINGS = [{}, {"solver": "lbfgs"}, {"early_stopping": True}, {"normalization": "batch"}]


def data(n=60):
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=n) > 0).astype(int)


@BOTH
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_ctrl_c_in_a_callback_keeps_the_network_so_far(Estimator, settings, Listener):
    X, y = data()
    est = Estimator(**QUICK, **settings).set_callbacks(Listener(3, KeyboardInterrupt))
    with pytest.warns(UserWarning, match="interrupted after 3 epochs"):
        est.fit(X, y)
    assert est.stop_reason_ == "interrupted"
    assert est.n_iter_ == len(est.loss_curve_) == 3
    three = Estimator(**{**QUICK, "max_iter": 3}, **settings).fit(X, y)
    np.testing.assert_allclose(est.predict(X), three.predict(X), rtol=1e-12)


@BOTH
@pytest.mark.parametrize("settings", SETTINGS[2:] + SETTINGS[:1], ids=str)
def test_training_goes_on_after_ctrl_c_as_if_nothing_had_happened(Estimator, settings, Listener):
    X, y = data()
    whole = Estimator(**QUICK, **settings).fit(X, y)
    est = Estimator(**QUICK, **settings, warm_start=True)
    est.set_callbacks(Listener(2, KeyboardInterrupt))
    with pytest.warns(UserWarning, match="interrupted"):
        est.fit(X, y)
    est.set_callbacks().set_params(max_iter=4).fit(X, y)
    np.testing.assert_array_equal(est.coefs_[0], whole.coefs_[0])
    assert est.loss_curve_ == whole.loss_curve_
    assert est.stop_reason_ == "max_iter"


def interrupt_at(monkeypatch, batch):
    """Press Ctrl-C when the batch of this number is about to be read."""
    read, passes = [], Batches.epoch

    def epoch(self, *args):
        for each in passes(self, *args):
            read.append(None)
            if len(read) == batch:
                raise KeyboardInterrupt
            yield each

    monkeypatch.setattr(Batches, "epoch", epoch)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_ctrl_c_within_an_epoch_keeps_a_usable_network(early_stopping, normalization, monkeypatch):
    X, y = data()
    params = {**QUICK, "batch_size": 18, "normalization": normalization}
    interrupt_at(monkeypatch, 11)  # 60 rows in 4 batches, or 54 in 3
    with pytest.warns(UserWarning, match="interrupted after"):
        est = MLPRegularizedClassifier(**params, early_stopping=early_stopping).fit(X, y)
    assert est.stop_reason_ == "interrupted"
    assert est.n_iter_ == len(est.loss_curve_) == (3 if early_stopping else 2)
    assert np.isfinite(est.predict_proba(X)).all()


def test_ctrl_c_in_the_very_first_epoch_keeps_a_usable_network(monkeypatch):
    X, y = data()
    interrupt_at(monkeypatch, 1)
    with pytest.warns(UserWarning, match="interrupted after 0 epochs"):
        est = MLPRegularizedClassifier(**QUICK, normalization="batch").fit(X, y)
    assert est.n_iter_ == 0
    assert est.loss_ is None
    assert np.isfinite(est.predict_proba(X)).all()


def test_ctrl_c_during_a_line_search_keeps_the_last_iterate(monkeypatch):
    X, y = data()
    params = {**QUICK, "solver": "lbfgs", "max_iter": 50, "standardize": False}
    whole = MLPRegularizedClassifier(**params).fit(X, y)
    interrupt_at(monkeypatch, 12)
    with pytest.warns(UserWarning, match="interrupted"):
        est = MLPRegularizedClassifier(**params).fit(X, y)
    assert 2 < est.n_iter_ < 12
    assert est.loss_curve_ == whole.loss_curve_[: est.n_iter_]
    p = est.predict_proba(X)[np.arange(len(X)), y]
    np.testing.assert_allclose(-np.log(p).mean(), est.loss_curve_[-1], rtol=1e-9)


@BOTH
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_verbose_prints_a_line_an_epoch(Estimator, settings, capsys):
    est = Estimator(**QUICK, **settings, verbose=True).fit(*data())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == est.n_iter_ == 6
    for number, (line, loss) in enumerate(zip(lines, est.loss_curve_, strict=True), start=1):
        assert line.startswith(f"epoch {number}, loss {loss:.6g}")
    if "early_stopping" in settings:
        assert f"validation loss {est.validation_loss_curve_[-1]:.6g}" in lines[-1]


def test_verbose_prints_the_score_that_decides(capsys):
    est = MLPRegularizedClassifier(
        **QUICK, early_stopping=True, early_stopping_scoring="accuracy", verbose=1
    ).fit(*data())
    lines = capsys.readouterr().out.splitlines()
    for line, score in zip(lines, est.validation_scores_, strict=True):
        assert line.endswith(f"validation score {score:.6g}")


def test_quiet_prints_nothing(capsys):
    MLPRegularizedClassifier(**QUICK).fit(*data())
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
