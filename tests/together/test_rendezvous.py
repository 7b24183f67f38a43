"""Whatever tasks do, they meet where they can, get what is theirs, and all come to an end."""

import functools
import sys
import time
from unittest.mock import patch

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.together.meeting import turns

QUICK = {"max_iter": 2, "n_iter_no_change": None, "learning_rate_init": 0.05}
SHAPES = [(2,), (3, 2)]


@pytest.fixture(autouse=True, scope="module")
def restless_threads():
    """Python changes from thread to thread as often as it can, so that races are lost."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@functools.cache
def data(n=24):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def ours(shape, seed=0, **params):
    return MLPRegularizedClassifier(shape, random_state=seed, **{**QUICK, **params})


def fit(shape, seed):
    return ours(shape, seed).fit(*data()).coefs_[-1].tolist()


def fit_twice(shape, seed):
    return fit(shape, seed), fit(shape[::-1], seed + 1)


def fit_wrongly(shape, seed):
    X, y = data()
    try:
        ours(shape, seed).fit(np.full_like(X, np.nan), y)
    except ValueError as error:
        return str(error)


def raise_something(shape, seed):
    try:
        raise KeyError(seed)
    except KeyError as error:
        return str(error)


def sleep(shape, seed):
    time.sleep(0.001 * (1 + seed))
    return seed


def compute(shape, seed):
    return LogisticRegression(C=1.0 + seed, max_iter=5, tol=1e3).fit(*data()).coef_.tolist()


def grid(shape, seed):
    search = GridSearchCV(ours(shape, seed), {"l2": [0.0, 0.1]}, cv=2).fit(*data())
    return [*search.cv_results_["mean_test_score"], search.predict_proba(data()[0]).tolist()]


def nothing(shape, seed):
    return seed


LEAVES = [fit, fit, fit_twice, fit_wrongly, raise_something, sleep, compute, grid, nothing]
leaves = st.tuples(st.sampled_from(LEAVES), st.sampled_from(SHAPES), st.integers(0, 3))
tasks = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=12)
schedules = st.lists(tasks, min_size=1, max_size=6)


@functools.cache
def done(task):
    """What a leaf comes to without any others."""
    function, shape, seed = task
    return function(shape, seed)


def alone(task):
    return done(task) if callable(task[:1] and task[0]) else [alone(each) for each in task]


def perform(task):
    """A leaf is done; a list of tasks is a ``Parallel`` of its own, between two fits."""
    if callable(task[:1] and task[0]):
        function, shape, seed = task
        return function(shape, seed)
    return perform_all(task)


def perform_all(tasks, **params):
    return joblib.Parallel(**params)(joblib.delayed(perform)(task) for task in tasks)


def leaf(seed, shape=SHAPES[0]):
    return (fit, shape, seed)


def assert_ends_as_alone(schedule, guarded, threads_left):
    """And no turn has to become too long for it."""

    def run():
        with fit_together(n_jobs=1), patch.object(turns, "TURN_SECONDS", 1000.0):
            return perform_all(schedule)

    assert guarded(run) == [alone(task) for task in schedule]
    assert not threads_left()


@settings(max_examples=30, deadline=None)
@given(schedule=schedules)
def test_any_schedule_comes_to_the_end_it_would_come_to_alone(schedule, guarded, threads_left):
    assert_ends_as_alone(schedule, guarded, threads_left)


@pytest.mark.soak
@settings(max_examples=300, deadline=None)
@given(schedule=schedules)
def test_many_schedules_do(schedule, guarded, threads_left):
    assert_ends_as_alone(schedule, guarded, threads_left)


# Races are lost now and then: many times over with ``pytest -m soak``.
TIMES = pytest.mark.parametrize("times", [4, pytest.param(20, marks=pytest.mark.soak)])


@settings(max_examples=20, deadline=None)
@given(schedule=schedules, place=st.integers(0, 5), data=st.data())
def test_an_error_in_any_schedule_reaches_the_caller(schedule, place, data, guarded, threads_left):
    def fail(shape, seed):
        raise ArithmeticError("on purpose")

    bad = (fail, SHAPES[0], 0)
    bad = data.draw(st.sampled_from([bad, (bad,), ((fit, SHAPES[0], 0), (bad,))]))
    schedule.insert(min(place, len(schedule)), bad)

    def run():
        with fit_together(n_jobs=1), patch.object(turns, "TURN_SECONDS", 1000.0):
            with pytest.raises(ArithmeticError, match="on purpose"):
                perform_all(schedule)
            return perform_all([leaf(0), leaf(1)])

    assert guarded(run, 15) == [done(leaf(0)), done(leaf(1))], "the next is as good as any"
    assert not threads_left()


def fail():
    raise ArithmeticError("on purpose")


def fit_and_fail():
    fit(SHAPES[0], 0)
    fail()


def search_and_fail():
    joblib.Parallel()([joblib.delayed(fail)()])


@TIMES
@pytest.mark.parametrize("inner", [(fit_twice, SHAPES[1], 1), (leaf(1), leaf(2))], ids=["", "()"])
@pytest.mark.parametrize("failing", [fail, fit_and_fail, search_and_fail])
def test_a_search_that_was_broken_off_leaves_no_turn_taken(inner, failing, times, guarded):
    """Nor a network that others would wait for: its tasks that waited or led are gone."""

    def run():
        with fit_together(n_jobs=1), patch.object(turns, "TURN_SECONDS", 1000.0):
            for _ in range(times):
                tasks = [joblib.delayed(perform)(inner) for _ in range(3)]
                with pytest.raises(ArithmeticError, match="on purpose"):
                    joblib.Parallel()([*tasks, joblib.delayed(failing)()])
                assert perform_all([inner, leaf(3)]) == [alone(inner), done(leaf(3))]

    guarded(run, 15)


@TIMES
def test_a_search_that_is_broken_off_within_another_takes_nothing_from_it(times, guarded):
    """The others' networks are trained although the task that should have done it was cancelled."""

    def broken():
        with pytest.raises(ArithmeticError):
            joblib.Parallel()([*inner, *inner, joblib.delayed(search_and_fail)()])
        return "broken off"

    inner = [joblib.delayed(perform)(leaf(seed)) for seed in (1, 2)]
    whole = (leaf(3), leaf(4), leaf(5))

    def run():
        with fit_together(n_jobs=1), patch.object(turns, "TURN_SECONDS", 1000.0):
            for _ in range(times):
                tasks = [joblib.delayed(broken)(), joblib.delayed(perform)(whole)] * 3
                found = joblib.Parallel()(tasks)
                assert found == ["broken off", alone(whole)] * 3

    guarded(run, 15)


def test_tasks_run_in_the_order_of_their_dispatch_one_at_a_time(together):
    events = []

    def task(number):
        events.append(("begins", number))
        time.sleep(0.001)
        ours((2,), number).fit(*data())
        events.append(("ends", number))
        time.sleep(0.001)
        events.append(("is gone", number))

    with together():
        joblib.Parallel()(joblib.delayed(task)(number) for number in range(5))
    assert events[:5] == [("begins", number) for number in range(5)]
    assert sorted(number for what, number in events[5::2]) == list(range(5))
    for end, gone in zip(events[5::2], events[6::2], strict=True):
        assert (end[0], gone[0]) == ("ends", "is gone")
        assert end[1] == gone[1]


def test_fits_of_several_shapes_and_rounds_meet(together, passes):
    with together():
        perform_all([(fit_twice, SHAPES[number % 2], number) for number in range(6)])
    assert passes == [6, 6]


def test_a_task_with_nothing_to_fit_does_not_keep_the_others_from_meeting(together, passes):
    schedule = [leaf(0), (nothing, (), 0), leaf(1), (compute, (), 0), (sleep, (), 3), leaf(2)]
    with together():
        perform_all(schedule)
    assert passes == [3]
