"""``fit_together`` as a context, and as the backend of joblib that it puts in place."""

import asyncio
import multiprocessing
import threading
import warnings

import joblib
import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV, cross_val_score

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.together import TogetherBackend, current_label

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 2, "n_iter_no_change": None,
         "learning_rate_init": 0.05}  # fmt: skip


def data(n=24):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def fit(seed):
    return MLPRegularizedClassifier(**QUICK, random_state=seed).fit(*data()).loss_


def fits(n, first=0, **params):
    return joblib.Parallel(**params)(joblib.delayed(fit)(first + seed) for seed in range(n))


def scores(**params):
    est = MLPRegularizedClassifier(**QUICK, random_state=0)
    return cross_val_score(est, *data(), cv=4, **params)


def backend():
    return type(joblib.parallel.get_active_backend()[0])


def test_outside_nothing_has_changed(passes):
    before = backend()
    with fit_together():
        assert backend() is TogetherBackend
    assert backend() is before
    scores()
    assert not passes


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt])
def test_an_error_puts_back_what_was_there(error):
    before = backend()
    with pytest.raises(error), fit_together():
        raise error
    assert backend() is before


def test_a_single_fit_trains_alone(passes):
    with fit_together():
        assert fit(0) == fit(0)
    assert not passes


def test_one_within_another(passes):
    expected = scores()
    with fit_together(n_jobs=1):
        with fit_together(n_jobs=1):
            np.testing.assert_array_equal(scores(), expected)
        np.testing.assert_array_equal(scores(), expected)
    assert passes == [4, 4]


def test_one_object_may_be_entered_again_and_within_itself(passes):
    expected, context, before = scores(), fit_together(n_jobs=1), backend()
    for _ in range(2):
        with context:
            with context:
                np.testing.assert_array_equal(scores(), expected)
            assert backend() is TogetherBackend
            np.testing.assert_array_equal(scores(), expected)
        assert backend() is before
    assert passes == [4] * 4


def test_one_within_a_task(passes, guarded):
    """The inner tasks meet one another."""

    def task(first):
        with fit_together(n_jobs=1):
            return fits(3, first)

    def run():
        with fit_together(n_jobs=1):
            return joblib.Parallel()(joblib.delayed(task)(first) for first in (0, 3))

    assert guarded(run) == [fits(3), fits(3, 3)]
    assert passes == [3, 3]


@pytest.mark.parametrize("shared", [False, True])
def test_two_threads_at_the_same_time(shared, guarded, passes):
    one = fit_together(n_jobs=1)
    barrier, found = threading.Barrier(2), {}

    def run(number):
        with one if shared else fit_together(n_jobs=1):
            barrier.wait(30)
            found[number] = [fits(6, number) for _ in range(5)]
            barrier.wait(30)
            assert backend() is TogetherBackend

    def both():
        threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    guarded(both)
    assert found == {number: [fits(6, number)] * 5 for number in (0, 1)}
    assert passes == [6] * 10


def test_a_thread_beside_the_context_is_not_in_it(passes):
    with fit_together():
        thread = threading.Thread(target=scores)
        thread.start()
        thread.join()
    assert not passes


@pytest.mark.parametrize("params", [{}, {"n_jobs": 2}, {"max_memory": 1e9}], ids=str)
def test_the_backend_by_its_name(params, passes):
    expected = scores()
    with parallel_config(backend="together", **params):
        np.testing.assert_array_equal(scores(), expected)
        np.testing.assert_array_equal(fits(3), fits(3, n_jobs=1))
    assert passes == [4, 3]
    np.testing.assert_array_equal(fits(5, backend="together"), fits(5))
    assert passes == [4, 3, 5]


@pytest.mark.parametrize("n_jobs", [-1, 2, 100])
def test_any_number_of_jobs_is_as_good_as_none(n_jobs, passes):
    with fit_together(n_jobs=1):
        scores(n_jobs=n_jobs)
    assert passes == [4]


def test_one_job_is_one_after_the_other(passes):
    expected = scores()
    with fit_together():
        np.testing.assert_array_equal(scores(n_jobs=1), expected)
    with parallel_config(backend="together", n_jobs=1):
        np.testing.assert_array_equal(scores(), expected)
    assert not passes


def test_no_jobs_have_no_meaning():
    with fit_together(), pytest.raises(ValueError, match="n_jobs == 0 in Parallel has no meaning"):
        fits(3, n_jobs=0)


def test_another_backend_of_a_tool_is_respected(passes):
    with fit_together():
        assert fits(3, backend="threading", n_jobs=2) == fits(3, n_jobs=1)
    assert not passes


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"max_memory": 0}, ValueError, r"max_memory=0 must be a number of bytes above 0"),
        ({"max_memory": -1e9}, ValueError, r"max_memory=-1000000000\.0 must be"),
        ({"max_memory": float("nan")}, ValueError, "max_memory=nan must be"),
        ({"max_memory": "a lot"}, (TypeError, ValueError), "max_memory|'a lot'|'>'|str"),
        ({"n_jobs": 0}, ValueError, "n_jobs=0 must be the number of cores or workers, at least 1"),
        ({"n_jobs": -2}, ValueError, "n_jobs=-2 must be"),
        ({"backend": "loky", "n_jobs": 0}, ValueError, "n_jobs=0 must be"),
        ({"backend": "carrier pigeons"}, ValueError, "carrier pigeons"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_on_entering(params, error, message):
    before, context = backend(), fit_together(**params)
    with pytest.raises(error, match=message), context:
        pytest.fail("it was let in")
    assert backend() is before


@pytest.mark.parametrize("n_jobs", [None, -1, 1, 3])
def test_what_can_be_is_let_in(n_jobs):
    with fit_together(n_jobs=n_jobs, max_memory=1):
        assert fits(3) == fits(3, n_jobs=1)


def test_results_can_be_had_as_a_generator(passes, guarded):
    def run():
        with fit_together(n_jobs=1):
            return [*fits(5, return_as="generator")], sorted(
                fits(5, return_as="generator_unordered")
            )

    assert guarded(run) == (fits(5), sorted(fits(5)))
    assert passes == [5, 5]


@pytest.mark.parametrize("n_read", [0, 1, 3])
def test_a_generator_that_is_closed_early_leaves_no_threads(n_read, threads_left, guarded):
    def run():
        with fit_together(n_jobs=1):
            generator = fits(9, return_as="generator")
            found = [next(generator) for _ in range(n_read)]
            generator.close()
            return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib may say what has not been used
        assert guarded(run) == fits(n_read)
    assert not threads_left()


def test_two_generators_side_by_side(guarded):
    def run():
        with fit_together(n_jobs=1):
            one, other = fits(4, return_as="generator"), fits(4, 4, return_as="generator")
            first = next(one)
            between = fits(3)
            return [first, *one], between, list(other)

    assert guarded(run) == (fits(4), fits(3), fits(4, 4))


def test_tasks_may_come_from_a_search(guarded):
    """The generator of the tasks calls ``Parallel`` itself while they are dispatched."""

    def run():
        with fit_together(n_jobs=1):
            return joblib.Parallel()(
                joblib.delayed(sum)([*fits(2, seed), fit(seed)]) for seed in range(3)
            )

    assert guarded(run) == [sum([*fits(2, seed), fit(seed)]) for seed in range(3)]


def test_a_time_limit_ends_a_call(threads_left, guarded):
    never = threading.Event()

    def task(seed):
        never.wait(30)
        return fit(seed)

    def run():
        with fit_together(n_jobs=1):
            joblib.Parallel(timeout=0.1)(joblib.delayed(task)(seed) for seed in range(2))

    with pytest.raises(multiprocessing.TimeoutError):
        guarded(run)
    never.set()
    assert not threads_left()


def test_labels_number_the_tasks():
    def label(network):
        return current_label()

    def outer(network):
        inner = joblib.Parallel()(joblib.delayed(label)(network) for _ in "ab")
        return current_label(), inner

    assert current_label() == ""
    with fit_together(n_jobs=1):
        network = MLPRegularizedClassifier()
        found = joblib.Parallel()(joblib.delayed(outer)(network) for _ in range(2))
        assert current_label() == ""
    assert found == [("1", ["1.1", "1.2"]), ("2", ["2.1", "2.2"])]


def test_a_search_given_one_job_within_one_that_is_not(passes):
    est = MLPRegularizedClassifier(**QUICK, random_state=0)
    search = GridSearchCV(est, {"l2": [0.0, 0.1]}, cv=2, n_jobs=1)
    expected = cross_val_score(search, *data(), cv=3)
    with fit_together(n_jobs=1):
        np.testing.assert_array_equal(cross_val_score(search, *data(), cv=3), expected)
    assert passes == [3] * 5


def test_a_block_is_left_in_the_thread_that_entered_it(guarded):
    before, context = backend(), fit_together()
    with pytest.raises(RuntimeError, match="not entered"):
        context.__exit__(None, None, None)
    context.__enter__()

    def leave():
        with pytest.raises(RuntimeError, match="belongs to its thread"):
            context.__exit__(None, None, None)

    guarded(leave)
    assert backend() is TogetherBackend
    context.__exit__(None, None, None)
    assert backend() is before
    with pytest.raises(RuntimeError, match="not entered"):
        context.__exit__(None, None, None)


def test_blocks_that_interleave_are_told_of_and_leave_nothing_behind():
    before = backend()

    async def block(begins, ends):
        with fit_together(n_jobs=1):
            begins.set()
            await ends.wait()
            assert backend() is TogetherBackend

    async def interleaved():
        events = [asyncio.Event() for _ in range(4)]
        first = asyncio.create_task(block(events[0], events[1]))
        await events[0].wait()
        second = asyncio.create_task(block(events[2], events[3]))
        await events[2].wait()
        events[1].set()
        with pytest.raises(RuntimeError, match=r"asyncio\.to_thread"):
            await first
        events[3].set()
        await second

    asyncio.run(interleaved())
    assert backend() is before


def test_a_block_in_a_thread_of_asyncios_is_one_like_any_other(passes):
    def search():
        with fit_together(n_jobs=1):
            return scores()

    async def both():
        with fit_together():  # which is not the other thread's
            await asyncio.to_thread(scores)
        assert not passes
        return await asyncio.gather(asyncio.to_thread(search), asyncio.to_thread(search))

    for found in asyncio.run(both()):
        np.testing.assert_array_equal(found, scores())
    assert passes == [4, 4]


@pytest.mark.parametrize("ends", ["timeout", "close", "throw"])
def test_a_task_that_breaks_off_reading_has_its_turn_again(ends, passes, guarded):
    """Its later fits meet those of the others."""
    never = threading.Event()

    def slow(seed):
        never.wait(0.1)
        return fit(seed)

    def read(first):
        params = {"timeout": 0.05} if ends == "timeout" else {"return_as": "generator"}
        found = joblib.Parallel(**params)(joblib.delayed(slow)(first + i) for i in range(2))
        next(found)
        if ends == "throw":
            found.throw(multiprocessing.TimeoutError)
        found.close()
        raise multiprocessing.TimeoutError

    def task(number):
        with pytest.raises(multiprocessing.TimeoutError):
            read(number)
        return fit(number)

    def run():
        with fit_together(n_jobs=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return joblib.Parallel()(joblib.delayed(task)(number) for number in range(3))

    assert guarded(run) == fits(3)
    # Without a turn it would train beside all passes.
    assert sum(passes) == (3 if ends == "timeout" else 9)
