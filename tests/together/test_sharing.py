"""Tasks that run in another process: nothing of a search tells it, but the time it takes."""

import os
import random
import signal
import sys
import threading
import time
import warnings
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import ProgressBar
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.model_selection import GridSearchCV, ParameterGrid, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.together import parallel_call
from sknnreg.together.meeting import pilot
from sknnreg.together.trainers.local_trainer import LocalTrainer

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_iter_no_change": None, "random_state": 0}
BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
# A helper process imports this module, too.
ELSEWHERE = sys.argv[0].endswith("service.py")


def data(n=40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5))
    return X, (X[:, 0] > 0).astype(int)


def select(k=3):
    return SelectKBest(partial(mutual_info_classif, random_state=0), k=k)


def untimed(results):
    return {name: value for name, value in results.items() if "time" not in name}


def validated(estimator, cv=12, **settings):
    X, y = data()
    settings = {"cv": cv, "scoring": "neg_mean_squared_error", "return_estimator": True, **settings}
    return untimed(cross_validate(estimator, X, y, **settings))


@pytest.fixture
def sharing(monkeypatch):
    """Every search hands tasks over; the numbers of tasks that were, and whether it worked."""
    told = SimpleNamespace(sent=[], ran=[])
    run = LocalTrainer.run_elsewhere

    def counted(self, items, *rest):
        told.sent.append(len(items))
        outcome = run(self, items, *rest)
        told.ran.append(len(items))
        return outcome

    monkeypatch.setattr(LocalTrainer, "run_elsewhere", counted)
    monkeypatch.setattr(LocalTrainer, "pays_elsewhere", lambda *_: True)
    monkeypatch.setattr(pilot.Pilot, "seconds_alone", lambda _: 1.0)
    return told


class Speaker(TransformerMixin, BaseEstimator):
    """A transformer that says where it is, as many do of their progress, and of what is odd."""

    def fit(self, X, y=None):
        print("elsewhere" if ELSEWHERE else "here")
        warnings.warn("odd data", UserWarning, stacklevel=2)
        return self

    def transform(self, X):
        return X


class Picky(TransformerMixin, BaseEstimator):
    """Refuses some folds: those without the row whose first value is ``wanted``."""

    def __init__(self, wanted=0.0):
        self.wanted = wanted

    def fit(self, X, y=None):
        if self.wanted not in X[:, 0]:
            raise ValueError(f"{self.wanted} is missing")
        return self

    def transform(self, X):
        return X


class Slow(TransformerMixin, BaseEstimator):
    """Takes its time in any process but the first one."""

    def fit(self, X, y=None):
        if ELSEWHERE:
            time.sleep(60)
        return self

    def transform(self, X):
        return X


@BOTH
def test_results_are_those_of_one_fit_after_the_other(Estimator, sharing, same):
    pipeline = make_pipeline(StandardScaler(), select(), Estimator(**QUICK))
    expected = validated(pipeline)
    with fit_together(n_jobs=2):
        same(validated(pipeline), expected)
    assert sharing.ran
    assert sum(sharing.ran) <= 10


def test_every_task_runs_once_and_in_its_place(sharing, same):
    X, y = data()
    pipeline = make_pipeline(select(), MLPRegularizedClassifier(**QUICK))
    grid = {"selectkbest__k": [1, 2, 3, 4], "mlpregularizedclassifier__l2": [0.0, 0.1, 1.0]}
    expected = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    with fit_together(n_jobs=3):
        found = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    same(untimed(found.cv_results_), untimed(expected.cv_results_))
    assert found.best_params_ == expected.best_params_
    assert 0 < sum(sharing.ran) < 3 * len(ParameterGrid(grid))
    assert (found.cv_results_["mean_fit_time"] > 0).all()


def test_inner_searches_share_as_well(sharing, same):
    pipeline = make_pipeline(select(), MLPRegularizedClassifier(**QUICK))
    search = GridSearchCV(pipeline, {"mlpregularizedclassifier__l2": [0.0, 0.1, 1.0]}, cv=3)
    expected = validated(search, cv=3, return_estimator=False)
    with fit_together(n_jobs=2):
        same(validated(search, cv=3, return_estimator=False), expected)
    assert sharing.ran


def test_one_core_keeps_all_tasks(sharing):
    with fit_together(n_jobs=1):
        validated(make_pipeline(select(), MLPRegularizedClassifier(**QUICK)))
    assert not sharing.sent


def test_what_cannot_be_sent_stays_and_is_tried_once(sharing, same):
    pipeline = make_pipeline(select(), MLPRegularizedClassifier(**QUICK))

    def score(estimator, X, y):
        return estimator.score(X, y)

    expected = validated(pipeline, scoring=score)
    with fit_together(n_jobs=2):
        same(validated(pipeline, scoring=score), expected)
    assert len(sharing.sent) == 1
    assert not sharing.ran


def test_prints_and_warnings_come_here(sharing, capfd):
    pipeline = make_pipeline(Speaker(), MLPRegularizedClassifier(**QUICK))
    with fit_together(n_jobs=2), pytest.warns(UserWarning, match="odd data") as caught:
        validated(pipeline)
    said = capfd.readouterr().out.split()
    assert len(said) == 12
    assert said.count("elsewhere") == sum(sharing.ran) > 0
    # As many of them as of those here: a place warns once in each process, or each time.
    assert len({each.filename for each in caught}) == 1


def test_a_filter_of_errors_holds_there_too(sharing):
    pipeline = make_pipeline(Speaker(), MLPRegularizedClassifier(**QUICK))
    with fit_together(n_jobs=2), warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with pytest.raises(UserWarning, match="odd data"):
            validated(pipeline, error_score="raise")


def test_an_error_there_is_raised_here(sharing):
    """The last row is missing in the last fold alone, which is the first to be handed over."""
    X, _ = data()
    pipeline = make_pipeline(Picky(X[-1, 0]), MLPRegularizedClassifier(**QUICK))
    with fit_together(n_jobs=2), pytest.raises(ValueError, match="is missing"):
        validated(pipeline, error_score="raise")
    assert sharing.ran


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_an_error_that_counts_as_a_score_does_there_too(sharing, same):
    X, _ = data()
    pipeline = make_pipeline(Picky(X[-1, 0]), MLPRegularizedClassifier(**QUICK))
    settings = {"error_score": np.nan, "return_estimator": False}
    expected = validated(pipeline, **settings)
    with fit_together(n_jobs=2):
        same(validated(pipeline, **settings), expected)
    assert np.isnan(expected["test_score"]).sum() == 1


def test_tasks_of_a_process_that_is_killed_run_here(sharing, monkeypatch, same):
    """Out of memory, say."""
    pipeline = make_pipeline(Slow(), MLPRegularizedClassifier(**QUICK))
    expected = validated(pipeline)
    taken, killed = LocalTrainer.run_elsewhere, []

    def killing(self, items, max_memory, halt):
        def kill():
            halt_actions = halt._actions
            while not halt_actions:
                time.sleep(0.01)
            time.sleep(0.3)
            process = halt_actions[0].__self__._process
            os.kill(process.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
            killed.append(process.pid)

        threading.Thread(target=kill, daemon=True).start()
        return taken(self, items, max_memory, halt)

    monkeypatch.setattr(LocalTrainer, "run_elsewhere", killing)
    with fit_together(n_jobs=2):
        same(validated(pipeline), expected)
    assert killed
    assert not sharing.ran


def test_what_runs_elsewhere_ends_with_the_search(sharing):
    """An error here: nobody waits for the minute that the others would take."""
    X, _ = data()
    pipeline = make_pipeline(Picky(X[20, 0]), Slow(), MLPRegularizedClassifier(**QUICK))
    with fit_together(n_jobs=2), pytest.raises(ValueError, match="is missing"):
        validated(pipeline, error_score="raise")
    assert sharing.sent
    assert not sharing.ran


def test_where_callbacks_listen_tasks_stay(sharing):
    network = MLPRegularizedClassifier(**QUICK)
    search = GridSearchCV(network, {"l2": [0.0, 0.1, 1.0]}, cv=3)
    X, y = data()
    search.set_callbacks(ProgressBar())
    with fit_together(n_jobs=2):
        search.fit(X, y)
    assert not sharing.sent
    pipeline = make_pipeline(select(), network.set_callbacks(ProgressBar()))
    assert parallel_call._tells_callbacks([(print, (pipeline,), {})])
    assert not parallel_call._tells_callbacks([(print, (make_pipeline(select()), X, y), {})])


@pytest.fixture
def clocks(monkeypatch):
    """Seconds by the clocks of the thread, of the process, and on the wall."""
    now = {"thread_time": 0.0, "process_time": 0.0, "perf_counter": 0.0}
    monkeypatch.setattr(
        pilot, "time", SimpleNamespace(**{name: lambda n=name: now[n] for name in now})
    )
    return now


def test_who_draws_from_common_generators_stays(clocks):
    for draw in (np.random.random, random.random):
        flight = pilot.Pilot()
        for name in clocks:
            clocks[name] += 1.0
        assert flight.seconds_alone() == 1.0
        draw()
        assert flight.seconds_alone() == 0.0


@pytest.mark.parametrize(
    ("own", "all_threads", "wall", "alone"),
    [
        (1.0, 1.0, 1.0, True),
        (1.0, 1.05, 1.0, True),
        # Two threads of the BLAS; the same while another process has one of two cores.
        (1.0, 2.0, 1.0, False),
        (1.0, 1.5, 1.6, False),
        # Another process takes turns on the core; processes of its own do all the work.
        (1.0, 1.0, 1.8, True),
        (0.1, 0.1, 1.0, False),
    ],
)
def test_who_has_other_cores_at_work_stays(own, all_threads, wall, alone, clocks):
    flight = pilot.Pilot()
    clocks.update(thread_time=own, process_time=all_threads, perf_counter=wall)
    assert flight.seconds_alone() == (own if alone else 0.0)


@pytest.mark.slow
def test_a_long_search_shares_by_itself(monkeypatch, same):
    """Whether it pays is seen from the second task: here two seconds, of a second."""
    monkeypatch.undo()
    seen = []
    pays = LocalTrainer.pays_elsewhere
    monkeypatch.setattr(
        LocalTrainer, "pays_elsewhere", lambda *given: seen.append(pays(*given)) or seen[-1]
    )
    steps = PCA(2, random_state=0), MLPRegularizedClassifier(**QUICK)
    expected = validated(make_pipeline(*steps), return_estimator=False)
    with fit_together(n_jobs=2):
        found = validated(make_pipeline(Busy(), *steps), return_estimator=False)
    same(found, expected)
    assert any(seen)


class Busy(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        began = time.thread_time()
        while time.thread_time() - began < 0.25:
            pass
        return self

    def transform(self, X):
        return X
