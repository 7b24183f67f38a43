"""scikit-learn's callbacks: told of every epoch, able to stop, paid for only when asked."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.estimators.fitted import attributes

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 6, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.01}  # fmt: skip
SETTINGS = {
    "adam": {},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True},
    "lbfgs, early stopping": {"solver": "lbfgs", "early_stopping": True},
    "batch norm": {"normalization": "batch"},
}
EVERY = pytest.mark.parametrize("name", SETTINGS)
# Named, as scikit-learn 1.9.1's ScoringMonitor(scoring=None) cannot read its own score.
SCORE = {MLPRegularizedClassifier: "accuracy", MLPRegularizedRegressor: "r2"}


def data(n=60):
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=n) > 0).astype(int)


class Bar(ProgressBar):
    """A progress bar that also remembers what it was shown."""

    def __init__(self, **params):
        super().__init__(**params)
        self.begun, self.ended = [], []

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.estimator_name, context.task_name, context.max_subtasks))
        super().on_fit_task_begin(estimator, context)

    def on_fit_task_end(self, estimator, context):
        self.ended.append((context.estimator_name, context.task_name))
        super().on_fit_task_end(estimator, context)


def epochs_shown(bar, Estimator):
    return bar.ended.count((Estimator.__name__, "epoch"))


@BOTH
@EVERY
def test_events_come_in_order(Estimator, name, Listener):
    listener = Listener()
    est = Estimator(**QUICK, **SETTINGS[name]).set_callbacks(listener).fit(*data())
    epochs = ["begin epoch", "end epoch"] * est.n_iter_
    assert est.n_iter_ == 6
    assert listener.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]


@BOTH
@EVERY
def test_the_progress_bar_shows_epochs(Estimator, name, capsys):
    bar = Bar()
    Estimator(**QUICK, **SETTINGS[name]).set_callbacks(bar).fit(*data())
    assert bar.begun[0] == (Estimator.__name__, "fit", 6)
    assert epochs_shown(bar, Estimator) == 6
    assert "100%" in capsys.readouterr().out


@BOTH
def test_the_progress_bar_ends_full_when_training_stops_early(Estimator, capsys):
    bar = Bar()
    params = {**QUICK, "max_iter": 50, "n_iter_no_change": 2, "tol": 1e9}
    Estimator(**params).set_callbacks(bar).fit(*data())
    assert epochs_shown(bar, Estimator) == 3
    assert "100%" in capsys.readouterr().out


@BOTH
def test_the_progress_bar_runs_in_a_grid_search(Estimator):
    bar = Bar()
    search = GridSearchCV(Estimator(**QUICK), {"l2": [0.0, 0.1]}, cv=2).set_callbacks(bar)
    search.fit(*data())
    assert epochs_shown(bar, Estimator) == 6 * (2 * 2 + 1)


@BOTH
@pytest.mark.parametrize("depth", [0, 1, 2, None])
def test_the_progress_bar_reaches_as_deep_as_asked(Estimator, depth):
    bar = Bar(max_propagation_depth=depth)
    pipeline = make_pipeline(StandardScaler(), Estimator(**QUICK))
    grid = {f"{Estimator.__name__.lower()}__l2": [0.0, 0.1]}
    GridSearchCV(pipeline, grid, cv=2).set_callbacks(bar).fit(*data())
    assert epochs_shown(bar, Estimator) == (0 if depth in (0, 1) else 6 * 5)


@BOTH
def test_the_progress_bar_runs_in_a_pipeline(Estimator):
    bar = Bar()
    make_pipeline(StandardScaler(), Estimator(**QUICK)).set_callbacks(bar).fit(*data())
    assert epochs_shown(bar, Estimator) == 6


@BOTH
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["adam", "batch norm"])
def test_the_scoring_monitor_logs_the_score_after_each_epoch(Estimator, weighted, name):
    X, y = data()
    weight = np.arange(len(X)) % 3 if weighted else None
    monitor = ScoringMonitor(scoring=SCORE[Estimator])
    est = Estimator(**{**QUICK, "learning_rate_init": 0.1}, **SETTINGS[name])
    clone(est).set_callbacks(monitor).fit(X, y, sample_weight=weight)
    log = monitor.get_logs().data_as_pandas
    scores = log[log["task_name"] == "epoch"].sort_values("task_id")[SCORE[Estimator]]
    expected = [
        clone(est)
        .set_params(max_iter=n)
        .fit(X, y, sample_weight=weight)
        .score(X, y, sample_weight=weight)
        for n in range(1, 7)
    ]
    assert len(set(expected)) > 2, "otherwise nothing is shown"
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    at_the_end = log[log["task_name"] == "fit"][SCORE[Estimator]]
    np.testing.assert_allclose(at_the_end, expected[-1], rtol=1e-12)


def test_the_scoring_monitor_logs_every_iteration_of_lbfgs():
    X, y = data()
    monitor = ScoringMonitor(scoring="neg_log_loss")
    est = MLPRegularizedClassifier(**QUICK, solver="lbfgs").set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data_as_pandas
    scores = log[log["task_name"] == "epoch"].sort_values("task_id")["neg_log_loss"]
    np.testing.assert_allclose(-scores, est.loss_curve_, rtol=1e-9)


def test_the_scoring_monitor_knows_feature_names_and_stays_silent():
    X, y = data()
    monitor = ScoringMonitor(scoring="accuracy")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    MLPRegularizedClassifier(**QUICK).set_callbacks(monitor).fit(frame, y)
    assert len(monitor.get_logs().data) == 7


def test_at_the_end_of_fit_the_monitor_sees_the_best_weights_of_early_stopping():
    X, y = data()
    monitor = ScoringMonitor(scoring="neg_log_loss")
    params = {**QUICK, "learning_rate_init": 0.5, "max_iter": 30}
    est = MLPRegularizedClassifier(**params, early_stopping=True).set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data_as_pandas
    by_task = log.set_index(["task_name", "task_id"])["neg_log_loss"]
    assert est.best_iteration_ < 30
    np.testing.assert_allclose(
        by_task[("fit", 0)], by_task[("epoch", est.best_iteration_ - 1)], rtol=1e-12
    )


@BOTH
@EVERY
@pytest.mark.parametrize("after", [1, 3])
def test_a_callback_that_returns_true_stops_right_there(Estimator, name, after, Listener):
    est = Estimator(**QUICK, **SETTINGS[name]).set_callbacks(Listener(after=after))
    est.fit(*data())
    assert est.n_iter_ == len(est.loss_curve_) == after
    assert est.stop_reason_ == "callback"
    short = Estimator(**{**QUICK, "max_iter": after}, **SETTINGS[name]).fit(*data())
    np.testing.assert_allclose(est.coefs_[0], short.coefs_[0], rtol=1e-12)


@BOTH
@EVERY
def test_networks_are_only_reconstructed_when_a_callback_asks(
    Estimator, name, Listener, monkeypatch
):
    calls = []

    def counted(*args):
        calls.append(None)
        return fold(*args)

    fold = attributes.fold
    monkeypatch.setattr(attributes, "fold", counted)
    est = Estimator(**QUICK, **SETTINGS[name]).set_callbacks(Listener()).fit(*data())
    assert len(calls) == 1, "the fitted attributes alone"
    calls.clear()
    est.set_callbacks(ScoringMonitor(scoring=SCORE[Estimator])).fit(*data())
    assert len(calls) == 1 + 6 + 1, "and one an epoch, and one for the whole fit"


@BOTH
@EVERY
def test_what_a_callback_raises_reaches_the_caller(Estimator, name, Listener):
    listener = Listener(after=3, raises=RuntimeError("enough"))
    est = Estimator(**QUICK, **SETTINGS[name]).set_callbacks(listener)
    with pytest.raises(RuntimeError, match="enough"):
        est.fit(*data())
    assert listener.events.count("end epoch") == 3
    assert listener.events[-1] == "teardown"
    with pytest.raises(NotFittedError):
        est.predict(data()[0])


def test_a_raising_callback_leaves_an_earlier_network_whole(Listener):
    X, y = data()
    est = MLPRegularizedClassifier(**QUICK, warm_start=True).fit(X, y)
    before = est.predict_proba(X)
    with pytest.raises(RuntimeError, match="enough"):
        est.set_callbacks(Listener(after=3, raises=RuntimeError("enough"))).fit(X, y)
    np.testing.assert_array_equal(est.predict_proba(X), before)
    whole = MLPRegularizedClassifier(**{**QUICK, "max_iter": 12}).fit(X, y)
    est.set_callbacks().fit(X, y)
    np.testing.assert_array_equal(est.predict_proba(X), whole.predict_proba(X))


@BOTH
def test_callbacks_are_torn_down_after_bad_data_and_divergence(Estimator, Listener):
    X, y = data()
    listener = Listener()
    params = {**QUICK, "learning_rate_init": 1e300, "solver": "sgd"}
    with pytest.raises(ValueError, match="diverged"):
        Estimator(**params).set_callbacks(listener).fit(X, y)
    assert listener.events[-1] == "teardown"
    est = Estimator(**QUICK).set_callbacks(listener)
    with pytest.raises(ValueError, match="NaN"):
        est.fit(np.full_like(X, np.nan), y)
    assert listener.events.count("setup") == listener.events.count("teardown")


@BOTH
def test_clone_keeps_callbacks_and_fit_leaves_no_context_behind(Estimator, Listener):
    listener = Listener()
    est = Estimator(**QUICK).set_callbacks(listener)
    copied = clone(est)
    assert copied.get_params() == est.get_params()
    copied.fit(*data())
    assert listener.events.count("end epoch") == 6
    assert not [name for name in vars(copied) if "ctx" in name or "teardown" in name]
    copied.set_callbacks().fit(*data())
    assert listener.events.count("end epoch") == 6


@BOTH
def test_listening_changes_no_bit(Estimator, Listener):
    plain = Estimator(**QUICK, dropout=0.3, early_stopping=True).fit(*data())
    heard = (
        clone(plain)
        .set_callbacks(Listener(), ScoringMonitor(scoring=SCORE[Estimator]))
        .fit(*data())
    )
    for a, b in zip(plain.coefs_, heard.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
