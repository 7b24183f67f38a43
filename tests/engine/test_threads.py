"""BLAS gets one thread for small products, whatever the process allows for large ones."""

import threading
from contextlib import suppress

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays import threads
from sknnreg.engine.arrays.threads import (
    WORTH_TEAM,
    WORTH_THREADS,
    Team,
    blas_threads,
    team_size,
    usual_threads,
)
from sknnreg.engine.loop import cohort
from sknnreg.estimators.fitted import forward

SMALL, LARGE = WORTH_THREADS - 1, WORTH_THREADS
BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])


def counts():
    """The threads of each BLAS in this process."""
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def all_pthreads():
    """Whether each BLAS is one whose number of threads holds for the whole process."""
    blas = [each for each in threadpool_info() if each["user_api"] == "blas"]
    return bool(blas) and {each.get("threading_layer") for each in blas} == {"pthreads"}


def set_threads(limits):
    """For good, and by a thread that is over then: threadpoolctl listens to one at a time."""
    setter = threading.Thread(target=threadpool_limits, args=(limits, "blas"))
    setter.start()
    setter.join()


@pytest.fixture(autouse=True)
def two_threads():
    """Two threads for every BLAS, on any machine; afterwards all is as it was."""
    before = threadpool_info()
    set_threads(2)
    if set(counts()) != {2}:
        assert not all_pthreads(), "somebody else has set threads and not let go"
        pytest.skip("this BLAS has no threads to limit for the whole process")
    yield
    set_threads(before)


def test_one_thread_for_small_products():
    with blas_threads(SMALL):
        assert set(counts()) == {1}
    assert set(counts()) == {2}


def test_large_products_have_what_there_is():
    with blas_threads(LARGE):
        assert set(counts()) == {2}
    with threadpool_limits(1, user_api="blas"), blas_threads(LARGE):
        assert set(counts()) == {1}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_gives_the_threads_back(error):
    def fail():
        with blas_threads(SMALL):
            assert set(counts()) == {1}
            raise error

    with pytest.raises(error):
        fail()
    assert set(counts()) == {2}
    with blas_threads(SMALL):  # and is no trouble for the next
        assert set(counts()) == {1}
    assert set(counts()) == {2}


def test_one_within_another():
    """A fit inside a fit's callback, say: the outer one still has its single thread."""
    with blas_threads(SMALL):
        with blas_threads(SMALL):
            assert set(counts()) == {1}
        assert set(counts()) == {1}
        with blas_threads(LARGE):
            assert set(counts()) == {1}
        assert set(counts()) == {1}
    assert set(counts()) == {2}


@pytest.mark.parametrize("first_out", ["first in", "last in"])
@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("ends", [False, True], ids=["thread lives on", "thread ends"])
def test_overlapping_holders_restore_at_the_last_exit(first_out, failing, ends):
    """Whoever came first or goes first, by the front door or by an exception."""
    inside, leave, outside = ([threading.Event() for _ in range(2)] for _ in range(3))
    over = threading.Event()

    def hold(number):
        with suppress(ArithmeticError), blas_threads(SMALL):
            inside[number].set()
            leave[number].wait(30)
            if failing:
                raise ArithmeticError
        outside[number].set()
        if not ends:
            over.wait(30)

    holders = [threading.Thread(target=hold, args=(number,)) for number in range(2)]
    found = []
    for number, holder in enumerate(holders):
        holder.start()
        assert inside[number].wait(30)
        found.append(set(counts()))
    for number in (0, 1) if first_out == "first in" else (1, 0):
        leave[number].set()
        assert outside[number].wait(30)
        if ends:
            holders[number].join()
        found.append(set(counts()))
    over.set()
    for holder in holders:
        holder.join()
    assert found == [{1}, {1}, {1}, {2}]


def data(n=200, n_features=100):
    X = np.random.default_rng(0).normal(size=(n, n_features))
    return X, (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)


def fit(Estimator, sample_weight=None, **settings):
    settings = {
        "hidden_layer_sizes": (100,),
        "batch_size": 200,
        "max_iter": 5,
        "n_iter_no_change": None,
        "early_stopping": True,
        "random_state": 0,
        **settings,
    }
    return Estimator(**settings).fit(*data(), sample_weight)


@BOTH
@pytest.mark.parametrize(
    "settings",
    [{}, {"solver": "lbfgs"}, {"normalization": "batch"}, {"batch_size": 50}],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_small_fit_has_the_same_bits_for_any_number_of_threads(Estimator, settings, weighted):
    """Just small enough: 180 rows times 100 x 100 weights, which two threads would share."""
    weight = np.random.default_rng(1).random(200) if weighted else None
    found = []
    for limit in (1, 2):
        with threadpool_limits(limit):
            est = fit(Estimator, weight, **settings)
            found.append([*est.coefs_, *est.intercepts_, est.predict(data()[0])])
            assert set(counts()) == {limit}, "what the user has set stays"
    for one, two in zip(*found, strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize(
    ("settings", "product"),
    [
        ({"batch_size": 50}, 50 * 10_000),
        ({"batch_size": 1000}, 180 * 10_000),  # no more than there are
        ({"solver": "lbfgs"}, 180 * 10_000),
        ({"hidden_layer_sizes": (10, 200), "batch_size": 50}, 50 * 2000),
    ],
    ids=str,
)
def test_the_largest_product_of_a_step_decides(settings, product, monkeypatch):
    """Rows of a batch times numbers of the largest weight; 180 of 200 rows are trained on."""
    for worth, inside in ((product + 1, 1), (product, 2)):
        monkeypatch.setattr(threads, "WORTH_THREADS", worth)
        seen = []

        def score(estimator, X, y, seen=seen):
            seen.extend(counts())
            return 0.0

        fit(MLPRegularizedClassifier, early_stopping_scoring=score, **settings)
        assert set(seen) == {inside}
        assert set(counts()) == {2}


@BOTH
def test_pieces_of_a_prediction_share_the_cores_with_one_blas_thread_each(Estimator, monkeypatch):
    """Where a piece's largest product, of 655 rows here and a weight of 100 x 100, is worth it."""
    est, seen, teams = fit(Estimator), [], []

    def look(raw):
        seen.append(set(counts()))
        return raw[:, 0].copy()

    monkeypatch.setattr(forward, "Team", lambda n: teams.append(n) or Team(n))
    X, found = np.tile(data()[0], (10, 1)), []
    for worth in (655 * 10_000 + 1, 655 * 10_000):
        monkeypatch.setattr(threads, "WORTH_THREADS", worth)
        found.append(est._predict_into(X, look, None))
        assert set(counts()) == {2}
    assert seen == [{1}] * 8, "four pieces, twice"
    assert teams == [2], "the second time"
    np.testing.assert_array_equal(*found)


@BOTH
def test_a_fit_that_fails_gives_the_threads_back(Estimator):
    def score(estimator, X, y):
        raise ArithmeticError("no score today")

    with pytest.raises(ArithmeticError):
        fit(Estimator, early_stopping_scoring=score)
    assert set(counts()) == {2}


@BOTH
def test_a_prediction_that_is_broken_off_gives_the_threads_back(Estimator):
    """Also while the exception, and with it the frame it came from, is still looked at."""
    est = fit(Estimator)

    def broken(raw):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        est._predict_into(data()[0], broken, None)
    assert set(counts()) == {2}, caught


def test_large_arrays_are_shared_out_among_as_many_threads_as_blas_has():
    assert [team_size(n) for n in (WORTH_TEAM - 1, WORTH_TEAM)] == [1, 2]
    with blas_threads(SMALL):
        assert team_size(WORTH_TEAM) == 1
    with threadpool_limits(1, user_api="blas"):
        assert team_size(WORTH_TEAM) == 1


def test_the_usual_number_is_known_while_networks_limit_it():
    """What another process is to have, so that transformers round there as they do here."""
    with blas_threads(SMALL), blas_threads(SMALL):
        assert set(counts()) == {1}
        assert usual_threads() == 2
    assert usual_threads() == 2
    with threadpool_limits(1, user_api="blas"):
        assert usual_threads() == 1


def test_a_team_does_all_there_is_to_do_before_it_raises():
    done, gate = [], threading.Event()

    def late():
        gate.wait(10)
        done.append("late")

    def fails():
        gate.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Team(3).run([fails, late, late])
    assert done == ["late"] * 2
    with pytest.raises(ZeroDivisionError):
        Team(2).run([lambda: None, lambda: 1 / 0])


def test_a_team_ends_with_its_training():
    before = set(threading.enumerate())
    team = Team(3)
    team.run([lambda: None] * 3)
    members = set(threading.enumerate()) - before
    assert members
    del team
    for thread in members:
        thread.join(10)
    assert not any(thread.is_alive() for thread in members)


@BOTH
def test_networks_have_the_same_bits_by_any_number_of_threads(Estimator, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    model = Estimator((30,), l1=0.01, l2=0.1, clip_norm=1.0, batch_size=20, max_iter=5,
                      n_iter_no_change=None, random_state=0)  # fmt: skip
    expected = model.fit(X, y).predict(X)
    for n_threads in (2, 4):
        monkeypatch.setattr(cohort, "team_size", lambda _, n=n_threads: n)
        assert np.array_equal(model.fit(X, y).predict(X), expected)
