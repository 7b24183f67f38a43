"""Ctrl-C ends a search at once, whatever its tasks are doing, and leaves nothing behind."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

import sknnreg
from sknnreg import MLPRegularizedClassifier, fit_together

ROOT = Path(sknnreg.__file__).parents[1]
# Presses Ctrl-C once each search trains, and reports what was left of it after how long.
PROGRAM = """
import json, os, signal, threading, time, warnings
import numpy as np
from sklearn.model_selection import GridSearchCV, cross_validate
from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.together.trainers.local_trainer import LocalTrainer
from sknnreg.together.trainers.process_pool import POOL

warnings.simplefilter("error")
begun, pressed = threading.Event(), []
train = LocalTrainer.train

def train_and_tell(self, *rest):
    begun.set()
    return train(self, *rest)

def press():
    begun.wait()
    time.sleep(0.3)
    pressed.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

LocalTrainer.train = train_and_tell
X = np.random.default_rng(0).normal(size=(60, 3))
y = np.arange(60) % 2
endless = dict(hidden_layer_sizes=(4,), max_iter=10**8, n_iter_no_change=None, random_state=0,
               batch_size=20)
GRID = {"hidden_layer_sizes": [(3,), (4,), (5,)], "random_state": [0, 1, 2, 3]}
quick = MLPRegularizedClassifier((4,), max_iter=2, n_iter_no_change=None, random_state=0)

def grid(est):
    GridSearchCV(est, GRID, cv=3).fit(X, y)

def nested(est):
    cross_validate(GridSearchCV(est, GRID, cv=2), X, y, cv=3)

def folds(est):
    cross_validate(est, X, y)

def interrupted(search, settings, together):
    report = {}
    est = MLPRegularizedClassifier(**{**endless, **settings})
    filters = list(warnings.filters)
    begun.clear()
    presser = threading.Thread(target=press)
    presser.start()
    try:
        with fit_together(**together):
            globals()[search](est)
    except KeyboardInterrupt:
        report["took"] = time.monotonic() - pressed.pop()
    presser.join()
    latest = time.monotonic() + 30  # they end by themselves, and are not waited for for long
    while len(threading.enumerate()) > 1 and time.monotonic() < latest:
        time.sleep(0.01)
    report["threads"] = sorted(thread.name for thread in threading.enumerate())
    report["filters"] = list(warnings.filters) == filters
    with POOL._lock:
        report["dead"] = sum(not process.alive for process in POOL._idle)
    report["again"] = list(cross_validate(quick, X, y, cv=3)["test_score"])
    return report

for name, each in SEARCHES.items():
    print(json.dumps([name, interrupted(*each)]), flush=True)
"""
SEARCHES = {
    "one core": ("grid", {}, {"n_jobs": 1}),
    "nested, with a process": ("nested", {}, {"n_jobs": 2}),
    "lbfgs": ("grid", {"solver": "lbfgs", "tol": 0.0, "max_fun": 10**9}, {"n_jobs": 2}),
    "a scorer": (
        "grid",
        {"early_stopping": True, "early_stopping_scoring": "accuracy"},
        {"n_jobs": 2},
    ),
    "a large network": ("folds", {"hidden_layer_sizes": (500, 500)}, {"n_jobs": 2}),
}
posix = pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process")


def reports_of(program):
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert not answer.stderr
    return dict(map(json.loads, answer.stdout.splitlines()))


@posix
@pytest.mark.parametrize(
    "names",
    [
        ["nested, with a process", "a scorer"],
        pytest.param(["one core", "lbfgs", "a large network"], marks=pytest.mark.slow),
    ],
    ids="; ".join,
)
def test_ctrl_c_ends_a_search(names):
    """One after the other in a process, so that each is also the next one after an interrupt."""
    reports = reports_of(
        PROGRAM.replace("SEARCHES", repr({each: SEARCHES[each] for each in names}))
    )
    assert list(reports) == names
    for name, report in reports.items():
        assert report["took"] < 20.0, f"{name}: a search that does not end by itself"
        assert report["threads"] == ["MainThread"], name
        assert report["filters"], name
        assert report["dead"] == 0, name
        assert len(report["again"]) == 3, name


QUICK = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_iter_no_change": None, "random_state": 0}


def data():
    X = np.random.default_rng(0).normal(size=(40, 3))
    return X, (X[:, 0] > 0).astype(int)


def interrupted_scorer(estimator, X, y):
    raise KeyboardInterrupt


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_ends_a_search_when_a_task_raises_it(error, together, threads_left):
    def task(number):
        if number == 3:
            raise error
        MLPRegularizedClassifier(**QUICK).fit(*data())

    with together(), pytest.raises(error):
        joblib.Parallel()(joblib.delayed(task)(number) for number in range(6))
    assert not threads_left()


def test_a_scorer_of_the_search_that_is_interrupted_ends_it(together, threads_left):
    with together(), pytest.raises(KeyboardInterrupt):
        cross_val_score(MLPRegularizedClassifier(**QUICK), *data(), scoring=interrupted_scorer)
    assert not threads_left()


def test_the_next_search_is_as_good_as_any(together, same, passes):
    est = MLPRegularizedClassifier(**QUICK)
    expected = cross_val_score(est, *data(), cv=4)
    with fit_together(n_jobs=1):
        with pytest.raises(KeyboardInterrupt):
            cross_val_score(est, *data(), cv=4, scoring=interrupted_scorer)
        passes.clear()
        same(cross_val_score(est, *data(), cv=4), expected)
    assert passes == [4]


class Quits:
    """A callback that raises what no ``except Exception`` stops, in one network of many."""

    def __init__(self, seed, error):
        self.seed, self.error = seed, error

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch" and estimator.random_state == self.seed:
            raise self.error


@pytest.mark.parametrize("quitter", [0, 5])
def test_a_callback_that_exits_ends_the_search_as_it_would_without(quitter, together, guarded):
    def task(seed):
        est = MLPRegularizedClassifier(**QUICK).set_params(random_state=seed)
        est.set_callbacks(Quits(quitter, SystemExit(3))).fit(*data())

    def run():
        with together():
            joblib.Parallel()(joblib.delayed(task)(seed) for seed in range(6))

    with pytest.raises(SystemExit, match="3"):
        guarded(run)


def test_the_main_thread_never_waits_for_long_at_a_stretch(monkeypatch, together):
    """A signal that comes just before a wait is seen when that is over."""
    waits, wait = [], threading.Event.wait

    def noted(self, timeout=None):
        if threading.current_thread() is threading.main_thread():
            waits.append(float("inf") if timeout is None else timeout)
        return wait(self, timeout)

    def task(seed):
        time.sleep(0.3)
        return MLPRegularizedClassifier(**QUICK).set_params(random_state=seed).fit(*data())

    with together():
        monkeypatch.setattr(threading.Event, "wait", noted)
        found = joblib.Parallel()(joblib.delayed(task)(seed) for seed in range(2))
        monkeypatch.undo()
    assert len(found) == 2
    # Threads that are started say so by an event that is set at once.
    assert 0 < max(each for each in waits if each < float("inf")) <= 0.3
    assert len([each for each in waits if each < float("inf")]) > 2
