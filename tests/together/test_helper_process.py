"""The process that trains for another one: what it is asked and answers, and when it ends."""

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import joblib
import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.engine.loop import service
from sknnreg.engine.loop.training import train
from sknnreg.together import parallel_call
from sknnreg.together.trainers import helper_process, local_trainer
from sknnreg.together.trainers.helper_process import HelperProcess
from sknnreg.together.trainers.process_pool import POOL, ProcessPool

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 4, "n_iter_no_change": None,
         "learning_rate_init": 0.05}  # fmt: skip


def data(n=24):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def problem(seed=0, **settings):
    est = MLPRegularizedClassifier(**{**QUICK, "random_state": seed, **settings})
    planned = est._plan((*data(), None), max_iter=est.max_iter)
    prepared, plan = planned.prepared, planned.recipe
    return prepared.problem(plan)


def numbers(results):
    return [(each.values.tolist(), each.history.loss) for each in results]


class Explosive:
    """Cannot be read: reading it fails in the midst of what was sent."""

    def __reduce__(self):
        return exec, ("raise MemoryError('too much')",)


def answers_to(requests):
    """All that a process answers to requests, if those that came before its input ended count."""
    questions = io.BytesIO(b"".join(pickle.dumps(each) for each in requests))
    answers, ended = io.BytesIO(), threading.Event()
    service.serve(questions, answers, ended.set)
    # Behind a request that cannot be read nothing more is read, the end included.
    readable = not any(isinstance(part, Explosive) for each in requests for part in each)
    assert not readable or ended.wait(30)
    found, answers = [], io.BytesIO(answers.getvalue())
    while answers.tell() < len(answers.getvalue()):
        found.append(pickle.load(answers))
    return found


def test_every_request_has_its_answer():
    requests = [[problem(0), problem(1)], [problem(2)]]
    found = answers_to(requests)
    assert [error for _, error in found] == [None, None]
    assert [numbers(results) for results, _ in found] == [
        numbers(train(request)) for request in requests
    ]


def test_what_fails_is_answered_with_its_error_and_the_next_is_as_good_as_any():
    """Networks of two structures cannot train in one stack."""
    unequal = [problem(), problem(hidden_layer_sizes=(4,))]
    failed, good = answers_to([unequal, [problem(5)]])
    assert failed[0] is None
    assert "structure" in str(failed[1])
    assert numbers(good[0]) == numbers(train([problem(5)]))


def test_a_request_that_cannot_be_read_does_not_shift_the_answers_to_others():
    """Half a request is left in the pipe: no answer, or one error, but not one for each rest."""
    unreadable = [Explosive(), np.arange(1 << 14)]
    found = answers_to([[problem(1)], unreadable, [problem(2)]])
    assert numbers(found[0][0]) == numbers(train([problem(1)]))
    assert all(results is None for results, _ in found[1:2])
    assert len(found) <= 3
    if len(found) == 3:
        assert numbers(found[2][0]) == numbers(train([problem(2)]))


# By its path, as searches start it: nothing but the engine is imported.
PROGRAM = """
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("service", {path!r})
service = module_from_spec(spec)
spec.loader.exec_module(service)
service.IDLE_SECONDS = {seconds}
service.main()
"""


def run_service(seconds):
    served = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(path=service.__file__, seconds=seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    pickle.dump(sys.path, served.stdin)
    served.stdin.flush()
    return served


def test_it_ends_by_itself_once_it_has_no_work():
    with run_service(0.1) as served:
        assert served.wait(60) == 0
        assert not served.stdin.closed, "which is open all the time"


@pytest.mark.slow
def test_it_only_ends_for_lack_of_work_while_it_has_none():
    work = pickle.dumps([problem(max_iter=10_000)])
    with run_service(0.3) as served:
        served.stdin.write(work)
        served.stdin.flush()
        results, error = pickle.load(served.stdout)
        assert error is None
        assert results[0].history.stop_reason == "max_iter"
        assert served.wait(60) == 0


@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_the_one_it_works_for(busy):
    with run_service(3600.0) as served:
        if busy:
            for work in (problem(), problem(max_iter=10**9)):
                pickle.dump([work], served.stdin)
            served.stdin.flush()
            pickle.load(served.stdout)
            time.sleep(0.1)  # it has begun the second, or is about to
        served.stdin.close()
        assert served.wait(60) == 0


@pytest.fixture
def helper():
    each = HelperProcess()
    yield each
    each.close()


def test_it_trains_to_the_same_bits(helper):
    for given in ([problem(0)], [problem(1), problem(2)], [problem(3, solver="lbfgs")]):
        assert numbers(helper.train(given)) == numbers(train(given))
    assert helper.alive


def test_it_raises_what_training_raises_and_lives_on(helper):
    with pytest.raises(ValueError, match="structure"):
        helper.train([problem(), problem(hidden_layer_sizes=(4,))])
    assert helper.alive
    assert numbers(helper.train([problem(7)])) == numbers(train([problem(7)]))


def test_what_cannot_be_pickled_leaves_nothing_in_the_pipe(helper):
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        helper.train([problem(), threading.Lock()])
    assert numbers(helper.train([problem(7)])) == numbers(train([problem(7)]))


def test_an_answer_that_was_not_read_is_not_taken_for_the_next_one(helper, monkeypatch):
    """What fails while reading leaves an answer behind; better no process than a wrong network."""

    def fail(*args):
        raise MemoryError("no room for the answer")

    with monkeypatch.context() as patch:
        patch.setattr(helper_process.pickle, "load", fail)
        with pytest.raises(MemoryError):
            helper.train([problem(1)])
    try:
        found = helper.train([problem(2)])
    except (OSError, EOFError):
        assert not helper.alive
    else:
        assert numbers(found) == numbers(train([problem(2)]))


def test_a_killed_one_is_found_dead(helper):
    helper.kill()
    helper.kill()
    assert not helper.alive
    with pytest.raises((OSError, EOFError)):
        helper.train([problem()])


def test_the_pool_hands_out_idle_ones_first():
    pool = ProcessPool()
    try:
        pool.prepare(1)
        first = pool.take()
        second = pool.take()
        assert first is not second
        pool.give_back(first)
        pool.give_back(None)
        assert pool.take() is first
        pool.give_back(second)
        pool.give_back(first)
        pool.prepare(2)
        assert {pool.take(), pool.take()} == {first, second}, "there were as many already"
    finally:
        for each in (first, second):
            pool.give_back(each)
        pool.close()
    assert not first.alive
    assert not second.alive


def test_the_pool_drops_the_dead():
    pool = ProcessPool()
    try:
        first = pool.take()
        first.kill()
        pool.give_back(first)
        second = pool.take()
        assert second is not first
        assert second.alive
        pool.give_back(second)
        second.kill()  # while it is idle
        third = pool.take()
        assert third not in (first, second)
        assert third.alive
        pool.give_back(third)
    finally:
        pool.close()


def test_the_next_search_finds_the_processes_of_the_last(monkeypatch):
    monkeypatch.setattr(local_trainer, "WORTH_A_CORE", 1e-9)
    POOL.close()
    pids = []
    for _ in range(3):
        with fit_together(n_jobs=2):
            search(8)
        pids.append([each._process.pid for each in POOL._idle])
    assert pids == [pids[0]] * 3
    assert len(pids[0]) == 1


def fit(seed):
    return MLPRegularizedClassifier(**QUICK, random_state=seed).fit(*data()).loss_


def search(n):
    return joblib.Parallel()(joblib.delayed(fit)(seed) for seed in range(n))


def test_processes_are_not_started_for_little_work(monkeypatch):
    POOL.close()
    monkeypatch.setattr(
        helper_process.subprocess, "Popen", lambda *args, **params: pytest.fail("started")
    )
    with fit_together(n_jobs=4):
        search(8)


@pytest.mark.parametrize("executable", ["", None, "/no/such/python"])
def test_where_python_does_not_know_itself_all_is_trained_here(executable, monkeypatch, guarded):
    """As in an application that embeds it."""
    POOL.close()
    monkeypatch.setattr(local_trainer, "WORTH_A_CORE", 1e-9)
    monkeypatch.setattr(sys, "executable", executable)

    def task(seed):
        try:
            return fit(seed)
        except Exception as error:
            return repr(error)

    def run():
        with fit_together(n_jobs=2):
            return joblib.Parallel()(joblib.delayed(task)(seed) for seed in range(8))

    assert guarded(run) == [fit(seed) for seed in range(8)]


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process")
def test_an_interrupt_for_it_alone_cuts_no_network_short(helper):
    helper.train([problem()])
    interrupt = threading.Timer(0.1, os.kill, (helper._process.pid, signal.SIGINT))
    interrupt.start()
    (result,) = helper.train([problem(max_iter=8_000)])
    interrupt.join()
    assert result.history.stop_reason == "max_iter"
    assert len(result.history.loss) == 8_000
    assert helper.alive


@pytest.fixture
def own_pool(monkeypatch):
    """A pool that this test may spoil, and the starts of processes."""
    pool, starts, start = ProcessPool(), [], subprocess.Popen

    def counted(*args, **params):
        starts.append(start(*args, **params))
        return starts[-1]

    monkeypatch.setattr(helper_process.subprocess, "Popen", counted)
    monkeypatch.setattr(local_trainer, "WORTH_A_CORE", 1e-9)
    for room in (local_trainer, parallel_call):
        monkeypatch.setattr(room, "POOL", pool)
    yield pool, starts
    pool.close()


def test_a_frozen_application_is_not_started_anew(own_pool, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(OSError, match="executable"):
        HelperProcess()
    with fit_together(n_jobs=2):
        assert search(8) == [fit(seed) for seed in range(8)]
    assert not own_pool[1]


def test_what_cannot_work_is_tried_once_and_told_of_once(own_pool, monkeypatch, tmp_path, capfd):
    broken = tmp_path / "service.py"
    broken.write_text("import sys; sys.exit('no engine here')")
    monkeypatch.setattr(helper_process, "service", SimpleNamespace(__file__=str(broken)))
    expected = [fit(seed) for seed in range(8)]
    with fit_together(n_jobs=2):
        with pytest.warns(RuntimeWarning, match=r"service.py ended with exit code 1"):
            assert search(8) == expected
        for _ in range(3):
            assert search(8) == expected
    assert len(own_pool[1]) == 1
    assert capfd.readouterr() == ("", "")


def test_one_that_was_killed_is_not_taken_for_broken(own_pool):
    _, starts = own_pool
    with fit_together(n_jobs=2):
        for n_starts in (1, 2, 3):
            search(8)
            assert len(starts) == n_starts
            starts[-1].kill()
            starts[-1].wait()


def test_one_that_cannot_be_told_where_to_import_from_is_ended(own_pool, monkeypatch):
    def fail(self, content):
        raise BrokenPipeError("gone")

    monkeypatch.setattr(HelperProcess, "_send", fail)
    with pytest.raises(BrokenPipeError):
        HelperProcess()
    (process,) = own_pool[1]
    assert process.returncode is not None
    assert process.stdin.closed
    assert process.stdout.closed
