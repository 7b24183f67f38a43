"""Networks that train on the workers of another backend come back the same."""

import os
import threading
import warnings
from itertools import pairwise

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib.externals.loky import get_reusable_executor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.together.halt import Halt
from sknnreg.together.trainers import joblib_trainer
from sknnreg.together.trainers.local_trainer import LocalTrainer
from sknnreg.together.trainers.stacks import divide_among_workers, training_seconds

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 4, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip
GRID = {"l2": [0.0, 0.1], "dropout": [0.0, 0.3]}


def data(n=40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def ours(**settings):
    return MLPRegularizedClassifier(**{**QUICK, **settings})


def problem(**settings):
    est = ours(**settings)
    planned = est._plan((*data(), None), max_iter=est.max_iter)
    prepared, plan = planned.prepared, planned.recipe
    return prepared.problem(plan)


def search(est=None, grid=GRID, **settings):
    found = GridSearchCV(est or ours(), grid, cv=3, **settings).fit(*data())
    results = {name: value for name, value in found.cv_results_.items() if "time" not in name}
    return {"results": results, "best": found.best_estimator_}


@pytest.fixture
def sizes(monkeypatch):
    """How many workers have a portion, in each pass, and of how many networks."""
    found, divide = [], joblib_trainer.divide_among_workers

    def counted(*args):
        answer = divide(*args)
        found.append([len(portion) for portion in answer])
        return answer

    monkeypatch.setattr(joblib_trainer, "divide_among_workers", counted)
    return found


@pytest.fixture(scope="module")
def loky():
    """Two workers in processes, which are gone after the last of these tests."""
    yield lambda: fit_together(backend="loky", n_jobs=2)
    get_reusable_executor().shutdown(wait=True)


KINDS = [problem(), problem(hidden_layer_sizes=(50,)), problem(max_iter=40)]


@given(counts=st.lists(st.integers(0, 40), min_size=3, max_size=3), n_workers=st.integers(1, 9),
       order=st.randoms(use_true_random=False))  # fmt: skip
def test_networks_are_divided_among_workers(counts, n_workers, order):
    problems = [kind for kind, n in zip(KINDS, counts, strict=True) for _ in range(n)]
    order.shuffle(problems)
    portions = divide_among_workers(problems, n_workers)
    numbers = [number for portion in portions for number in portion]
    assert sorted(numbers) == list(range(len(problems)))
    assert len(portions) <= n_workers
    assert all(portions)
    # Neighbours of equal shape: what stands side by side in the portions changes shape seldom.
    shapes = [problems[number].shape for number in numbers]
    changes = sum(one != other for one, other in pairwise(shapes))
    assert changes == max(0, len(set(shapes)) - 1)
    lengths = [
        sum(training_seconds(problems[number]) for number in portion) for portion in portions
    ]
    fair = sum(map(training_seconds, problems)) / n_workers
    assert all(length <= fair + max(map(training_seconds, KINDS)) * 1.001 for length in lengths)


@pytest.mark.parametrize(("n", "n_workers"), [(12, 2), (12, 3), (100, 7), (3, 8), (1, 1), (0, 2)])
def test_equal_networks_are_divided_evenly(n, n_workers):
    sizes = [len(portion) for portion in divide_among_workers([KINDS[0]] * n, n_workers)]
    assert len(sizes) == min(n, n_workers)
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


@pytest.mark.parametrize("n_workers", [1, 3])
def test_threads_as_workers(n_workers, same, sizes):
    expected = search()
    with fit_together(backend="threading", n_jobs=n_workers):
        same(search(), expected)
    assert len(sizes[0]) == n_workers
    assert len(sizes) == 1


def test_one_after_the_other_as_workers(same, sizes):
    expected = search()
    with fit_together(backend="sequential"):
        same(search(), expected)
    assert sizes == [[12]]


def test_processes_as_workers(loky, same, sizes):
    """One portion a worker, in nested searches too."""
    plain, nested = search(), cross_val_score(GridSearchCV(ours(), GRID, cv=2), *data(), cv=2)
    with loky():
        same(search(), plain)
        found = cross_val_score(GridSearchCV(ours(), GRID, cv=2), *data(), cv=2)
    same(found, nested)
    assert [(sum(each), len(each)) for each in sizes] == [(12, 2), (16, 2), (2, 2)]


def test_processes_as_workers_take_scorers_along(loky, same, sizes):
    def worker_of(estimator, X, y):
        """Tells by its score which process it runs in."""
        return float(os.getpid())

    est = ours(early_stopping=True, early_stopping_scoring="accuracy")
    expected = search(est)
    with loky():
        same(search(est), expected)
        est = ours(early_stopping=True, early_stopping_scoring=worker_of)
        networks = cross_validate(est, *data(), cv=4, return_estimator=True)["estimator"]
    pids = {score for each in networks for score in each.validation_scores_}
    # A busy machine may start one so late that the other has taken both portions.
    assert sizes[-1] == [2, 2], "a worker for each of two portions"
    assert os.getpid() not in pids


class Listener:
    """Notes in which process it is called, and how often at the end of an epoch."""

    def __init__(self):
        self.pids, self.epochs = set(), 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.pids.add(os.getpid())
        self.epochs += context.task_name == "epoch"


def test_networks_with_callbacks_stay_here(loky, same, sizes):
    listener = Listener()
    est = ours().set_callbacks(listener)
    with loky():
        networks = cross_validate(est, *data(), cv=4, return_estimator=True)["estimator"]
    assert listener.pids == {os.getpid()}
    assert listener.epochs == 4 * 4
    same(networks, cross_validate(ours(), *data(), cv=4, return_estimator=True)["estimator"])
    assert sum(map(sum, sizes)) == 0


def test_some_here_and_some_away(same, sizes):
    listener = Listener()
    heard, unheard = ours().set_callbacks(listener), ours(l2=0.1)

    def fit(number):
        return (heard if number % 2 else unheard).fit(*data()).coefs_

    expected = [fit(number) for number in range(6)]
    listener.epochs = 0
    with fit_together(backend="threading", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(fit)(number) for number in range(6))
    same(found, expected)
    assert listener.epochs == 3 * 4
    assert sum(map(sum, sizes)) == 3


@pytest.mark.parametrize(
    "backend",
    ["loky", *(pytest.param(b, marks=pytest.mark.slow) for b in ("threading", "sequential"))],
)
def test_a_halt_ends_workers_wherever_they_are(backend, guarded):
    halt, trainer = Halt(), joblib_trainer.JoblibTrainer(backend, 2, {})
    endless = [problem(max_iter=10**9, random_state=seed) for seed in range(4)]
    threading.Timer(0.5, halt.set).start()
    outcomes = guarded(lambda: trainer.train(endless, halt))
    assert len(outcomes) == 4
    if backend == "loky":
        get_reusable_executor().shutdown(wait=True)


def test_workers_that_do_not_end_are_not_waited_for_for_ever(monkeypatch, guarded):
    monkeypatch.setattr(joblib_trainer, "END_SECONDS", 0.1)
    never, halt = threading.Event(), Halt()
    monkeypatch.setattr(joblib_trainer, "train_portion", lambda problems, halt: never.wait(60))
    trainer = joblib_trainer.JoblibTrainer("sequential", 1, {})
    threading.Timer(0.2, halt.set).start()
    assert guarded(lambda: trainer.train([problem()], halt))[0].result is None
    never.set()


def fail(problems, halt):
    raise ArithmeticError("a worker is out of order")


def test_a_worker_that_fails_gives_each_fit_an_error_of_its_own(monkeypatch):
    monkeypatch.setattr(joblib_trainer, "train_portion", fail)
    errors = []

    def task(seed):
        try:
            ours(random_state=seed).fit(*data())
        except RuntimeError as error:
            errors.append(error)

    with fit_together(backend="threading", n_jobs=2):
        joblib.Parallel()(joblib.delayed(task)(seed) for seed in range(5))
    assert len({id(error) for error in errors}) == 5
    for error in errors:
        assert str(error) == ("training together failed: ArithmeticError: a worker is out of order")
        assert isinstance(error.__cause__, ArithmeticError)


def test_what_no_worker_can_train_fails_and_what_fits_by_itself_does_not(monkeypatch):
    monkeypatch.setattr(joblib_trainer, "train_portion", fail)
    grid = [{"est": [ours()], "est__l2": [0.0, 0.1]}, {"est": [LogisticRegression()]}]
    pipeline = Pipeline([("est", ours())])
    with warnings.catch_warnings(record=True) as recorded:
        warnings.simplefilter("always")
        with fit_together(backend="threading", n_jobs=2):
            found = GridSearchCV(pipeline, grid, cv=2, refit=False).fit(*data()).cv_results_
    failures = [w.message for w in recorded if w.category is FitFailedWarning]
    assert "4 fits failed out of a total of 6" in str(failures[0])
    assert "a worker is out of order" in str(failures[0])
    expected = cross_val_score(LogisticRegression(), *data(), cv=2).mean()
    np.testing.assert_array_equal(found["mean_test_score"], [np.nan, np.nan, expected])


def test_one_fit_that_diverges_fails_alone(loky):
    grid = {"learning_rate_init": [0.05, 1e300]}
    est = ours(solver="sgd")
    with loky(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = GridSearchCV(est, grid, cv=3, refit=False).fit(*data()).cv_results_
    alone = cross_val_score(est, *data(), cv=3)
    np.testing.assert_array_equal(found["mean_test_score"], [alone.mean(), np.nan])


def test_a_worker_uses_one_core():
    problems = [problem(l2=0.1 * number) for number in range(3)]
    outcomes = joblib_trainer.train_portion(problems, Halt())
    expected = LocalTrainer(1).train(problems, Halt())
    for outcome, other in zip(outcomes, expected, strict=True):
        np.testing.assert_array_equal(outcome.unwrap().values, other.unwrap().values)


def test_workers_of_dask(same, sizes):
    distributed = pytest.importorskip("distributed")
    expected = search()
    with warnings.catch_warnings():
        # Warnings of its own about sockets and ports are no concern of ours.
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        )
        with cluster, distributed.Client(cluster), fit_together(backend="dask"):
            found = search()
    same(found, expected)
    assert [(sum(each), len(each)) for each in sizes] == [(12, 2)]
