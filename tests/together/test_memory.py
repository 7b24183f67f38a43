"""How much may wait at a time: bytes, threads; and what happens where the system has no more."""

import gc
import threading

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.estimators.base import training_plan
from sknnreg.together import parallel_call
from sknnreg.together.meeting import waiting_fits
from sknnreg.together.memory import data_bytes, footprint

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 2, "n_iter_no_change": None,
         "learning_rate_init": 0.05}  # fmt: skip


def data(n=24, n_features=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_features))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def ours(seed=0, **settings):
    return MLPRegularizedClassifier(**{**QUICK, "random_state": seed, **settings})


def problem(X=None, y=None, **settings):
    given = data() if X is None else (X, y)
    planned = training_plan(ours(**settings), *given)
    prepared, plan = planned.prepared, planned.recipe
    return prepared.problem(plan)


def fit(seed, hold=None):
    return ours(seed).fit(*data()).loss_


def fits(n):
    return joblib.Parallel()(joblib.delayed(fit)(seed) for seed in range(n))


def alone(n):
    return [fit(seed) for seed in range(n)]


@pytest.mark.parametrize("per_wave", [1, 3, 4, 100])
def test_a_search_needs_several_waves_where_there_is_little_memory(per_wave, passes):
    size = footprint(problem())
    with fit_together(max_memory=(per_wave - 0.5) * size, n_jobs=1):
        assert fits(10) == alone(10)
    full, rest = divmod(10, per_wave)
    assert passes == [per_wave] * full + [rest] * (rest > 0)


def test_a_network_that_is_too_large_for_the_memory_is_trained_all_the_same(passes):
    with fit_together(max_memory=1):
        assert fits(3) == alone(3)
    assert passes == [1, 1, 1]


def test_memory_is_free_again_after_an_error(passes):
    size = footprint(problem())
    with fit_together(max_memory=3.5 * size, n_jobs=1):
        with pytest.raises(ValueError, match="diverged"):
            cross_val_score(
                ours(solver="sgd", learning_rate_init=1e300), *data(), error_score="raise"
            )
        passes.clear()
        assert fits(8) == alone(8)
    assert passes == [4, 4]


def test_little_memory_is_enough_for_nested_searches(passes, guarded):
    search = GridSearchCV(ours(), {"l2": [0.0, 0.1]}, cv=2)
    expected = cross_val_score(search, *data(), cv=3)

    def run():
        with fit_together(max_memory=2 * footprint(problem()), n_jobs=1):
            return cross_val_score(search, *data(), cv=3)

    np.testing.assert_array_equal(guarded(run), expected)
    assert sum(passes) == 3 * 4 + 3
    assert len(passes) > 2


@pytest.mark.parametrize("limit", [2, 7])
def test_no_more_tasks_wait_than_there_may_be_threads(limit, monkeypatch, passes, most_threads):
    for room in (parallel_call, waiting_fits):
        monkeypatch.setattr(room, "MAX_WAITING", limit)
    if limit == 2:  # a backend for a single job would not be asked at all
        monkeypatch.setattr(parallel_call, "MAX_WAITING", 8)
    with fit_together(n_jobs=1):
        assert fits(20) == alone(20)
    assert max(passes) <= limit
    assert sum(passes) == 20
    # One more has its turn, or is about to be gone.
    assert most_threads[0] <= limit + 2


@pytest.mark.slow
def test_a_thousand_fits_and_more(passes, most_threads, threads_left):
    est = ours(hidden_layer_sizes=(2,), max_iter=1)
    with fit_together(n_jobs=1):
        search = GridSearchCV(est, {"l2": np.linspace(0, 1, 510)}, cv=2, refit=False)
        search.fit(*data())
    assert sum(passes) == 1020
    assert max(passes) == waiting_fits.MAX_WAITING == 500
    assert 3 <= len(passes) <= 6
    assert most_threads[0] <= 505
    assert not threads_left()
    some = GridSearchCV(est, {"l2": np.linspace(0, 1, 510)[-3:]}, cv=2, refit=False).fit(*data())
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"][-3:], some.cv_results_["mean_test_score"]
    )


@pytest.fixture
def thread_limit(monkeypatch):
    """The system gives no more than so many threads at a time."""
    start = threading.Thread.start

    def set_limit(limit):
        others = threading.active_count()

        def limited(self):
            if threading.active_count() - others >= limit:
                raise RuntimeError("can't start new thread")
            start(self)

        monkeypatch.setattr(threading.Thread, "start", limited)

    yield set_limit
    gc.collect()  # processes that were not given back are noticed here


def with_few_threads(function, set_limit, limit):
    """In the thread that does it: the one that guards it has been started by then."""

    def run():
        set_limit(limit)
        return function()

    return run


@pytest.mark.parametrize("limit", [5, 50])
def test_as_many_threads_as_the_system_has_must_do(limit, thread_limit, guarded, passes):
    def run():
        with fit_together(n_jobs=1):
            return fits(12)

    assert guarded(with_few_threads(run, thread_limit, limit)) == alone(12)
    assert max(passes) <= limit


@pytest.mark.parametrize("limit", [5, pytest.param(6, marks=pytest.mark.slow)])
def test_where_threads_have_run_out_for_tasks_the_cores_do_without_too(
    limit, thread_limit, guarded, together
):
    """The last thread that the system had went to a task; training has to go on without one."""

    def run():
        with together():
            return fits(12)

    assert guarded(with_few_threads(run, thread_limit, limit)) == alone(12)


def test_without_any_thread_there_is_an_error_and_no_hanging(thread_limit, guarded, threads_left):
    def run():
        with fit_together(n_jobs=1):
            fits(3)

    with pytest.raises(RuntimeError, match="can't start new thread"):
        guarded(with_few_threads(run, thread_limit, 0))
    assert not threads_left()


def test_nested_searches_with_few_threads(thread_limit, guarded):
    """Those who wait for tasks of their own need a thread too."""
    search = GridSearchCV(ours(), {"l2": [0.0, 0.1]}, cv=2)
    expected = cross_val_score(search, *data(), cv=3)

    def run():
        with fit_together(n_jobs=1):
            return cross_val_score(search, *data(), cv=3)

    found = guarded(with_few_threads(run, thread_limit, 6))
    np.testing.assert_array_equal(found, expected)


def test_the_footprint_is_about_what_a_network_holds():
    """It counts the matrix several times, and the data, which a task in front copies."""
    small, wide = problem(), problem(hidden_layer_sizes=(300,))
    assert footprint(wide) > footprint(small) + 4 * 8 * 300 * 4
    X, y = data(1000, 50)
    assert footprint(problem(X, y)) > 2 * X.nbytes
    assert data_bytes(problem(X, y)) >= X.nbytes


def test_rows_of_a_mapped_file_are_not_held(tmp_path):
    X, y = data(1000, 50)
    mapped = np.memmap(tmp_path / "rows", X.dtype, "w+", shape=X.shape)
    mapped[...] = X
    assert data_bytes(problem(mapped, y)) < 0.1 * X.nbytes
    assert footprint(problem(X, y)) - footprint(problem(mapped, y)) == 2 * X.nbytes
